"""What a line in the log may hold: where something went wrong and of which kind, never with whose data.

An exception's message often holds what was being worked on (a name in a constraint, an address that a mail
server refused), so no message of any exception is written: its type, and the places in the code it passed.
HSA-ids that are still in a line, and the secret of a calendar's address, are taken out, no matter which
library wrote it.
"""

from __future__ import annotations

import logging
import re
import time
import traceback
from types import TracebackType
from typing import Any

from provisioning.rules import identity_numbers

# Wider than the strict form: ids of test environments, and whatever is written as a personal identity number
# is, though its check digit is wrong.
IDENTIFIER = re.compile(
    r"\b[A-Za-z]{2}[A-Za-z0-9]{0,16}[0-9]{8,12}-[A-Za-z0-9]{1,18}\b|\b(?:19|20)?[0-9]{6}[-+][0-9]{4}\b",
    re.ASCII,
)
# The one address whose knowledge is enough to read something: that of a calendar feed.
SECRET_ADDRESS = re.compile(r"(/kalender/)[^/\s]+(\.ics)\b")
REMOVED = "[removed]"

# What every process that logs puts into its configuration: one form of lines, to standard error.
DISCREET_LINES: dict[str, Any] = {
    "formatters": {
        "line": {
            "()": "config.logs.DiscreetFormatter",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class DiscreetFormatter(logging.Formatter):
    """Writes lines without the messages of exceptions and without identifiers. Times are UTC, and say so."""

    converter = time.gmtime  # type: ignore[assignment]  # the stubs know only what is called without a time
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        discreet = logging.makeLogRecord(record.__dict__)
        discreet.exc_text = None  # another handler's formatter may have kept the whole text here
        discreet.args = _without_messages(record.args)
        if isinstance(record.msg, BaseException):
            discreet.msg, discreet.args = type(record.msg).__name__, ()
        task = _failed_task(record)
        if task is not None:
            discreet.msg, discreet.args = task, ()
        line = SECRET_ADDRESS.sub(rf"\1{REMOVED}\2", super().format(discreet))
        line = IDENTIFIER.sub(REMOVED, line)
        return identity_numbers.taken_out(line, instead=REMOVED)

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802 (the library's name)
        """The types of the exception and of what caused it, and the places each passed."""
        lines: list[str] = []
        error: BaseException | None = ei[1]
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            lines.append(f"{'caused by ' if lines else ''}{type(error).__module__}.{type(error).__name__}")
            for frame in traceback.extract_tb(error.__traceback__):
                lines.append(f"  {frame.filename}:{frame.lineno} in {frame.name}")
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\n".join(lines)


def _without_messages(args: Any) -> Any:
    if isinstance(args, tuple):
        return tuple(type(one).__name__ if isinstance(one, BaseException) else one for one in args)
    if isinstance(args, dict):
        return {
            name: type(one).__name__ if isinstance(one, BaseException) else one for name, one in args.items()
        }
    return args


def _failed_task(record: logging.LogRecord) -> str | None:
    """The queue's line about a task that raised: its own holds the exception's text and the arguments."""
    data = getattr(record, "data", None)
    if not record.name.startswith("celery.") or not isinstance(data, dict) or "exc" not in data:
        return None
    kind = type(record.exc_info[1]).__name__ if record.exc_info and record.exc_info[1] else "an error"
    return f"task {data.get('name', '?')} {data.get('id', '?')} failed: {kind}"
