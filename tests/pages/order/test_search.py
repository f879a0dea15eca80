"""The directory is no telephone book: who searches, how much is found, and who is told."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from provisioning.directory import open_directory
from provisioning.models import AuditEntry
from provisioning.pages.middleware import limits
from provisioning.pages.order import choices
from provisioning.rules.hsa import HsaId
from tests import cast
from tests.mandates import delegating
from tests.pages.reading import beside, form_of, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _frozen_window(monkeypatch):
    monkeypatch.setattr(limits.time, "time", lambda: 1_800_000_000.0)


def search(client, text, action="search_person"):
    return client.post(reverse("order"), {"action": action, "person_search": text})


@pytest.mark.parametrize("person", [cast.COORDINATOR, cast.OUTSIDER, cast.AUDITOR])
@pytest.mark.parametrize("text", ["Demo", cast.DOCTOR.text])
def test_who_orders_for_themselves_searches_nobody(enter, person, text):
    client = enter(person)
    assert "person_search" not in form_of(client.get(reverse("order")))
    answer = search(client, text)
    assert answer.status_code == 400
    assert cast.DOCTOR.text not in answer.content.decode().replace(f'value="{text}"', "")
    assert "order for yourself" in beside(answer, "person_search")


@pytest.mark.parametrize("person", [cast.HEAD, cast.HEAD_ABOVE, cast.KIV_ADMINISTRATOR])
def test_who_has_units_of_their_own_searches(enter, person):
    client = enter(person)
    assert "person_search" in form_of(client.get(reverse("order")))
    assert cast.DOCTOR.text in search(client, cast.DOCTOR.text).content.decode()


def test_a_delegate_searches_for_as_long_as_the_delegation_lasts(enter):
    client = enter(cast.DELEGATE)
    assert search(client, cast.DOCTOR.text).status_code == 400
    delegating.give()
    assert search(client, cast.DOCTOR.text).status_code == 200


def test_the_service_desk_searches(enter, settings):
    settings.SERVICE_DESK = (cast.OUTSIDER.text,)
    assert search(enter(cast.OUTSIDER), cast.DOCTOR.text).status_code == 200


@pytest.mark.parametrize("page", ["order", "delegate"])
@pytest.mark.parametrize("text", ["Fo", "a b", "-- -"])
def test_fewer_than_three_letters_find_nobody(enter, page, text):
    field = {"order": "person_search", "delegate": "who"}[page]
    answer = enter(cast.HEAD).post(reverse(page), {"action": "search_person", field: text})
    assert answer.status_code == 400
    assert "three letters" in beside(answer, field)


def test_at_most_ten_are_shown_and_the_page_asks_for_more_letters(enter):
    answer = search(enter(cast.HEAD), "dem")
    found = {value for value in _ids_in(answer.content.decode()) if value != cast.HEAD.text}
    assert 0 < len(found) <= choices.MOST_PERSONS
    assert "There are more than can be shown" in text_of(answer)


def test_people_of_own_units_come_first(directory):
    opened = open_directory()
    among = opened.find_persons("dem", limit=50).items
    own = [one.hsa_id.text for one in among if one.hsa_id in (cast.COORDINATOR, cast.DOCTOR)]
    found = choices.search_persons(opened, "dem", own_units=[cast.BJORKHAGA])
    nobodys = choices.search_persons(opened, "dem")
    assert {option.value for option in found.options} >= set(own)
    assert found.is_cut
    assert len(nobodys.options) == choices.MOST_PERSONS


def test_the_delegates_search_shares_the_limit(enter, settings):
    settings.LIMIT_SEARCHES_PER_MINUTE = 2
    client = enter(cast.HEAD)
    search(client, "Folke")
    assert client.post(reverse("delegate"), {"who": "Folke"}).status_code == 400
    assert client.post(reverse("delegate"), {"who": "Folke"}).status_code == 429
    assert search(client, "Folke").status_code == 429


def test_sending_with_a_search_counts_as_a_search(enter, settings):
    settings.LIMIT_SEARCHES_PER_MINUTE = 1
    client = enter(cast.HEAD)
    assert search(client, "Folke", action="send").status_code == 200
    assert search(client, "Sago", action="send").status_code == 429


def test_a_page_that_renews_itself_is_limited_but_no_unusual_search(enter, settings):
    settings.UNUSUAL_SEARCHES_PER_DAY, settings.LIMIT_SEARCHES_PER_MINUTE = 1, 4
    client = enter(cast.HEAD)
    statuses = [
        client.post(reverse("order"), {"action": "glance", "starts_on": ""}).status_code for _ in range(5)
    ]
    assert statuses == [200, 200, 200, 200, 429]
    assert not AuditEntry.objects.filter(action="search.unusual").exists()


def test_unusually_many_searches_are_told_once(enter, settings):
    settings.UNUSUAL_SEARCHES_PER_DAY = 2
    settings.OPERATORS = (cast.TWO_IDS.text,)
    client = enter(cast.HEAD)
    search(client, "Folke")
    search(client, "Folke")
    assert not AuditEntry.objects.filter(action="search.unusual").exists()
    for _time in range(3):
        assert search(client, "Folke").status_code == 200, "nobody is stopped by it"
    entry = AuditEntry.objects.get(action="search.unusual")
    assert entry.actor_id == cast.HEAD.folded
    notice = text_of(enter(cast.TWO_IDS).get(reverse("start")))
    assert "Unusually many searches" in notice
    assert cast.HEAD.text in notice
    assert "Unusually many searches" not in text_of(enter(cast.DOCTOR).get(reverse("start")))


def _ids_in(page: str) -> set[str]:
    return {HsaId(one).text for one in re.findall(r'name="person" value="([^"]+)"', page)}


def test_a_care_provider_is_found_by_name(enter, directory):
    provider = open_directory().provider(cast.PROVIDER)
    answer = enter(cast.HEAD).post(
        reverse("order"), {"action": "search_unit", "unit_search": provider.name.split()[0]}
    )
    assert cast.PROVIDER.text in answer.content.decode()
    found = choices.search_units(open_directory(), provider.name).options
    assert [option.value for option in found if option.is_provider] == [cast.PROVIDER.text]
