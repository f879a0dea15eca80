"""Own deadlines in a calendar: by the secret address of their owner, and by no other."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from icalendar import Calendar

from provisioning.models import AuditEntry, CalendarFeed
from tests import acts, cast
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db(transaction=True)


def made(browser: Client) -> str:
    """The path of a new address, as the page shows it."""
    page = browser.post(reverse("open_calendar"))
    assert page.status_code == 200
    path: str = page.context["address"]
    return path[path.index("/kalender/") :]


def summaries(answer: Any) -> list[str]:
    calendar = Calendar.from_ical(answer.content)
    return [str(event["summary"]) for event in calendar.walk("VEVENT")]


@pytest.fixture
def waits_for_the_head(directory):
    request = acts.order(by=cast.COORDINATOR)
    acts.work()
    return request


def test_what_waits_for_its_owner_stands_in_it(waits_for_the_head, enter):
    address = made(enter(cast.HEAD))
    answer = Client().get(address)
    assert answer["Content-Type"] == "text/calendar; charset=utf-8"
    assert [one for one in summaries(answer) if str(waits_for_the_head) in one]
    body = answer.content.decode().replace("\r\n ", "")
    assert reverse("case", args=[waits_for_the_head.public_id]) in body
    assert cast.COORDINATOR.text not in body


def test_what_is_decided_does_not_stand_in_it(waits_for_the_head, enter):
    address = made(enter(cast.HEAD))
    acts.attest(waits_for_the_head, cast.HEAD)
    assert not [one for one in summaries(Client().get(address)) if str(waits_for_the_head) in one]


def test_somebody_elses_deadlines_do_not_stand_in_it(waits_for_the_head, enter):
    assert summaries(Client().get(made(enter(cast.OUTSIDER)))) == []


def test_only_the_digest_of_the_secret_is_kept(directory, enter):
    secret = made(enter(cast.HEAD)).removeprefix("/kalender/").removesuffix(".ics")
    feed = CalendarFeed.objects.get()
    assert secret not in (feed.digest, feed.person_key)
    assert secret not in str(list(AuditEntry.objects.values()))
    assert len(secret) >= 43


def test_a_new_address_closes_the_old_one(directory, enter):
    browser = enter(cast.HEAD)
    old, new = made(browser), made(browser)
    assert Client().get(old).status_code == 404
    assert Client().get(new).status_code == 200


def test_a_closed_address_opens_nothing(directory, enter):
    browser = enter(cast.HEAD)
    address = made(browser)
    enter(cast.OUTSIDER).post(reverse("close_calendar"))
    assert Client().get(address).status_code == 200
    assert browser.post(reverse("close_calendar"), follow=True).status_code == 200
    assert Client().get(address).status_code == 404
    actions = AuditEntry.objects.filter(action__startswith="notices.feed").values_list("action", flat=True)
    assert sorted(actions) == ["notices.feed_closed", "notices.feed_opened"]


def test_the_address_of_a_person_who_is_shut_out_opens_nothing(directory, enter):
    address = made(enter(cast.HEAD))
    user = acts.user(cast.HEAD)
    user.is_active = False
    user.save()
    assert Client().get(address).status_code == 404


@pytest.mark.parametrize("secret", ["x", "å" * 40, "a" * 5000, "%00"])
def test_an_address_that_nobody_made_opens_nothing(secret, directory):
    assert Client().get(f"/kalender/{secret}.ics").status_code in (400, 404, 414)


def test_the_page_says_that_there_is_an_address(directory, enter):
    browser = enter(cast.HEAD)
    assert "Close the calendar address" not in text_of(browser.get(reverse("own_notices")))
    made(browser)
    assert "Close the calendar address" in text_of(browser.get(reverse("own_notices")))
