"""When something that the tool should take further by itself has stood still for too long, and why.

Nothing here reads the clock. Source: domain §6 (don't know decides nothing: but somebody must know of it).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta


class Stall(enum.StrEnum):
    """Why it stands still. Stored with the incident, and in the event log: never rename."""

    FAILING = "work.failing"  # an error that nobody foresaw, again and again
    SILENT = "work.directory_silent"  # the directory does not tell
    NOT_DONE = "work.not_done"  # it is due, and no worker does it
    MISSING = "work.missing"  # nothing is planned: the flow itself has broken
    TOO_LONG = "work.too_long"  # all goes as it should, but never to an end


@dataclass(frozen=True, slots=True)
class Work:
    """The automatic work on one case, as it stands now."""

    entered_at: datetime  # its state
    since: datetime  # from when on it ought to come to an end: it may wait for its first day
    due_at: datetime | None  # None: nothing is planned
    failing_since: datetime | None = None
    failures: int = 0  # in a row
    silent_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """How long work may be in trouble, how long all of it may take, and how often in a row it may fail."""

    trouble: timedelta
    all_of_it: timedelta
    tries: int


def why_stalled(work: Work, limit: TimeLimit, *, now: datetime) -> tuple[Stall, datetime] | None:
    """Why it has stood still for longer than it may, and since when; None while it has not."""
    if work.failing_since and (work.failures >= limit.tries or now - work.failing_since >= limit.trouble):
        return Stall.FAILING, work.failing_since
    if work.silent_since and now - work.silent_since >= limit.trouble:
        return Stall.SILENT, work.silent_since
    if work.due_at is None:
        return (Stall.MISSING, work.entered_at) if now - work.entered_at >= limit.trouble else None
    if now - work.due_at >= limit.trouble:
        return Stall.NOT_DONE, work.due_at
    return (Stall.TOO_LONG, work.since) if now - work.since >= limit.all_of_it else None
