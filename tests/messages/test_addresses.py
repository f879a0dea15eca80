"""What the directory has in `mail`: one address is written to, and what is none stops and loops nothing."""

from __future__ import annotations

import pytest
from django.core import mail
from django.urls import reverse

from provisioning.demo.directory.changes import Kiv
from provisioning.directory import open_directory
from provisioning.messages import addresses
from provisioning.models import AuditEntry, OutgoingMessage
from provisioning.rules.hsa import HsaId
from tests import acts, cast
from tests.pages.reading import text_of

State = OutgoingMessage.Delivery

NO_ADDRESSES = [
    "a@x.se; b@x.se",
    "a@x.se, b@x.se",
    "a@x.se b@x.se",
    "anna.andersson",
    "anna@",
    "@x.se",
    "a@x..se",
    "a@x.se.",
    "åsa@x.se",
    "Anna <a@x.se>",
    "mailto:a@x.se",
    "a@x.se\nBcc: b@x.se",
    "a@x.se\x00",
    "a@x.se (jobb)",
    "a" * 65 + "@x.se",
    "a@" + "x" * 64 + ".se",
    "a@xn--.se",
    "saknas",
    "-",
    "\N{REPLACEMENT CHARACTER}@x.se",
]


def change_mail(kiv: Kiv, person: HsaId, *values: str) -> None:
    entry = open_directory().person(person)
    assert entry is not None
    for value in entry.mails:
        kiv.remove_value(entry.dn, "mail", value)
    for value in values:
        kiv.add_value(entry.dn, "mail", value)


def message_to(person: HsaId) -> OutgoingMessage:
    """The first message of one order, to this person."""
    acts.order()
    acts.work()
    message = OutgoingMessage.objects.order_by("pk").first()
    assert message is not None
    OutgoingMessage.objects.filter(pk=message.pk).update(
        recipient_key=person.folded, recipient_hsa_id=person.text
    )
    message.refresh_from_db()
    return message


@pytest.mark.parametrize("value", NO_ADDRESSES)
def test_what_cannot_be_one_address_is_none(value: str) -> None:
    assert addresses.first_usable([value]) is None


@pytest.mark.parametrize("value", NO_ADDRESSES)
def test_the_next_value_is_taken(value: str) -> None:
    assert addresses.first_usable([value, "a@x.se"]) == "a@x.se"


@pytest.mark.parametrize(
    ("value", "meant"),
    [
        (" a@x.se ", "a@x.se"),
        ("a@x.se\N{ZERO WIDTH SPACE}", "a@x.se"),
        ("\N{ZERO WIDTH NO-BREAK SPACE}a@x.se", "a@x.se"),
        ("a@x.se\N{NO-BREAK SPACE}", "a@x.se"),
        ("A.B+c@sub.x.se", "A.B+c@sub.x.se"),
        ("a@å.se", "a@å.se"),
    ],
)
def test_what_looks_like_one_address_is_one(value: str, meant: str) -> None:
    assert addresses.first_usable([value]) == meant


@pytest.mark.django_db
@pytest.mark.parametrize("value", ["a@x.se; b@x.se", "anna", "åsa@x.se"])
def test_without_a_usable_value_it_is_settled_at_once(value, directory, kiv, enter) -> None:
    change_mail(kiv, cast.HEAD, value)
    message = message_to(cast.HEAD)
    mail.outbox.clear()
    acts.send_mails()
    message.refresh_from_db()
    assert (message.state, message.error_code) == (State.UNUSABLE_ADDRESS, "mail.unusable_address")
    assert not [sent for sent in mail.outbox if sent.to == [value]]
    fact = AuditEntry.objects.get(action="message.failed")
    assert fact.data == {"message": str(message.uuid), "code": "mail.unusable_address"}
    page = text_of(enter(cast.KIV_ADMINISTRATOR_ABOVE).get(reverse("messages")))
    assert "No usable mail address" in page
    assert "did not get through" in page
    assert value not in page


@pytest.mark.django_db
def test_the_second_value_is_written_to(directory, kiv) -> None:
    change_mail(kiv, cast.HEAD, "a@x.se; b@x.se", "ordentlig@x.se")
    message = message_to(cast.HEAD)
    acts.send_mails()
    message.refresh_from_db()
    assert message.state == State.SENT
    assert ["ordentlig@x.se"] in [sent.to for sent in mail.outbox]


@pytest.mark.django_db
def test_a_value_put_right_lets_the_mail_be_sent_again(directory, kiv, enter) -> None:
    change_mail(kiv, cast.HEAD, "anna")
    message = message_to(cast.HEAD)
    acts.send_mails()
    change_mail(kiv, cast.HEAD, "anna@x.se")
    enter(cast.KIV_ADMINISTRATOR_ABOVE).post(reverse("resend", args=[message.uuid]))
    acts.send_mails()
    message.refresh_from_db()
    assert message.state == State.SENT


@pytest.mark.django_db
@pytest.mark.parametrize("error", [ValueError("anna@x.se"), IndexError(), UnicodeError()], ids=repr)
def test_an_unforeseen_error_stops_no_other_mail(error, directory, monkeypatch, caplog) -> None:
    acts.order()
    acts.work()
    from provisioning.messages import outbox

    first = OutgoingMessage.objects.order_by("pk")[0]
    deliver = outbox._deliver

    def fail_once(message: OutgoingMessage, address: str) -> None:
        if message.pk == first.pk:
            raise error
        deliver(message, address)

    monkeypatch.setattr(outbox, "_deliver", fail_once)
    acts.send_mails()
    first.refresh_from_db()
    assert (first.state, first.error_code) == (State.WAITING, type(error).__name__)
    others = OutgoingMessage.objects.exclude(pk=first.pk)
    assert {row.state for row in others} == {State.SENT}
    assert "anna@x.se" not in caplog.text


@pytest.mark.django_db
def test_a_mail_that_nobody_took_does_not_count_as_sent(directory, monkeypatch) -> None:
    message = message_to(cast.HEAD)
    monkeypatch.setattr("django.core.mail.EmailMultiAlternatives.send", lambda self, fail_silently: 0)
    acts.send_mails()
    message.refresh_from_db()
    assert (message.state, message.error_code) == (State.WAITING, "SMTPException")
