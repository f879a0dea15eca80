"""The auditor's own page of events: who, what, when and on what."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from provisioning.audit.events import Action
from provisioning.models import AuditEntry
from provisioning.pages.cases.timeline import SENTENCE_OF
from provisioning.pages.events import page as events_page
from provisioning.pages.events.forms import KINDS
from tests import acts, cast
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def auditor(enter, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    return enter(cast.AUDITOR)


def look(client, **fields):
    return text_of(client.post(reverse("events"), fields, follow=True))


def test_an_auditor_reads_who_did_what_and_on_what(auditor):
    request = acts.order(by=cast.COORDINATOR)
    acts.attest(request, cast.HEAD)
    page = auditor.get(reverse("events"))
    words = text_of(page)

    assert "The order was approved. Bertil Exempelsson" in words
    assert request.case_number in words
    assert reverse("case", args=[request.public_id]) in page.content.decode()
    assert words.index("The order was approved.") < words.index("The order was sent.")  # the latest first


def test_nobody_but_an_auditor_finds_the_page(enter, settings):
    settings.OPERATORS = (cast.OUTSIDER.text,)
    for person in (cast.HEAD, cast.OUTSIDER, cast.KIV_ADMINISTRATOR):
        assert enter(person).get(reverse("events")).status_code == 404
        assert enter(person).post(reverse("events"), {}).status_code == 404


def test_every_filter_narrows_and_no_person_stands_in_an_address(auditor):
    first = acts.order(by=cast.COORDINATOR)
    second = acts.order(by=cast.DOCTOR, person_id=cast.DOCTOR)
    acts.attest(first, cast.HEAD)

    by_head = look(auditor, who=cast.HEAD.text.lower())
    assert "The order was approved." in by_head
    assert "The order was sent." not in by_head
    assert cast.HEAD.text not in auditor.get(reverse("events")).request["QUERY_STRING"]
    for about in (second.case_number, second.order.case_number, cast.DOCTOR.text):
        words = look(auditor, about=about)
        assert second.case_number in words
        assert first.case_number not in words
    assert "No such events" in look(auditor, kind="reviews")
    assert first.case_number in look(auditor, kind="orders")
    today = timezone.localdate()
    assert first.case_number in look(auditor, since=today.isoformat(), until=today.isoformat())
    assert "No such events" in look(auditor, until=(today - timedelta(days=1)).isoformat())
    assert first.case_number in look(auditor, action="all")


def test_a_filter_that_makes_no_sense_is_said_and_nothing_is_shown(auditor):
    answer = auditor.post(reverse("events"), {"since": "2026-09-02", "until": "2026-09-01"})
    assert answer.status_code == 400
    assert "The last day is before the first." in text_of(answer)


def test_what_is_about_a_protected_person_shows_neither_name_nor_text(auditor):
    request = acts.order(person_id=cast.PROTECTED)
    acts.reject(request) if request.attester_id is None else None
    page = auditor.get(reverse("events")).content.decode()

    assert request.case_number in page
    assert cast.PROTECTED.text not in page
    assert request.subject_name not in page


def test_pages_go_on_by_key(auditor, monkeypatch):
    monkeypatch.setattr(events_page, "PER_PAGE", 2)
    acts.order()
    first = auditor.get(reverse("events"))
    after = first.context["page"].after
    assert after
    second = auditor.get(reverse("events"), {"efter": after})
    numbers = [row.number for row in (*first.context["rows"], *second.context["rows"])]
    assert numbers == sorted(numbers, reverse=True)
    assert len(set(numbers)) == AuditEntry.objects.count() == 3


def test_every_kind_of_event_has_a_sentence_and_can_be_looked_for():
    beginnings = tuple(begin for _name, begins in KINDS.values() for begin in begins)
    assert set(Action) == set(SENTENCE_OF)
    assert [one for one in Action if not one.value.startswith(beginnings)] == [Action.DEMO_VALUE_CHANGED]


def test_the_auditors_start_page_leads_to_pages_of_our_own(auditor):
    page = auditor.get(reverse("start")).content.decode()
    assert reverse("events") in page
    assert reverse("admin:index") not in page
