"""Swedish working days, reminders, the end of a right and its notices.

All are dates in Stockholm, and nothing here reads the clock. An end date is the last day that
counts. Source: domain page §8 (an end date on every right, at most 12 months; reminders before)
and §7 (a delegation lasts at most one year).
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Collection
from datetime import MAXYEAR, date, timedelta

import holidays

NOTICE_DAYS = (30, 14, 7, 1)  # before the end of a right


SIGNED_YEARS = 5  # GUESS: how long a signed assignment counts without being renewed; no source says


class EndProblem(enum.StrEnum):
    """What is wrong with a wished end date."""

    BEFORE_START = "before_start"
    PASSED = "passed"
    TOO_LATE = "too_late"  # more than 12 months after the start


class SignedProblem(enum.StrEnum):
    """What is wrong with the day on which an assignment is said to have been signed."""

    MISSING = "missing"
    FUTURE = "future"
    TOO_OLD = "too_old"


def is_working_day(day: date) -> bool:
    """Monday to Friday and no Swedish holiday; the eves that offices keep closed are holidays too.

    Midsummer, Christmas and New Year's Eve: no law says so, but agreements in health care do
    (GUESS for every region).
    """
    return day.weekday() < 5 and day not in _holidays(day.year)


def add_working_days(day: date, count: int) -> date:
    """The date `count` (not negative) working days after `day`; `day` itself need not be one.

    Zero gives the same day, so a deadline can be switched off in time, not in kind.
    """
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day


def same_day_next_year(day: date) -> date:
    """Twelve months later; from 29 February the 28th, so that it is never more than a year.

    In the calendar's last year, which directories write for "always", its last day.
    """
    if day.year == MAXYEAR:
        return date.max
    if (day.month, day.day) == (2, 29):
        day = day.replace(day=28)
    return day.replace(year=day.year + 1)


def latest_end(start: date) -> date:
    """The last end date a right or a delegation from that day may have. Source: domain §7, §8."""
    return same_day_next_year(start)


def end_problem(start: date, end: date, *, on: date) -> EndProblem | None:
    """Say what is wrong with these dates for something ordered on that day, if anything is."""
    if end < start:
        return EndProblem.BEFORE_START
    if end < on:
        return EndProblem.PASSED
    return EndProblem.TOO_LATE if end > latest_end(start) else None


def oldest_signed(on: date) -> date:
    """The first day on which an assignment may have been signed that counts that day."""
    day = 28 if (on.month, on.day) == (2, 29) else on.day
    return on.replace(year=on.year - SIGNED_YEARS, day=day)


def signed_problem(day: date | None, *, on: date) -> SignedProblem | None:
    """Say what is wrong with an assignment signed on `day`, if anything is."""
    if day is None:
        return SignedProblem.MISSING
    if day > on:
        return SignedProblem.FUTURE
    return SignedProblem.TOO_OLD if day < oldest_signed(on) else None


def has_ended(end: date, *, on: date) -> bool:
    """The last day still counts."""
    return end < on


def notices(end: date, *, days_before: Collection[int] = NOTICE_DAYS) -> tuple[date, ...]:
    """The days on which the end of a right is announced, earliest first, each once.

    A notice that would fall on a day off is given on the last working day before it: later might
    be too late.
    """
    return tuple(sorted({_working_day_until(end - timedelta(days=days)) for days in days_before}))


def prolonged_latest_end(old_end: date) -> date:
    """The last end date a prolongation may have: 12 months from the old end, never from today. Domain §8."""
    return same_day_next_year(old_end)


def earliest_prolongation(last_day: date, *, days_before: int) -> date:
    """The first day on which a right may be prolonged, so that it never reaches far beyond 12 months.

    Without it the old end could be moved by 12 months again and again. Source: domain §8 (at most 12 months);
    the number of days is our own (docs/decisions/0008).
    """
    return last_day - timedelta(days=days_before)


def next_review(since: date, *, months: int = 12) -> date:
    """The day of the next review: so many months (at most 12) after the last, on a working day. Domain §8."""
    if months == 12:
        return _working_day_until(same_day_next_year(since))
    year, month = divmod(since.year * 12 + since.month - 1 + months, 12)
    last_day = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
    return _working_day_until(date(year, month + 1, min(since.day, last_day)))


def joined_review(planned: Collection[date], *, on: date, settled_days: int, months: int = 12) -> date:
    """The day on which a right decided upon that day is reviewed: together with the rest of its unit.

    `planned`: the days on which the unit's rights are reviewed. The first of those days, this year's or the
    next round's, that is at least `settled_days` away: nobody is asked about what was decided just now. So
    nothing stands longer than the interval and `settled_days` without a decision. Domain §8 ("regular
    follow-up per unit"); that the unit's rights come up together is our own choice (docs/decisions/0010).
    """
    first = on + timedelta(days=settled_days)
    last = next_review(first, months=months)
    rounds = {*planned, *(next_review(day, months=months) for day in planned)}
    return min((day for day in rounds if first <= day <= last), default=next_review(on, months=months))


def is_settled(review_on: date, *, on: date, settled_days: int) -> bool:
    """Say whether a review is so far away that a decision made that day does not move it."""
    return review_on >= on + timedelta(days=settled_days)


def _working_day_until(day: date) -> date:
    while not is_working_day(day):
        day -= timedelta(days=1)
    return day


@functools.cache
def _holidays(year: int) -> frozenset[date]:
    """Computed once for each year: the package's own look-up grows its tables as it is asked."""
    return frozenset(holidays.country_holidays("SE", years=year, categories=("public", "de_facto")))
