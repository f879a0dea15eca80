"""Working hours in Stockholm: how many lie between two moments, and which moment so many lead to.

Ten hours each working day. What is done outside them counts as done when the next ones begin, so that a
night, a weekend and a holiday make nothing longer. Which hours count is our own choice (GUESS): health care
offices keep 7 to 17, more or less.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from provisioning.rules.dates import deadlines
from provisioning.rules.dates.periods import STOCKHOLM

BEGIN, END = time(7), time(17)
HOURS_A_DAY = 10.0
_MOST_DAYS = 3660  # ten years: nothing that is reckoned here lasts longer


def between(begin: datetime, end: datetime) -> float:
    """Working hours between two aware moments; 0 where `end` is not after `begin`."""
    begin, end = begin.astimezone(STOCKHOLM), end.astimezone(STOCKHOLM)
    if end <= begin:
        return 0.0
    first, last = begin.date(), end.date()
    if first == last:
        return _until(end) - _until(begin)
    whole = _working_days(first + timedelta(days=1), last)
    rest = HOURS_A_DAY - _until(begin) if deadlines.is_working_day(first) else 0.0
    return rest + whole * HOURS_A_DAY + _until(end)


def first_after(moment: datetime, hours: float) -> datetime:
    """The first moment with at least so many working hours since `moment`. Zero is the moment itself."""
    return moment if hours <= 0 else _later(moment, hours, is_last=False)


def last_after(moment: datetime, hours: float) -> datetime:
    """The last moment with at most so many: where a day ends with them, when the next working day begins."""
    return _later(moment, max(hours, 0.0), is_last=True)


def _later(moment: datetime, hours: float, *, is_last: bool) -> datetime:
    begin = moment.astimezone(STOCKHOLM)
    day, gone = begin.date(), _until(begin)
    for _number in range(_MOST_DAYS):
        if deadlines.is_working_day(day):
            left = HOURS_A_DAY - gone
            if hours < left or (hours == left and not is_last):
                return max(begin, _opening(day) + timedelta(hours=gone + hours))
            hours -= left
        day, gone = day + timedelta(days=1), 0.0
    return _opening(day)


def _until(moment: datetime) -> float:
    """Working hours of that day that are over; none on a day off."""
    if not deadlines.is_working_day(moment.date()):
        return 0.0
    gone = (moment - _opening(moment.date())).total_seconds() / 3600
    return min(max(gone, 0.0), HOURS_A_DAY)


def _opening(day: date) -> datetime:
    return datetime.combine(day, BEGIN, tzinfo=STOCKHOLM)


def _working_days(first: date, end: date) -> int:
    """From the first day on, without the last. Whole weeks are counted by their holidays alone."""
    return sum(
        deadlines.is_working_day(first + timedelta(days=number)) for number in range((end - first).days)
    )
