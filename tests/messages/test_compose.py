"""What mails say: the act first, the number last, whom to ask, each in its reader's language."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import translation

from provisioning import dates
from provisioning.cases import reminders
from provisioning.messages.compose import compose
from provisioning.messages.texts import WORDS, MessageKind
from provisioning.models import AccessRequest, OutgoingMessage, User
from provisioning.orders import end
from tests import acts, cast
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def ordered(directory) -> AccessRequest:
    """An order by the person herself, which waits for the head of unit."""
    request = acts.order(by=cast.COORDINATOR)
    acts.work()
    return request


@pytest.fixture
def with_kiv(directory) -> AccessRequest:
    """An order by the head of unit, which is a KIV administrator's task now."""
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    assert request.is_with_kiv
    return request


def sent(kind: str, to: str = "") -> list[Any]:
    """The mails of that kind that are out; `to`: the key of the only recipient that is meant."""
    acts.send_mails()
    rows = OutgoingMessage.objects.filter(kind=kind)
    ids = {str(row.uuid) for row in rows if not to or row.recipient_key == to}
    return [one for one in mail.outbox if any(uuid in one.extra_headers["Message-ID"] for uuid in ids)]


def the_only(kind: str, to: str = "") -> Any:
    (found,) = sent(kind, to)
    return found


def links(text: str) -> list[str]:
    return re.findall(r"https?://[^/]+(/\S*)", text)


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("kind", list(MessageKind))
def test_a_subject_begins_with_the_act_and_ends_with_the_number(kind, language):
    with translation.override(language):
        subject = str(WORDS[kind].subject)
    assert not subject.startswith(("Ärende", "Case", "%"))
    assert "%(case)s" not in subject or subject.endswith("(%(case)s)")
    assert len(subject.replace(" (%(case)s)", "")) <= 65


def test_a_mail_begins_with_what_to_do_and_opens_the_task_itself(ordered):
    text = the_only("attest")
    assert text.subject == f"Attestera en beställning ({ordered.case_number})"
    assert text.body.splitlines()[0] == "Läs beställningen och attestera eller avslå."
    assert links(text.body) == [reverse("attest", args=[ordered.public_id])]


def test_a_mail_says_who_sends_it_and_whom_to_ask(ordered, settings):
    settings.REGION_NAME, settings.SUPPORT_CONTACT = "Region Exempel", "010-000 00 00"
    text = the_only("attest")
    html = text.alternatives[0][0]
    for part in (text.body, html):
        assert "Behörighetsvägen, Region Exempel." in part and "Frågor: 010-000 00 00." in part


def test_a_mail_to_a_kiv_administrator_names_service_and_unit_alone(with_kiv):
    text = the_only("kiv", cast.KIV_ADMINISTRATOR.folded)
    assert text.subject == f"Lägg in i KIV: Rehabstöd, {with_kiv.unit_name} ({with_kiv.case_number})"
    assert links(text.body) == [reverse("kiv_task", args=[with_kiv.public_id])]
    assert with_kiv.subject_name not in text.body + text.subject
    assert "SE0000000000" not in text.body + text.subject


def test_where_a_protected_person_works_is_in_no_mail(directory):
    request = acts.order(person_id=cast.PROTECTED)
    acts.work()
    text = the_only("kiv", cast.KIV_ADMINISTRATOR.folded)
    assert text.subject == f"Lägg in i KIV ({request.case_number})"


def test_the_person_is_told_that_somebody_else_ordered(with_kiv):
    text = the_only("ordered")
    assert text.subject == f"Någon har beställt behörighet åt dig ({with_kiv.case_number})"
    assert [row.recipient_key for row in OutgoingMessage.objects.filter(kind="ordered")] == [
        cast.COORDINATOR.folded
    ]


def test_done_reads_differently_for_the_holder_and_for_the_orderer(with_kiv, kiv):
    acts.set_values(with_kiv, kiv)
    acts.work()
    holder, orderer = the_only("done", cast.COORDINATOR.folded), the_only("done", cast.HEAD.folded)
    assert "kan du logga in" in holder.subject and orderer.subject.startswith("Behörigheten är klar")
    for text in (holder, orderer):
        assert "SITHS-kort" in text.body and "logga" in text.body and "ut" in text.body


def test_a_prolonged_right_names_its_new_last_day_and_asks_for_nothing(directory, kiv):
    grant = life.granted(kiv, days=60)
    acts.send_mails()
    mail.outbox.clear()
    until = grant.ends_on + timedelta(days=200)
    acts.order(starts_on=grant.ends_on + timedelta(days=1), days=199)
    acts.work()
    acts.send_mails()
    told = [
        text for text in mail.outbox if text.subject.startswith(f"Förlängd till och med {in_words(until)}")
    ]
    assert len(told) == 2
    for text in told:
        assert "logga ut" not in str(text.body) and "SITHS" not in str(text.body)


def in_words(day: date) -> str:
    with translation.override("sv"):
        return dates.in_words(day)


@pytest.mark.parametrize(
    "kind", ["delegated", "review_waits", "findings", "rights_end_soon", "sweep_stopped"]
)
def test_a_mail_without_a_case_speaks_of_none(ordered, kind):
    message = OutgoingMessage.objects.get(kind="attest")
    message.kind, message.request = kind, None
    with translation.override("sv"):
        text = compose(message)
    parts = text.subject + text.body + text.html
    assert "rende" not in parts and "()" not in parts


def test_a_kiv_administrator_is_told_to_set_nothing_when_it_is_withdrawn(with_kiv):
    end.withdraw(with_kiv, by=acts.user(cast.HEAD), reason="Behövs inte längre på enheten.")
    told = the_only("ended", cast.KIV_ADMINISTRATOR.folded)
    assert told.subject == f"Lägg inte in något i KIV ({with_kiv.case_number})"
    assert the_only("ended", cast.COORDINATOR.folded).subject.startswith("Beställningen är återkallad")


def test_a_reminder_names_what_waits_and_opens_it(with_kiv, settings):
    settings.REMINDER_WORKING_DAYS = 1
    AccessRequest.objects.update(state_since=with_kiv.state_since - timedelta(days=8))
    assert reminders.remind(AccessRequest.objects.get(pk=with_kiv.pk))
    text = the_only("reminder", cast.KIV_ADMINISTRATOR.folded)
    assert text.subject.startswith("Påminnelse: lägg in i KIV")
    assert links(text.body) == [reverse("kiv_task", args=[with_kiv.public_id])]


def test_a_mail_is_in_the_language_that_its_recipient_chose_last(directory, enter):
    head = enter(cast.HEAD)
    head.post(reverse("set_language"), {"language": "en", "next": "/"})
    acts.order(by=cast.COORDINATOR)
    acts.work()
    assert the_only("attest").subject.startswith("Approve an order")
    head.post(reverse("set_language"), {"language": "sv", "next": "/"})
    assert User.objects.get(pk=cast.HEAD.folded).language == "sv"


def test_a_language_that_there_is_not_is_not_kept(directory, enter, client):
    enter(cast.HEAD).post(reverse("set_language"), {"language": "xx", "next": "/"})
    client.post(reverse("set_language"), {"language": "en", "next": "/"})  # nobody is logged in
    assert not User.objects.exclude(language="").exists()


def test_an_order_that_needs_a_choice_brings_one_mail_that_is_true(directory):
    request = acts.order(by=cast.COORDINATOR_UNCOUPLED, person_id=cast.COORDINATOR_UNCOUPLED)
    acts.work()
    acts.attest(request, cast.HEAD)
    acts.work()
    kinds = OutgoingMessage.objects.filter(recipient_key=cast.COORDINATOR_UNCOUPLED.folded)
    assert list(kinds.values_list("kind", flat=True)) == ["choose"]


def test_an_attested_order_that_goes_on_tells_those_concerned_once(ordered):
    acts.attest(ordered, cast.HEAD)
    acts.work()
    acts.work()
    kinds = OutgoingMessage.objects.filter(recipient_key=cast.COORDINATOR.folded)
    assert list(kinds.values_list("kind", flat=True)) == ["attested"]
