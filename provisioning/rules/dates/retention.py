"""How long things are kept: calendar years and days in Stockholm, counted back from a day.

How many is a setting. Source: domain page §8 (an event log is kept for at least 5 years; nothing is deleted
before a configured date). That cases are kept equally long is a GUESS: the region's archivist decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """How long; raises ValueError where events would go before the cases that they are about."""

    case_years: int
    audit_years: int
    message_days: int

    def __post_init__(self) -> None:
        if min(self.case_years, self.audit_years, self.message_days) < 1:
            raise ValueError("everything is kept for some time")
        if self.audit_years < self.case_years:
            raise ValueError("events are kept at least as long as cases")


@dataclass(frozen=True, slots=True)
class Horizon:
    """What ended (cases), was recorded (audit) or written (messages) before these days may go."""

    cases: date
    audit: date
    messages: date


def horizon(limits: Limits, *, on: date) -> Horizon:
    """The days before which nothing needs to be kept any more, as seen on that day."""
    return Horizon(
        cases=years_before(on, limits.case_years),
        audit=years_before(on, limits.audit_years),
        messages=on - timedelta(days=limits.message_days),
    )


def years_before(day: date, years: int) -> date:
    """The same day so many years earlier; for 29 February the 28th, so that nothing goes too early."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
