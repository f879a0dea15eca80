"""A ticket system's mail taken apart: its code, what it answers, who sent it, its text.

Sources: RFC 5322 (mail), RFC 3834 (automatic replies and loops), RFC 3464 (reports of delivery).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses
from uuid import UUID

from provisioning.rules.ticket_reply import NotTaken, ReplyRefusal

MOST_BYTES = 256 * 1024
_ANY_CODE = re.compile(r"\[KIV-[^\]\s]*\]", re.IGNORECASE)
_CASE_NUMBER = re.compile(r"(?<![\w-])(?:\d{4}-\d{6}-\d+|R\d{4}-\d{6})(?![\w-])", re.ASCII | re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<([^<>\s]+)@([^<>\s@]+)>")

# What a machine answers by itself: RFC 3834, 5 (Auto-Submitted), and what was used before it.
_ANSWERS_BY_ITSELF = ("x-autoreply", "x-autorespond", "x-autoresponder")
_NEVER_ANSWERED = frozenset({"bulk", "junk", "list", "auto_reply"})


@dataclass(frozen=True, slots=True)
class ReplyMail:
    """One mail, as far as it matters. `is_automatic`: a machine's answer to any mail, or a report."""

    message_id: str
    senders: frozenset[str]
    subject: str
    answers: tuple[tuple[str, str], ...]  # the ids of mails it refers to: what is before the @ and after it
    text: str
    is_automatic: bool

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the subject, also those that have the wrong form."""
        return frozenset(found.upper() for found in _ANY_CODE.findall(self.subject))

    @property
    def case_numbers(self) -> frozenset[str]:
        return frozenset(found.upper() for found in _CASE_NUMBER.findall(self.subject))

    def answered(self, domain: str) -> frozenset[UUID]:
        """Which mails of this domain it refers to."""
        return frozenset(_ids_of(self.answers, domain))

    def is_from(self, domain: str) -> bool:
        """Say whether it is a mail that was sent from here and came back as it was."""
        return bool(_ids_of(tuple(_MESSAGE_ID.findall(self.message_id)), domain))


def read(raw: bytes) -> ReplyMail:
    """Take a mail apart. Raises NotTaken."""
    if len(raw) > MOST_BYTES:
        raise NotTaken(ReplyRefusal.TOO_LARGE)
    try:
        mail = BytesParser(policy=policy.default).parsebytes(raw)
        return _taken_apart(mail)
    except Exception as exc:  # the library stumbles over odd headers by errors of many kinds
        raise NotTaken(ReplyRefusal.UNREADABLE) from exc


def _taken_apart(mail: EmailMessage) -> ReplyMail:
    body = mail.get_body(preferencelist=("plain",))
    senders = getaddresses([str(value) for value in mail.get_all("From", [])])
    answers = " ".join(
        str(value) for name in ("In-Reply-To", "References") for value in mail.get_all(name, [])
    )
    return ReplyMail(
        message_id=str(mail.get("Message-ID", "")).strip(),
        senders=frozenset(address.lower() for _name, address in senders),
        subject=str(mail.get("Subject", "")),
        answers=tuple(_MESSAGE_ID.findall(answers)),
        text=str(body.get_content()) if body is not None else "",
        is_automatic=_is_automatic(mail),
    )


def _is_automatic(mail: EmailMessage) -> bool:
    """`auto-generated` is what a ticket system writes of its own accord, and no automatic reply."""
    submitted = str(mail.get("Auto-Submitted", "no")).split(";")[0].strip().lower()
    if submitted.startswith("auto-replied") or submitted.startswith("auto-notified"):
        return True
    if any(name in mail for name in _ANSWERS_BY_ITSELF):
        return True
    if str(mail.get("Precedence", "")).strip().lower() in _NEVER_ANSWERED:
        return True
    if mail.get_content_type() == "multipart/report":
        return True
    return str(mail.get("Return-Path", "")).strip() == "<>"


def _ids_of(found: tuple[tuple[str, str], ...], domain: str) -> list[UUID]:
    ids = []
    for before, after in found:
        if after.lower() == domain.lower():
            try:
                ids.append(UUID(before))
            except ValueError:
                continue
    return ids
