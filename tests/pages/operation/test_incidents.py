"""What the operators have to look after: listed with what to do, tried again, settled, shown on the case."""

from __future__ import annotations

import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from provisioning.incidents import record, tell
from provisioning.messages.compose import compose
from provisioning.models import AuditEntry, Incident, Removal
from provisioning.rules.dates.automatic import Stall
from tests import acts, cast
from tests.pages.reading import text_of
from tests.rights import life

pytestmark = pytest.mark.django_db
OPERATOR = cast.TWO_IDS


@pytest.fixture(autouse=True)
def operators(settings):
    settings.OPERATORS = (OPERATOR.text,)
    settings.AUDITORS = (cast.AUDITOR.text,)


@pytest.fixture(params=["request", "removal"])
def case(request, directory, kiv):
    made = acts.order() if request.param == "request" else life.removal_by_head(life.granted(kiv))
    record.stalled(made, code=Stall.FAILING.value, detail="KeyError", since=timezone.now())
    return made


def page(enter, who=OPERATOR):
    return text_of(enter(who).get(reverse("operation")))


def test_the_list_says_what_it_is_why_and_what_to_do(case, enter):
    text = page(enter)
    for words in (
        "To look after",
        case.case_number,
        "an error that nobody foresaw",
        "KeyError",
        "Read the log",
    ):
        assert words in text
    assert "Try again" in text
    assert "Dealt with" not in text, "a case is dealt with when it goes on"


def test_auditors_read_it_and_change_nothing(case, enter):
    text = page(enter, cast.AUDITOR)
    assert case.case_number in text
    assert "Try again" not in text
    incident = case.incidents.get()
    for name in ("incident_retry", "incident_settle"):
        assert enter(cast.AUDITOR).post(reverse(name, args=[incident.public_id])).status_code == 404


@pytest.mark.parametrize("name", ["incident_retry", "incident_settle"])
def test_nobody_else_finds_the_acts(case, enter, name):
    for who in (cast.HEAD, cast.COORDINATOR, cast.KIV_ADMINISTRATOR):
        assert enter(who).post(reverse(name, args=[case.incidents.get().public_id])).status_code == 404
    assert enter(OPERATOR).post(reverse(name, args=[uuid.UUID(int=0)])).status_code == 404
    assert enter(OPERATOR).get(reverse(name, args=[case.incidents.get().public_id])).status_code == 405


def test_the_page_has_it_tried_again(case, enter):
    incident = case.incidents.get()
    answer = enter(OPERATOR).post(reverse("incident_retry", args=[incident.public_id]), follow=True)
    assert "It is being tried again now" in text_of(answer)
    assert "Last tried again" in text_of(answer)
    assert AuditEntry.objects.get(action=f"{case.KEY}.tried_again").actor_id == OPERATOR.folded
    acts.work()
    assert "To look after" not in page(enter)
    again = enter(OPERATOR).post(reverse("incident_retry", args=[incident.public_id]))
    assert again.status_code == 404, "it is over"


def test_a_case_that_waits_for_no_work_is_not_tried_again(directory, enter):
    request = acts.order(by=cast.COORDINATOR)
    record.stalled(request, code=Stall.MISSING.value, detail="", since=timezone.now())
    url = reverse("incident_retry", args=[request.incidents.get().public_id])
    assert "There is nothing to try again" in text_of(enter(OPERATOR).post(url, follow=True))
    assert not AuditEntry.objects.filter(action="request.tried_again").exists()


def test_a_case_is_not_settled_by_hand(case, enter):
    url = reverse("incident_settle", args=[case.incidents.get().public_id])
    assert "goes from here only when" in text_of(enter(OPERATOR).post(url, follow=True))
    assert case.incidents.standing().exists()


def test_the_orderer_sees_who_has_it_and_what_happens_next(case, enter):
    name = "removal" if isinstance(case, Removal) else "case"
    text = text_of(enter(cast.HEAD).get(reverse(name, args=[case.public_id])))
    for words in (
        "The case stands still",
        "an error that nobody foresaw",
        "Who has it: Those who run this tool",
        "You need not do anything",
        "stood still for too long",
    ):
        assert words in text
    assert "KeyError" not in text
    acts.work()
    text = text_of(enter(cast.HEAD).get(reverse(name, args=[case.public_id])))
    assert "The case stands still" not in text
    assert "The case goes on again." in text


def test_operators_are_shown_no_person_of_a_case(directory, enter):
    request = acts.order(person_id=cast.PROTECTED)
    record.stalled(request, code=Stall.FAILING.value, detail="KeyError", since=timezone.now())
    text = page(enter)
    assert cast.PROTECTED.text not in text
    assert enter(OPERATOR).get(reverse("case", args=[request.public_id])).status_code == 404


def test_an_entry_is_named_unless_it_is_a_protected_persons(directory, enter):
    record.entry_failed(cast.COORDINATOR, detail="DataError")
    acts.order(person_id=cast.PROTECTED)
    record.entry_failed(cast.PROTECTED, detail="DataError")
    text = page(enter)
    assert cast.COORDINATOR.text in text
    assert cast.PROTECTED.text not in text
    assert "protected identity" in text


def test_unusual_searches_are_settled_once_a_day(directory, enter):
    doctor = acts.user(cast.DOCTOR)
    record.searched_much(doctor, count=101, day="2026-11-28")
    record.searched_much(doctor, count=102, day="2026-11-28")
    text = page(enter)
    assert cast.DOCTOR.text in text
    assert "102 searches in one day" in text
    incident = Incident.objects.get()
    answer = enter(OPERATOR).post(reverse("incident_settle", args=[incident.public_id]), follow=True)
    assert "marked as dealt with" in text_of(answer)
    assert cast.DOCTOR.text not in page(enter)
    record.searched_much(doctor, count=103, day="2026-11-28")
    assert cast.DOCTOR.text not in page(enter)
    record.searched_much(doctor, count=101, day="2026-11-29")
    assert cast.DOCTOR.text in page(enter)
    settled = AuditEntry.objects.get(action="incident.settled")
    assert settled.actor_id == OPERATOR.folded


def test_the_mail_leads_to_the_page(case, enter):
    assert tell.tell() == 1
    message = AuditEntry.objects.get(action="incident.told").messages.get()
    text = compose(message)
    assert reverse("operation") in text.body
    assert case.case_number not in text.body
