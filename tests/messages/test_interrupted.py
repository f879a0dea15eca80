"""A worker that dies, or whose database goes, while it sends: soon again, and never twice without need."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db import OperationalError
from django.utils import timezone

from provisioning.messages import outbox
from provisioning.models import OutgoingMessage
from tests import acts, cast

pytestmark = pytest.mark.django_db

State = OutgoingMessage.Delivery


@pytest.fixture
def message(directory) -> OutgoingMessage:
    acts.order(by=cast.COORDINATOR)
    row = OutgoingMessage.objects.order_by("pk").first()
    assert row is not None
    return row


def killed(*args: object, **kwargs: object) -> None:
    raise SystemExit


def passed(message: OutgoingMessage, time: timedelta) -> bool:
    """Say whether it is queued again after so long."""
    claimed = timezone.now() - time
    OutgoingMessage.objects.filter(pk=message.pk, state=State.SENDING).update(claimed_at=claimed)
    outbox.due()
    message.refresh_from_db()
    return message.state == State.WAITING


def dies_in(monkeypatch: pytest.MonkeyPatch, place: object, name: str, message: OutgoingMessage) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(place, name, killed)
        with pytest.raises(SystemExit):
            outbox.send(message.pk)


def test_a_mail_whose_worker_died_before_handing_it_over_goes_soon(message, monkeypatch):
    dies_in(monkeypatch, outbox, "open_directory", message)
    assert not passed(message, timedelta(seconds=20))
    assert passed(message, outbox.claim_lasts() + timedelta(seconds=1))
    assert outbox.claim_lasts() < timedelta(minutes=2)
    OutgoingMessage.objects.update(next_try_at=timezone.now())
    assert outbox.send(message.pk)
    assert len(mail.outbox) == 1


def test_a_mail_that_may_be_out_already_waits_ten_minutes(message, monkeypatch):
    dies_in(monkeypatch, mail.EmailMultiAlternatives, "send", message)
    assert not passed(message, timedelta(minutes=9))
    assert passed(message, timedelta(minutes=11))
    assert message.sent_at is None


def test_a_mail_whose_worker_died_while_it_connected_goes_soon(message, monkeypatch):
    dies_in(monkeypatch, EmailBackend, "open", message)
    assert passed(message, outbox.claim_lasts() + timedelta(seconds=1))
    assert mail.outbox == []


def test_a_mail_whose_worker_died_at_the_goodbye_is_sent_once(message, monkeypatch):
    dies_in(monkeypatch, EmailBackend, "close", message)
    assert not passed(message, timedelta(days=1))
    assert not outbox.send(message.pk)
    assert len(mail.outbox) == 1


def test_a_mail_server_that_breaks_off_at_the_goodbye_gets_it_once(message, monkeypatch):
    def breaks_off(server: EmailBackend) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(EmailBackend, "close", breaks_off)
    assert outbox.send(message.pk)
    assert not outbox.send(message.pk)
    message.refresh_from_db()
    assert message.state == State.SENT
    assert len(mail.outbox) == 1


def test_a_worker_that_lost_the_claim_hands_nothing_over(message, monkeypatch):
    ask: Callable[[], object] = outbox.open_directory

    def slow() -> object:
        assert passed(message, timedelta(minutes=2))
        return ask()

    monkeypatch.setattr(outbox, "open_directory", slow)
    assert not outbox.send(message.pk)
    assert mail.outbox == []
    assert message.state == State.WAITING


def test_a_mail_that_is_out_is_settled_when_the_database_is_back(message, monkeypatch):
    settle, troubles = outbox._settle, [OperationalError, OperationalError]

    def away(*args: object, **kwargs: object) -> None:
        if troubles:
            raise troubles.pop()
        settle(*args, **kwargs)

    monkeypatch.setattr(outbox, "_settle", away)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    assert outbox.send(message.pk)
    message.refresh_from_db()
    assert message.state == State.SENT
    assert len(mail.outbox) == 1
