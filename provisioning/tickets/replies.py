"""A ticket system's mail is read: its code says which task, its lines what is written down.

A code is good for one task, and while that is open. What is forged, old, doubled or about another task is
refused and recorded; what a machine answers to any mail, and what comes back in a loop, is left alone.
Nothing is ever answered by mail from here, so that no loop can begin.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from email.utils import parseaddr
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.db import transaction

from provisioning import statements
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.messages import outbox, reply_codes
from provisioning.models import Case, OutgoingMessage, TicketReply
from provisioning.rules import ticket_reply
from provisioning.rules.hsa import HsaId
from provisioning.rules.ticket_reply import Ignored, NotTaken, ReplyRefusal, TicketAnswer
from provisioning.tickets import reply_mail, say
from provisioning.tickets.reply_mail import ReplyMail
from provisioning.tickets.say import TicketNews

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReplyOutcome:
    """What came of a mail: written down where there is no reason why not."""

    case_number: str = ""
    why_not: ReplyRefusal | Ignored | None = None


def take(raw: bytes) -> ReplyOutcome:
    """Read one mail as it came. Whatever is in it, something is answered and nothing is raised."""
    try:
        mail = reply_mail.read(raw)
    except NotTaken as exc:
        return _refused(exc.why, None)
    if (why := _ignored(mail)) is not None:
        log.info("mail to the address of replies left alone (%s)", why.value)
        return ReplyOutcome(why_not=why)
    try:
        message = _answered(mail)
    except NotTaken as exc:
        return _refused(exc.why, None)
    return _take(mail, raw, message)


@transaction.atomic
def _take(mail: ReplyMail, raw: bytes, message: OutgoingMessage) -> ReplyOutcome:
    case: Case | None = message.request or message.removal
    if case is None:
        return _refused(ReplyRefusal.OLD, None)
    case = type(case).objects.select_for_update(of=("self",)).get(pk=case.pk)  # type: ignore[attr-defined]
    try:
        _require_open(message, case)
        _require_same_task(mail, case)
        news = _news(ticket_reply.said(mail.text))
    except NotTaken as exc:
        return _refused(exc.why, case)
    _row, is_new = TicketReply.objects.get_or_create(
        digest=_digest(mail, raw), defaults={"case_id": case.public_id}
    )
    if not is_new:
        return _refused(ReplyRefusal.DOUBLED, case)
    say.by_mail(HsaId(message.recipient_hsa_id), case, news)
    return ReplyOutcome(case_number=str(case.case_number))


def _ignored(mail: ReplyMail) -> Ignored | None:
    own = {
        parseaddr(text)[1].lower() for text in (settings.DEFAULT_FROM_EMAIL, settings.TICKET_REPLY_ADDRESS)
    }
    if mail.senders & own or mail.is_from(outbox.domain()):
        return Ignored.LOOP
    if mail.is_automatic:
        return Ignored.AUTOMATIC
    return None if mail.codes else Ignored.NO_CODE


def _answered(mail: ReplyMail) -> OutgoingMessage:
    """The mail of ours that the code was made for. Raises NotTaken."""
    if len(mail.codes) > 1:
        raise NotTaken(ReplyRefusal.TWO_CODES)
    (code,) = mail.codes
    message_id = reply_codes.mail_of(code)
    if message_id is None:
        raise NotTaken(ReplyRefusal.FORGED)
    rows = OutgoingMessage.objects.select_related("request__order", "removal")
    message = rows.filter(uuid=message_id, kind__in=outbox.TO_TICKETS).first()
    if message is None:  # forgotten, long after it was sent
        raise NotTaken(ReplyRefusal.OLD)
    return message


def _require_open(message: OutgoingMessage, case: Case) -> None:
    """The task is open, and was not closed and opened again since."""
    later = OutgoingMessage.objects.filter(kind=message.kind, pk__gt=message.pk, **case.pointer)
    if not case.is_with_kiv or later.exists():
        raise NotTaken(ReplyRefusal.OLD)


def _require_same_task(mail: ReplyMail, case: Case) -> None:
    """Neither the subject nor what the mail answers names another task than the code."""
    if mail.case_numbers - {case.case_number}:
        raise NotTaken(ReplyRefusal.OTHER_TASK)
    answered = OutgoingMessage.objects.filter(uuid__in=mail.answered(outbox.domain()))
    if answered.exclude(**case.pointer).exists():
        raise NotTaken(ReplyRefusal.OTHER_TASK)


def _news(answer: TicketAnswer) -> TicketNews:
    for text in (answer.note, answer.number or ""):
        if "\x00" in text or statements.unfit_in(text) is not None:
            raise NotTaken(ReplyRefusal.UNFIT)
    return TicketNews(answer.number, answer.note, answer.is_taken, answer.is_closed)


def _digest(mail: ReplyMail, raw: bytes) -> str:
    return sha256(mail.message_id.encode("utf-8", "surrogateescape") or raw).hexdigest()


@transaction.atomic
def _refused(why: ReplyRefusal, case: Case | None) -> ReplyOutcome:
    about: dict[str, Any] = {"case": case} if case is not None else {}
    events.record(Action.TICKET_REPLY_REFUSED, actor=None, why=why.value, **about)
    return ReplyOutcome(case_number=str(case.case_number) if case else "", why_not=why)
