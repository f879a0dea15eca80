"""Coupling and validity dates: active, not yet, ended or unreadable.

Moments are instants. A date without a time of day is midnight in Stockholm at the START of that
day, as a start and as an end: `id;;20260630` is over when 30 June begins. Nothing here reads the
clock. Source: domain page §2 (formats, TKB) and §3.2 (strictly before, strictly after; RS).
"""

from __future__ import annotations

import enum
import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

from provisioning.rules.hsa import RawPeriod

STOCKHOLM = ZoneInfo("Europe/Stockholm")
EARLIEST = datetime.min.replace(tzinfo=UTC)
LATEST = datetime.max.replace(tzinfo=UTC)

_DATE = re.compile(r"(\d{4})(-?)(\d{2})\2(\d{2})", re.ASCII)
_LOCAL = re.compile(r"(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?", re.ASCII)
_GENERALIZED = re.compile(
    r"(\d{4})(\d{2})(\d{2})(\d{2})(?:(\d{2})(\d{2})?)?(?:[.,](\d+))?(Z|[+-]\d{2}(?:\d{2})?)", re.ASCII
)


class PeriodState(enum.StrEnum):
    """Where a moment lies against a period."""

    ACTIVE = "active"
    NOT_STARTED = "not_started"
    ENDED = "ended"
    UNREADABLE = "unreadable"


class Unreadable(ValueError):
    """The text is not a date in any format HSA or KIV writes: a human decides."""


def noon(on: date) -> datetime:
    """Noon in Stockholm that day: the moment meant when only a day is known."""
    return datetime.combine(on, time(12), tzinfo=STOCKHOLM).astimezone(UTC)


def moment(text: str | None) -> datetime | None:
    """The instant, in UTC, that a directory date means; None when it is empty or only blanks.

    Takes `YYYYMMDD`, `YYYY-MM-DD`, `YYYY-MM-DD HH:MM:SS[.f]` (all Stockholm time) and
    generalizedTime, `YYYYMMDDHH[MM[SS]][.f]` with `Z` or an offset; the fraction is one of the last unit
    given, and second 60 is the leap second, the first moment of the next minute. Stockholm time in the hour
    that comes twice in autumn means the first one; in the hour that is skipped in spring it is
    read as winter time, so 02:30 is the instant 03:30 summer time (GUESS: no source says).
    Raises Unreadable for everything else, blanks around a date included: whether HSA would read
    such a value is not known. Source: TKB; RFC 4517 3.3.13.
    """
    if text is None or not text.strip():
        return None
    try:
        return _read(text)
    except ValueError as exc:
        raise Unreadable(text) from exc


def state(period: RawPeriod, *, at: datetime) -> PeriodState:
    """Say where `at` (aware) lies: active is strictly after the start and strictly before the end.

    What can be read decides where it can: a period whose end has passed is over, whatever its
    start says. Otherwise an unreadable date gives UNREADABLE, never ACTIVE. Source: RS; domain §2.
    """
    start, start_is_readable = _attempt(period.start)
    end, end_is_readable = _attempt(period.end)
    if end is not None and not at < end:
        return PeriodState.ENDED
    if start is not None and not start < at:
        return PeriodState.NOT_STARTED
    if not (start_is_readable and end_is_readable):
        return PeriodState.UNREADABLE
    return PeriodState.ACTIVE


def lasts_through(period: RawPeriod, last: date) -> bool:
    """Say whether it goes on through that day in Stockholm: open, or not over before its last minute.

    Not where its end cannot be read.
    """
    end, is_readable = _attempt(period.end)
    return is_readable and (
        end is None or end >= _utc(datetime.combine(last, time(23, 59), tzinfo=STOCKHOLM))
    )


def last_day(text: str) -> date | None:
    """The day in Stockholm on which an end lies; None for an open or an unreadable one."""
    end, _is_readable = _attempt(text)
    return None if end is None else _day(end)


def prolonged(period: RawPeriod, last: date) -> str:
    """The dates of the same coupling with another last day, as they stand after its HSA-id."""
    return f"{(period.start or '').strip()};{last.isoformat()} 23:59:59"


def written(first: date, last: date) -> str:
    """The dates of a coupling that lasts from one day through another, as they stand after its HSA-id.

    With the time of day, so that the last day counts whole: a date alone would end when that day begins.
    """
    return f"{first.isoformat()} 00:00:00;{last.isoformat()} 23:59:59"


def employment(period: RawPeriod, *, on: date) -> PeriodState:
    """Say whether a person is employed that day in Stockholm; the last day still counts.

    ENDED when the Stockholm date of the end is strictly before `on`. A start in the future gives
    NOT_STARTED, for which no cause exists: HSA-ids are made before the first day, and the
    commission's own dates decide then (GUESS). Source: domain §2 "Employment has ended when
    endDate has passed".
    """
    start, start_is_readable = _attempt(period.start)
    end, end_is_readable = _attempt(period.end)
    if end is not None and _day(end) < on:
        return PeriodState.ENDED
    if not end_is_readable:
        return PeriodState.UNREADABLE
    if start is not None and _day(start) > on:
        return PeriodState.NOT_STARTED
    return PeriodState.ACTIVE if start_is_readable else PeriodState.UNREADABLE


def _attempt(text: str | None) -> tuple[datetime | None, bool]:
    """The instant and True, or None and whether that None means "open"."""
    try:
        return moment(text), True
    except Unreadable:
        return None, False


def _day(instant: datetime) -> date:
    """The Stockholm date of an instant. At the calendar's edge (9999-12-31) the UTC date will do."""
    try:
        return instant.astimezone(STOCKHOLM).date()
    except OverflowError:
        return instant.date()


def _read(text: str) -> datetime:
    """The instant in UTC. Raises ValueError for unknown forms and impossible dates."""
    if match := _DATE.fullmatch(text):
        year, _, month, day = match.groups()
        return _utc(datetime(int(year), int(month), int(day), tzinfo=STOCKHOLM))
    if match := _LOCAL.fullmatch(text):
        *parts, fraction = match.groups()
        year, month, day, hour, minute, second = (int(part) for part in parts)
        local = datetime(year, month, day, hour, minute, second, _microseconds(fraction), tzinfo=STOCKHOLM)
        return _utc(local)
    if match := _GENERALIZED.fullmatch(text):
        *parts, fraction, zone = match.groups()
        unit = timedelta(hours=1) if parts[4] is None else timedelta(minutes=1)
        unit = unit if parts[5] is None else timedelta(seconds=1)
        year, month, day, hour, minute, second = (int(part or 0) for part in parts)
        leap = timedelta(seconds=1 if second == 60 else 0)
        whole = _utc(
            datetime(year, month, day, hour, minute, min(second, 59) if leap else second, 0, _zone(zone))
        )
        return _later(whole, leap + _share(unit, fraction))
    raise ValueError(text)


def _microseconds(fraction: str | None) -> int:
    return int((fraction or "")[:6].ljust(6, "0"))


def _share(unit: timedelta, fraction: str | None) -> timedelta:
    """So much of the unit, down to a microsecond: half of an hour for `5`."""
    digits = (fraction or "0")[:18]
    return timedelta(microseconds=unit // timedelta(microseconds=1) * int(digits) // 10 ** len(digits))


def _later(instant: datetime, span: timedelta) -> datetime:
    """So much later; at the calendar's edge the edge."""
    return min(instant, LATEST - span) + span


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    hours, minutes = int(text[1:3]), int(text[3:5] or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(text)
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def _utc(instant: datetime) -> datetime:
    """The same instant in UTC. Compared in one zone of summer and winter time, instants would be
    compared by their clock faces. Years 1 and 9999 stand for "always" and are kept at the edge.
    """
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        return EARLIEST if instant.year < 5000 else LATEST
