"""Delivery of messages: rows are claimed, sent and settled; a lost nudge or a killed worker loses nothing.

A row goes queued → sending → sent, or waiting (try again later, for three days) → failed (a human must look).
What nobody can be sent is settled at once: no address, or none that can be used; what has become untrue while
it waited, too.

A row that stays *sending* was interrupted. Where nothing had been handed to the mail server it is queued
again as soon as its worker must be dead; where something had, nobody knows whether it was taken: then ten
minutes later, with the same Message-ID (made from the row's UUID), so that it is recognised as the same mail.
"""

from __future__ import annotations

import logging
import random
import smtplib
import time
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from datetime import time as time_of_day
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import Q
from django.utils import timezone, translation

from provisioning import worker
from provisioning.audit import events
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError, WrongState
from provisioning.messages import addresses, still_true, ways_chosen
from provisioning.messages.compose import compose
from provisioning.messages.texts import MessageKind
from provisioning.models import (
    AccessRequest,
    AuditEntry,
    Case,
    ManyOrder,
    OrderSummary,
    OutgoingMessage,
    User,
)
from provisioning.rules.hsa import HsaId
from provisioning.rules.notice_ways import Way

log = logging.getLogger(__name__)

TRY_FOR = timedelta(days=3)  # a mail server that is down over a weekend costs nobody a mail
FIRST_DELAY_SECONDS = 15
LONGEST_DELAY_SECONDS = 2 * 3600
STUCK_AFTER = timedelta(minutes=10)  # the mail server may have it: `sent_at` says when it was handed over
LEAST_CLAIM_SECONDS = 30
SETTLE_SECONDS = 60  # so long a sent mail's row is tried to be settled while the database is away
SUMMARY_WAITS = timedelta(minutes=2)  # what happens in one go is told in one mail
SUMMARY_AT = time_of_day(7, 0)
SUMMARISED = frozenset(
    {
        MessageKind.ATTEST,
        MessageKind.CHOOSE,
        MessageKind.KIV,
        MessageKind.KIV_RETURNED,
        MessageKind.ATTESTED,
        MessageKind.REJECTED,
        MessageKind.DONE,
        MessageKind.ENDED,
        MessageKind.REMINDER,
        MessageKind.UNUSUALLY_LONG,
        MessageKind.DIRECTORY_SILENT,
        MessageKind.HSA_LATE,
    }
)
TO_A_TEAM = (MessageKind.KIV_TEAM.value, MessageKind.REMOVAL_KIV_TEAM.value)
TO_TICKETS = (MessageKind.KIV_TICKET.value, MessageKind.REMOVAL_KIV_TICKET.value)
UNUSABLE_CODE = "mail.unusable_address"

_State = OutgoingMessage.Delivery
_CLAIMABLE = (_State.QUEUED, _State.WAITING)
_UNDELIVERED = (_State.FAILED, _State.NO_ADDRESS, _State.UNUSABLE_ADDRESS)
RESENDABLE = (*_UNDELIVERED, _State.WAITING)
_BEGINS = {Way.AT_ONCE: _State.QUEUED, Way.DAILY: _State.COLLECTED, Way.PAGE: _State.PAGE_ONLY}


def enqueue(
    cause: AuditEntry, kind: MessageKind, recipients: Iterable[HsaId], *, case: Case | None = None
) -> list[OutgoingMessage]:
    """Write one message per recipient, in the transaction of the cause. Asking twice writes once.

    It is about the cause's request, or about the case. It goes out at once, with the daily mail or
    not at all, as the recipient has chosen.
    """
    messages = []
    about = case.pointer if case else {"request": cause.request}
    recipients = _but_those_summarised(cause, kind, about.get("request"), recipients)
    asked = list(dict.fromkeys(recipients))
    ways = ways_chosen.of(kind, asked)
    for recipient in asked:
        state = _BEGINS[ways.get(recipient.folded, Way.AT_ONCE)]
        message, is_new = OutgoingMessage.objects.get_or_create(
            cause=cause,
            recipient_key=recipient.folded,
            kind=kind.value,
            defaults={"recipient_hsa_id": recipient.text, "state": state, **about},
        )
        if is_new:
            messages.append(message)
        if is_new and state == _State.QUEUED:
            worker.wake("workflows.send_message", message.pk)
    return messages


def _but_those_summarised(
    cause: AuditEntry, kind: MessageKind, request: AccessRequest | None, recipients: Iterable[HsaId]
) -> Iterable[HsaId]:
    """Of an order for many only the person a line is about gets a mail of its own."""
    if request is None or kind not in SUMMARISED:
        return recipients
    if not ManyOrder.objects.filter(order=request.order_id).exists():
        return recipients
    everybody = list(recipients)
    summarise(cause, [one for one in everybody if one.folded != request.subject_key])
    return [one for one in everybody if one.folded == request.subject_key]


def summarise(cause: AuditEntry, recipients: Iterable[HsaId]) -> None:
    """Tell these persons of what happens in an order for many: once a day each, soon after the first.

    What happens after the day's mail is told the next morning.
    """
    now = timezone.now()
    for recipient in dict.fromkeys(recipients):
        told = OrderSummary.objects.filter(order=cause.order, recipient_key=recipient.folded)
        last = told.order_by("-day").first()
        if last is not None and last.sends_at > now:
            continue
        sends_at = now + SUMMARY_WAITS
        if last is not None and last.day >= timezone.localdate(sends_at):
            tomorrow = timezone.localdate(now) + timedelta(days=1)
            sends_at = timezone.make_aware(datetime.combine(tomorrow, SUMMARY_AT))
        _, is_new = told.get_or_create(
            order=cause.order,
            recipient_key=recipient.folded,
            day=timezone.localdate(sends_at),
            defaults={"sends_at": sends_at},
        )
        if is_new:
            OutgoingMessage.objects.get_or_create(
                cause=cause,
                recipient_key=recipient.folded,
                kind=MessageKind.ORDER_SUMMARY.value,
                defaults={"recipient_hsa_id": recipient.text, "next_try_at": sends_at},
            )


def due(*, limit: int = 200) -> list[int]:
    """Keys of messages to send now, oldest first; first returns interrupted ones to the queue."""
    now = timezone.now()
    is_untouched = Q(sent_at=None, claimed_at__lt=now - claim_lasts())
    lost = OutgoingMessage.objects.filter(state=_State.SENDING)
    for message in lost.filter(is_untouched | Q(claimed_at__lt=now - STUCK_AFTER)):
        _postpone(message, "interrupted")
    rows = OutgoingMessage.objects.filter(state__in=_CLAIMABLE, next_try_at__lte=now).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:limit])


def send(pk: int) -> bool:
    """Send one message if nobody else has it. Returns whether it is sent now by this call.

    May be called any number of times, by any number of workers. The mail address is read from the
    directory at this moment and never stored.
    """
    now = timezone.now()
    claimed = OutgoingMessage.objects.filter(pk=pk, state__in=_CLAIMABLE, next_try_at__lte=now).update(
        state=_State.SENDING, claimed_at=now, sent_at=None
    )
    if claimed != 1:
        return False
    message = OutgoingMessage.objects.select_related("request__order", "removal", "cause").get(pk=pk)
    if still_true.is_out_of_date(message):
        _settle(message, _State.OUT_OF_DATE)
        return False
    try:
        held = _addresses_of(message)
        if not held:
            _settle(message, _State.NO_ADDRESS)
            return False
        address = addresses.first_usable(held)
        if address is None:
            _settle_unusable(message)
            return False
        _deliver(message, address)
    except WrongState:
        return False
    except DirectoryError as exc:
        _postpone(message, exc.code)
        return False
    except (smtplib.SMTPException, OSError) as exc:
        _postpone(message, type(exc).__name__)
        return False
    return True


def _addresses_of(message: OutgoingMessage) -> tuple[str, ...]:
    """What the directory holds of the person; of a group, what the settings do. Raises DirectoryError."""
    recipient = HsaId(message.recipient_hsa_id)
    if message.kind in TO_A_TEAM:
        return _set_for(recipient, settings.KIV_TEAM_ADDRESSES)
    if message.kind in TO_TICKETS:
        return _set_for(recipient, settings.TICKET_MAIL_ADDRESSES)
    person = open_directory().person(recipient)
    return person.mails if person is not None else ()


def _set_for(group: HsaId, addresses: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(to for unit, to in addresses.items() if HsaId(unit) == group)


def claim_lasts() -> timedelta:
    """How long a worker may take from its claim until it hands over: as the directory may keep it, and more.

    Whoever needs longer has lost its claim and hands nothing over.
    """
    directory = settings.DIRECTORY_CONNECT_TIMEOUT_SECONDS + settings.DIRECTORY_RECEIVE_TIMEOUT_SECONDS
    return timedelta(seconds=max(LEAST_CLAIM_SECONDS, 2 * directory * len(settings.DIRECTORY_URLS)))


def resend(message: OutgoingMessage, *, by: User) -> None:
    """Queue a failed message again. Raises WrongState if it is not one that can be sent again."""
    with transaction.atomic():
        row = OutgoingMessage.objects.select_for_update().get(pk=message.pk)
        if row.state not in RESENDABLE:
            raise WrongState
        for name, value in _from_the_start().items():
            setattr(row, name, value)
        row.save(update_fields=list(_from_the_start()))
        events.record(
            events.Action.MESSAGE_RESENT,
            actor=by,
            request=row.request,
            about=row.removal,
            message=str(row.uuid),
        )
        worker.wake("workflows.send_message", row.pk)


@transaction.atomic
def resend_all(*, by: User) -> int:
    """Queue whatever did not get through again, as one act; returns how many. What was sent stays sent."""
    queued = OutgoingMessage.objects.filter(troubled()).update(**_from_the_start())
    if queued:
        events.record(events.Action.MESSAGES_RESENT, actor=by, count=queued)
    return queued


def put_off(pk: int, error_code: str) -> None:
    """Whoever sends it met what nobody foresaw: the row is tried again like after any other failure."""
    message = OutgoingMessage.objects.filter(pk=pk, state=_State.SENDING).first()
    if message is not None:
        _postpone(message, error_code)


def troubled() -> Q:
    """The condition that picks the messages an operator should look at."""
    return Q(state__in=_UNDELIVERED) | Q(state=_State.WAITING, attempts__gte=2)


def _from_the_start() -> dict[str, Any]:
    """What a row is set to when it is tried anew."""
    return {
        "state": _State.QUEUED,
        "attempts": 0,
        "next_try_at": timezone.now(),
        "tried_since": None,
        "sent_at": None,
        "error_code": "",
    }


def _deliver(message: OutgoingMessage, address: str) -> None:
    """Hand the mail over and write that down. Raises WrongState where somebody else has it by now.

    Only from the moment it is handed over until the mail server's yes is written down nobody knows whether
    it is out: connecting comes before that, and saying goodbye after it.
    """
    with translation.override(_language_of(message)):
        text = compose(message)
    mail = EmailMultiAlternatives(
        subject=text.subject,
        body=text.body,
        to=[address],
        headers={"Message-ID": f"<{message.uuid}@{domain()}>", "Auto-Submitted": "auto-generated"},
        reply_to=[settings.TICKET_REPLY_ADDRESS] if message.kind in TO_TICKETS else None,
    )
    if text.html:
        mail.attach_alternative(text.html, "text/html")
    ours = OutgoingMessage.objects.filter(
        pk=message.pk, state=_State.SENDING, claimed_at=message.claimed_at, sent_at=None
    )
    server: BaseEmailBackend = get_connection()
    server.open()
    try:
        if not ours.update(sent_at=timezone.now()):
            raise WrongState
        mail.connection = server
        if mail.send(fail_silently=False) != 1:
            raise smtplib.SMTPException("taken by nobody")
        _settle_sent(message)
    finally:
        _say_goodbye(server)


def _say_goodbye(server: BaseEmailBackend) -> None:
    """What goes wrong here changes nothing: the mail is out, or has failed before."""
    try:
        server.close()
    except (smtplib.SMTPException, OSError) as exc:
        log.info("the mail server hung up first: %s", type(exc).__name__)


def _language_of(message: OutgoingMessage) -> str:
    """The language that the recipient chose last; else Swedish."""
    chosen = User.objects.filter(pk=message.recipient_key).values_list("language", flat=True).first()
    return chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def domain() -> str:
    """What stands behind the @ in the ids of our mails."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]


def _settle(message: OutgoingMessage, state: OutgoingMessage.Delivery, *, code: str = "") -> None:
    sent_at = timezone.now() if state == _State.SENT else None
    OutgoingMessage.objects.filter(pk=message.pk, state=_State.SENDING).update(
        state=state, sent_at=sent_at, attempts=message.attempts + 1, error_code=code
    )


def _settle_sent(message: OutgoingMessage) -> None:
    """The mail is out: that is written down as soon as the database takes it, or it would go out twice."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        try:
            _settle(message, _State.SENT)
            return
        except (OperationalError, InterfaceError) as exc:
            if time.monotonic() > deadline:
                log.error("message %s is sent, but not settled: %s", message.uuid, type(exc).__name__)
                return
            connection.close_if_unusable_or_obsolete()
            time.sleep(1)


def _settle_unusable(message: OutgoingMessage) -> None:
    """Trying again would not help; who may mend the directory's value has to know."""
    with transaction.atomic():
        _settle(message, _State.UNUSABLE_ADDRESS, code=UNUSABLE_CODE)
        _record_failure(message, UNUSABLE_CODE)


def _postpone(message: OutgoingMessage, error_code: str) -> None:
    """Try again later, each time after a longer while (with jitter); after the last try a human must look."""
    now, attempts = timezone.now(), message.attempts + 1
    tried_since = message.tried_since or now
    is_last = now - tried_since >= TRY_FOR
    ceiling = min(LONGEST_DELAY_SECONDS, FIRST_DELAY_SECONDS * 2 ** min(attempts, 20))
    delay = timedelta(seconds=random.uniform(ceiling / 2, ceiling))  # noqa: S311 - jitter, not a secret
    with transaction.atomic():
        changed = OutgoingMessage.objects.filter(pk=message.pk, state=_State.SENDING).update(
            state=_State.FAILED if is_last else _State.WAITING,
            attempts=attempts,
            tried_since=tried_since,
            next_try_at=now + delay,
            sent_at=None,
            error_code=error_code,
        )
        if changed and is_last:
            _record_failure(message, error_code)
    log.warning("message %s not sent (%s), attempt %d", message.uuid, error_code, attempts)


def _record_failure(message: OutgoingMessage, error_code: str) -> None:
    events.record(
        events.Action.MESSAGE_FAILED,
        actor=None,
        request=message.request,
        about=message.removal,
        message=str(message.uuid),
        code=error_code,
    )
