"""What a ticket system answers about a KIV task: the form of its code, and what its lines say.

It stands above the line that ends it. Anybody writes mail: whatever cannot be read is refused, and nothing is
guessed.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

LONGEST_NOTE = 2000
LONGEST_NUMBER = 40
NUMBER = re.compile(r"[A-Za-z0-9_.\-/#:]*[0-9][A-Za-z0-9_.\-/#:]*", re.ASCII)
MARK = "-=-=-=-"  # stands in the line of our mail above which the answer is written

# 26 signs of which mail, and 16 that sign them: letters and digits alone, of one case, for systems that
# change the subject.
CODE = re.compile(r"\[KIV-([A-Z2-7]{26})-([A-Z2-7]{16})\]", re.IGNORECASE | re.ASCII)
_LINE = re.compile(r"\s*(\w+)\s*:\s*(.*?)\s*")
_QUOTED = re.compile(r"\s*>")

_NUMBER_WORDS = frozenset({"nummer", "number"})
_NOTE_WORDS = frozenset({"notering", "note"})
_STATUS_WORDS = frozenset({"status"})
_TAKEN = frozenset({"tagen", "tagen.", "taken", "taken."})
_CLOSED = frozenset({"stängd", "stängd.", "closed", "closed."})


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
class TicketAnswer:
    """What the lines of a reply say; None for what they do not."""

    number: str | None
    note: str
    is_taken: bool | None
    is_closed: bool | None


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
