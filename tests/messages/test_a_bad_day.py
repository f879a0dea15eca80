"""A mail server that is down for a while: nothing is lost, nothing is sent twice, nothing untrue goes out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from smtplib import SMTPServerDisconnected

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from provisioning.messages import outbox, still_true
from provisioning.messages.texts import MessageKind
from provisioning.models import AccessRequest, AuditEntry, Delegation, Finding, Grant, OutgoingMessage
from provisioning.models.rights import Notice
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db

State = OutgoingMessage.Delivery
OPERATOR = cast.KIV_ADMINISTRATOR_ABOVE


class Broken:
    """A mail server that can be switched off."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.is_down = True
        send = mail.EmailMultiAlternatives.send

        def attempt(message: mail.EmailMultiAlternatives, fail_silently: bool = False) -> int:
            if self.is_down:
                raise SMTPServerDisconnected
            return send(message, fail_silently)

        monkeypatch.setattr(mail.EmailMultiAlternatives, "send", attempt)


@pytest.fixture
def server(monkeypatch) -> Broken:
    return Broken(monkeypatch)


@pytest.fixture
def ordered(directory, server) -> AccessRequest:
    """An order that waits for the head of unit, and whose mails have not gone out."""
    request = acts.order(by=cast.COORDINATOR)
    acts.work()
    return request


@pytest.fixture
def pass_time(monkeypatch) -> Callable[[timedelta], None]:
    """Let time pass for every message: what has been noted of them becomes so much older."""

    def by(step: timedelta) -> None:
        for row in OutgoingMessage.objects.all():
            row.created_at -= step
            row.next_try_at -= step
            row.tried_since = row.tried_since and row.tried_since - step
            row.claimed_at = row.claimed_at and row.claimed_at - step
            row.save()
        Notice.objects.all().update(created_at=timezone.now() - step)

    return by


def states() -> set[str]:
    return set(OutgoingMessage.objects.values_list("state", flat=True))


def test_an_outage_of_two_days_fails_no_mail(ordered, server, pass_time) -> None:
    pauses: list[float] = []
    for _try in range(36):
        acts.send_mails()
        rows = OutgoingMessage.objects.all()
        pauses.append(min((row.next_try_at - timezone.now()).total_seconds() for row in rows))
        pass_time(timedelta(hours=1, minutes=20))
    assert states() == {State.WAITING}
    assert pauses[0] < 60
    assert sorted(pauses[:6]) == pauses[:6]  # each longer than the last
    assert max(pauses) <= outbox.LONGEST_DELAY_SECONDS
    server.is_down = False
    pass_time(timedelta(hours=2))
    acts.send_mails()
    assert states() == {State.SENT}
    assert len(mail.outbox) == OutgoingMessage.objects.count()


def test_after_three_days_a_human_must_look(ordered, server, pass_time) -> None:
    acts.send_mails()
    pass_time(timedelta(days=2, hours=23))
    acts.send_mails()
    assert states() == {State.WAITING}
    pass_time(timedelta(hours=3))
    acts.send_mails()
    assert states() == {State.FAILED}
    assert AuditEntry.objects.filter(action="message.failed").count() == OutgoingMessage.objects.count()


def test_a_worker_that_was_away_for_a_week_still_tries_for_three_days(ordered, server, pass_time) -> None:
    pass_time(timedelta(days=7))
    acts.send_mails()
    assert states() == {State.WAITING}


def test_an_operator_sends_all_again_with_one_click(ordered, server, pass_time, enter) -> None:
    cause = AuditEntry.objects.first()
    assert cause is not None
    sent = OutgoingMessage.objects.create(
        cause=cause,
        kind="done",
        recipient_key="x",
        recipient_hsa_id="X",
        state=State.SENT,
    )
    OutgoingMessage.objects.exclude(pk=sent.pk).update(state=State.FAILED, attempts=40, error_code="OSError")
    count = OutgoingMessage.objects.filter(state=State.FAILED).count()
    server.is_down = False
    browser = enter(OPERATOR)
    assert "Send all again" in text_of(browser.get(reverse("messages")))
    answer = browser.post(reverse("resend_all"), follow=True)
    assert "queued" in text_of(answer)
    acts.send_mails()
    assert states() == {State.SENT}
    assert len(mail.outbox) == count
    assert AuditEntry.objects.get(action="message.all_resent").data == {"count": count}
    answer = browser.post(reverse("resend_all"), follow=True)
    assert "nothing to send again" in text_of(answer)
    acts.send_mails()
    assert len(mail.outbox) == count


@pytest.mark.parametrize("who", [cast.AUDITOR, cast.HEAD])
def test_nobody_else_sends_all_again(who, ordered, enter) -> None:
    OutgoingMessage.objects.update(state=State.FAILED)
    assert enter(who).post(reverse("resend_all")).status_code == 404
    assert states() == {State.FAILED}


# --- What is out of date ------------------------------------------------------------------------------------


def kinds(state: State) -> set[str]:
    return set(OutgoingMessage.objects.filter(state=state).values_list("kind", flat=True))


def test_a_request_to_attest_does_not_go_out_after_the_attestation(ordered, server, pass_time) -> None:
    acts.send_mails()
    acts.attest(ordered, cast.HEAD)
    acts.work()
    pass_time(timedelta(hours=5))
    server.is_down = False
    acts.send_mails()
    assert "attest" in kinds(State.OUT_OF_DATE)
    assert "attest" not in kinds(State.SENT)
    assert "attested" in kinds(State.SENT)  # still true


def test_a_request_to_attest_goes_out_as_long_as_it_waits(ordered, server, pass_time) -> None:
    acts.send_mails()
    pass_time(timedelta(days=2))
    server.is_down = False
    acts.send_mails()
    assert "attest" in kinds(State.SENT)
    assert not kinds(State.OUT_OF_DATE)


def test_what_was_written_a_moment_ago_goes_out_as_it_was_written(ordered, server) -> None:
    acts.attest(ordered, cast.HEAD)
    server.is_down = False
    acts.send_mails()
    assert "attest" in kinds(State.SENT)


def test_a_late_reminder_of_a_finished_case_does_not_go_out(directory, kiv, server, pass_time) -> None:
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    entry = AuditEntry.objects.filter(request=request).last()
    assert entry is not None
    outbox.enqueue(entry, MessageKind.REMINDER, [cast.KIV_ADMINISTRATOR])
    acts.set_values(request, kiv)
    acts.work()
    pass_time(timedelta(days=1))
    server.is_down = False
    acts.send_mails()
    assert {"reminder", "kiv"} <= kinds(State.OUT_OF_DATE)
    assert "done" in kinds(State.SENT)
    assert not OutgoingMessage.objects.filter(kind="reminder", sent_at__isnull=False).exists()


def test_a_task_that_has_passed_to_others_is_not_told_to_who_had_it(ordered, server, pass_time) -> None:
    ordered.handlers.all().delete()
    pass_time(timedelta(days=1))
    server.is_down = False
    acts.send_mails()
    assert kinds(State.OUT_OF_DATE) == {"attest"}


@pytest.fixture
def right(directory, kiv) -> Grant:
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    acts.set_values(request, kiv)
    acts.work()
    OutgoingMessage.objects.all().delete()
    return Grant.objects.get()


def digest(right: Grant) -> OutgoingMessage:
    """A digest that tells of this right."""
    entry = AuditEntry.objects.last()
    assert entry is not None
    (message,) = outbox.enqueue(entry, MessageKind.RIGHTS_END_SOON, [cast.HEAD])
    OutgoingMessage.objects.update(request=None)
    Notice.objects.create(
        grant=right,
        due_on=timezone.localdate(),
        days_left=(right.ends_on - timezone.localdate()).days,
        recipient_key=cast.HEAD.folded,
        recipient_hsa_id=cast.HEAD.text,
        message=message,
    )
    return message


def test_a_digest_of_a_right_that_was_prolonged_does_not_go_out(right, pass_time) -> None:
    message = digest(right)
    Grant.objects.update(ends_on=right.ends_on + timedelta(days=365))
    OutgoingMessage.objects.update(created_at=timezone.now() - timedelta(days=1))
    assert still_true.is_out_of_date(OutgoingMessage.objects.get(pk=message.pk))


def test_a_digest_goes_out_while_one_of_its_rights_still_ends(right) -> None:
    message = digest(right)
    OutgoingMessage.objects.update(created_at=timezone.now() - timedelta(days=1))
    assert not still_true.is_out_of_date(OutgoingMessage.objects.get(pk=message.pk))


def test_that_the_access_works_is_not_told_once_the_right_has_ended(right) -> None:
    request = right.origin
    entry = AuditEntry.objects.filter(request=request).last()
    assert entry is not None
    (message,) = outbox.enqueue(entry, MessageKind.DONE, [cast.HEAD])
    OutgoingMessage.objects.update(created_at=timezone.now() - timedelta(days=1))
    message = OutgoingMessage.objects.get(pk=message.pk)
    assert not still_true.is_out_of_date(message)
    Grant.objects.update(state="ended", end_cause="person", ended_at=timezone.now())
    assert still_true.is_out_of_date(OutgoingMessage.objects.get(pk=message.pk))


def test_every_kind_is_either_looked_at_or_always_true() -> None:
    """A new kind must be thought of here."""
    always = {
        MessageKind.REJECTED,
        MessageKind.DONE,  # as long as the right lives
        MessageKind.ENDED,
        MessageKind.DELEGATION_ENDED,
        MessageKind.REMOVAL_DONE,
        MessageKind.REMOVAL_ENDED,
        MessageKind.REORGANISATION,  # it waits for weeks, and its page says what holds now
        MessageKind.REORGANISATION_OVER,
        MessageKind.ORDER_SUMMARY,  # its page says what holds now
    }
    looked_at = {
        MessageKind.DIGEST,
        *still_true._OF_A_REQUEST,
        *still_true._OF_A_REMOVAL,
        *still_true._OF_NO_CASE,
    }
    assert looked_at | always == set(MessageKind)
    assert not looked_at & always


def test_every_look_answers_for_what_is_not_there_any_more(right) -> None:
    """Nothing that a mail tells of exists: it is out of date, and nothing fails."""
    entry = AuditEntry.objects.last()
    assert entry is not None
    assert not Delegation.objects.exists() and not Finding.objects.exists()
    for kind in still_true._OF_NO_CASE:
        (message,) = outbox.enqueue(entry, kind, [cast.DOCTOR])
        OutgoingMessage.objects.update(request=None, created_at=timezone.now() - timedelta(days=1))
        message = OutgoingMessage.objects.get(pk=message.pk)
        # Nothing was compared since, and nothing was found to be sound.
        expected = kind not in (MessageKind.SWEEP_STOPPED, MessageKind.AUDIT_UNSOUND)
        assert still_true.is_out_of_date(message) is expected, kind


def test_states_of_requests_are_known_to_the_table() -> None:
    for holds in still_true._OF_A_REQUEST.values():
        assert holds <= set(RequestState)
