"""Rates: programs are stopped, people lose nothing, and a broken counter shuts nobody out."""

import re

import pytest
from django.core.cache import cache
from django.test import RequestFactory
from django.urls import NoReverseMatch, reverse
from redis.exceptions import ConnectionError as RedisConnectionError

from provisioning.models import AuditEntry, Order
from provisioning.pages.middleware import limits
from tests import cast

pytestmark = pytest.mark.django_db
SEARCH = {
    "action": "search_person",
    "person_search": "Folke",
    "need": "Ett <behov> & mer",
    "units": ["a", "b"],
}


@pytest.fixture(autouse=True)
def _frozen_window(monkeypatch):
    """The stretch of time does not end in the middle of a test."""
    monkeypatch.setattr(limits.time, "time", lambda: 1_800_000_000.0)


def test_each_limited_page_exists():
    for name in {**limits.WHEN_FAILED, **limits.WHEN_SENT}:
        try:
            reverse(name)
        except NoReverseMatch:
            pytest.fail(f"no page is called {name}")


def test_too_many_searches_give_a_page_that_keeps_everything(enter, settings):
    settings.LIMIT_SEARCHES_PER_MINUTE = 2
    client = enter(cast.HEAD)
    for _time in range(2):
        assert client.post("/bestall/", SEARCH).status_code == 200
    response = client.post("/bestall/", SEARCH)
    assert response.status_code == 429
    assert 0 < int(response["Retry-After"]) <= 61
    assert "no-store" in response["Cache-Control"]
    page = response.content.decode()
    held = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page.split("<main")[1])
    assert ("need", "Ett &lt;behov&gt; &amp; mer") in held
    assert [value for name, value in held if name == "units"] == ["a", "b"]
    assert "csrfmiddlewaretoken" in dict(held)
    assert 'action="/bestall/"' in page

    settings.LIMIT_SEARCHES_PER_MINUTE = 10  # time has passed
    assert client.post("/bestall/", SEARCH).status_code == 200


def test_too_many_orders_place_none(enter, settings):
    settings.LIMIT_ORDERS_PER_HOUR = 1
    client = enter(cast.HEAD)
    client.post("/bestall/", {"action": "send"})
    assert client.post("/bestall/", {"action": "send"}).status_code == 429
    assert client.post("/bestall/", SEARCH).status_code == 200  # each kind has its own count
    assert not Order.objects.exists()


def test_looking_at_pages_is_not_limited(enter, settings):
    settings.LIMIT_SEARCHES_PER_MINUTE = 1
    client = enter(cast.HEAD)
    assert [client.get("/bestall/").status_code for _time in range(4)] == [200] * 4


def test_one_person_does_not_use_up_anothers(enter, settings):
    settings.LIMIT_SEARCHES_PER_MINUTE = 1
    first, second = enter(cast.HEAD), enter(cast.HEAD_ABOVE)
    first.post("/bestall/", SEARCH)
    assert first.post("/bestall/", SEARCH).status_code == 429
    assert second.post("/bestall/", SEARCH).status_code == 200


def test_log_ins_are_counted_by_address(client, directory, settings):
    settings.LIMIT_LOGINS_PER_MINUTE = 2
    for _time in range(2):
        assert client.post("/demo/login/", {"person": "nobody"}).status_code == 400
    assert client.post("/demo/login/", {"person": "nobody"}).status_code == 429
    assert client.post("/demo/login/", {"person": "nobody"}, REMOTE_ADDR="192.0.2.7").status_code == 400


def test_log_ins_that_succeed_or_are_only_begun_lock_nobody_out(client, directory, settings):
    settings.LIMIT_LOGINS_PER_MINUTE = 2
    for _time in range(5):
        client.logout()
        assert client.post("/demo/login/", {"person": cast.HEAD.text}).status_code == 302


def test_the_answer_to_an_own_attempt_is_heard_behind_a_locked_address(client, settings):
    settings.LIMIT_LOGINS_PER_MINUTE = 0
    request = RequestFactory().get("/logga-in/svar/", {"state": "known"})
    request.session = {"oidc.attempts": {"known": {}}}
    assert limits._answers_an_attempt(request)
    request = RequestFactory().get("/logga-in/svar/", {"state": "guessed"})
    request.session = {"oidc.attempts": {"known": {}}}
    assert not limits._answers_an_attempt(request)


def test_being_stopped_is_a_fact_once(enter, settings):
    settings.LIMIT_SEARCHES_PER_MINUTE = 1
    client = enter(cast.HEAD)
    for _time in range(5):
        client.post("/bestall/", SEARCH)
    entry = AuditEntry.objects.get(action="refused")
    assert entry.data == {"code": "limit.search"}
    assert entry.actor_id == cast.HEAD.folded


def test_a_counter_that_does_not_answer_shuts_nobody_out(enter, settings, monkeypatch):
    settings.LIMIT_SEARCHES_PER_MINUTE = 1
    client = enter(cast.HEAD)

    def down(*args, **kwargs):
        raise RedisConnectionError("refused")

    monkeypatch.setattr(limits.cache, "add", down)
    assert [client.post("/bestall/", SEARCH).status_code for _time in range(3)] == [200] * 3


def test_a_new_stretch_of_time_begins_anew(enter, settings, monkeypatch):
    settings.LIMIT_SEARCHES_PER_MINUTE = 1
    client = enter(cast.HEAD)
    client.post("/bestall/", SEARCH)
    assert client.post("/bestall/", SEARCH).status_code == 429
    monkeypatch.setattr(limits.time, "time", lambda: 1_800_000_060.0)
    assert client.post("/bestall/", SEARCH).status_code == 200


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.9", "192.0.2.1"),  # nobody of ours stands in front: the header is hearsay
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),  # the caller wrote the first one
        (2, "198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (2, "203.0.113.9", "192.0.2.1"),
        (1, "", "192.0.2.1"),
        (1, "nonsense", "unknown"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
    ],
)
def test_the_callers_address_is_what_our_own_proxy_saw(proxies, forwarded, expected, settings):
    settings.TRUSTED_PROXIES = proxies
    headers = {"HTTP_X_FORWARDED_FOR": forwarded} if forwarded else {}
    request = RequestFactory().get("/", REMOTE_ADDR="192.0.2.1", **headers)
    assert limits.client_address(request) == expected


def test_keys_hold_neither_person_nor_address(enter, client, settings):
    enter(cast.HEAD).post("/bestall/", SEARCH)
    client.post("/demo/login/", {"person": "x"}, REMOTE_ADDR="192.0.2.77")
    keys = " ".join(cache._cache)
    assert "limit.search" in keys
    assert "limit.login" in keys
    assert cast.HEAD.folded not in keys
    assert "192.0.2.77" not in keys
