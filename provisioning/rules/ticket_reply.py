"""What a ticket system's mail says about a KIV task: its code, and what stands above the line that ends it.

Sources: RFC 5322 (mail), RFC 3834 (automatic replies and loops), RFC 3464 (reports of delivery). Mail is
written by anybody: whatever cannot be read is refused, and nothing is guessed.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from email.utils import getaddresses
from uuid import UUID

MOST_BYTES = 256 * 1024
LONGEST_NOTE = 2000
LONGEST_NUMBER = 40
NUMBER = re.compile(r"[A-Za-z0-9_.\-/#:]*[0-9][A-Za-z0-9_.\-/#:]*", re.ASCII)
MARK = "-=-=-=-"  # stands in the line of our mail above which the answer is written

# 26 signs of which mail, and 16 that sign them: letters and digits alone, of one case, for systems that
# change the subject.
CODE = re.compile(r"\[KIV-([A-Z2-7]{26})-([A-Z2-7]{16})\]", re.IGNORECASE | re.ASCII)
_ANY_CODE = re.compile(r"\[KIV-[^\]\s]*\]", re.IGNORECASE)
_CASE_NUMBER = re.compile(r"(?<![\w-])(?:\d{4}-\d{6}-\d+|R\d{4}-\d{6})(?![\w-])", re.ASCII | re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<([^<>\s]+)@([^<>\s@]+)>")
_LINE = re.compile(r"\s*(\w+)\s*:\s*(.*?)\s*")
_QUOTED = re.compile(r"\s*>")

_NUMBER_WORDS = frozenset({"nummer", "number"})
_NOTE_WORDS = frozenset({"notering", "note"})
_STATUS_WORDS = frozenset({"status"})
_TAKEN = frozenset({"tagen", "tagen.", "taken", "taken."})
_CLOSED = frozenset({"stängd", "stängd.", "closed", "closed."})

# What a machine answers by itself: RFC 3834, 5 (Auto-Submitted), and what was used before it.
_ANSWERS_BY_ITSELF = ("x-autoreply", "x-autorespond", "x-autoresponder")
_NEVER_ANSWERED = frozenset({"bulk", "junk", "list", "auto_reply"})


class ReplyRefusal(enum.StrEnum):
    """Why a reply is not taken. Stored: never rename."""

    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    FORGED = "forged"  # a code that was not made here
    TWO_CODES = "two_codes"
    OLD = "old"  # the task is over, or was opened again since
    OTHER_TASK = "other_task"  # the mail is about another task than its code
    DOUBLED = "doubled"  # the same mail once more
    NOTHING_SAID = "nothing_said"
    NO_NUMBER = "no_number"  # what is called a number has no form of one
    UNKNOWN_STATUS = "unknown_status"
    UNFIT = "unfit"  # a note that may not be kept


class Ignored(enum.StrEnum):
    """Why a mail is no reply at all, and nothing is written down."""

    AUTOMATIC = "automatic"
    LOOP = "loop"
    NO_CODE = "no_code"


class NotTaken(Exception):
    """What is said cannot be taken, and why."""

    def __init__(self, why: ReplyRefusal):
        super().__init__(why.value)
        self.why = why


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


@dataclass(frozen=True, slots=True)
class TicketAnswer:
    """What the lines of a reply say; None for what they do not."""

    number: str | None
    note: str
    is_taken: bool | None
    is_closed: bool | None


def read(raw: bytes) -> ReplyMail:
    """Take a mail apart. Raises NotTaken."""
    if len(raw) > MOST_BYTES:
        raise NotTaken(ReplyRefusal.TOO_LARGE)
    try:
        mail = BytesParser(policy=policy.default).parsebytes(raw)
        return _taken_apart(mail)
    except Exception as exc:  # the library stumbles over odd headers by errors of many kinds
        raise NotTaken(ReplyRefusal.UNREADABLE) from exc


def said(text: str) -> TicketAnswer:
    """What stands above the mark and before the first quoted line. Raises NotTaken."""
    number, notes, status = None, [], None
    for line in _own_lines(text):
        found = _LINE.fullmatch(line)
        if found is None or not found[2]:
            continue
        word, value = found[1].lower(), found[2]
        if word in _NUMBER_WORDS:
            number = _number(value)
        elif word in _NOTE_WORDS:
            notes.append(value)
        elif word in _STATUS_WORDS:
            status = value.lower()
    if status is not None and status not in _TAKEN | _CLOSED:
        raise NotTaken(ReplyRefusal.UNKNOWN_STATUS)
    if number is None and not notes and status is None:
        raise NotTaken(ReplyRefusal.NOTHING_SAID)
    note = "\n".join(notes)
    if len(note) > LONGEST_NOTE:
        raise NotTaken(ReplyRefusal.UNFIT)
    is_closed = None if status is None else status in _CLOSED
    return TicketAnswer(number, note, is_taken=None if status is None else True, is_closed=is_closed)


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


def _own_lines(text: str) -> list[str]:
    lines = []
    for line in text.splitlines():
        if MARK in line or _QUOTED.match(line):
            break
        lines.append(line)
    return lines


def _number(value: str) -> str:
    if len(value) > LONGEST_NUMBER or NUMBER.fullmatch(value) is None:
        raise NotTaken(ReplyRefusal.NO_NUMBER)
    return value
