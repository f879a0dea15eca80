"""Working days, reminders and ends (domain page §7 and §8)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.rules import deadlines
from provisioning.rules.deadlines import EndProblem

DAYS = st.dates(date(2024, 1, 1), date(2032, 12, 31))


@pytest.mark.parametrize(
    ("day", "is_working"),
    [
        (date(2026, 3, 18), True),  # a Wednesday
        (date(2026, 3, 21), False),  # Saturday
        (date(2026, 3, 22), False),  # Sunday
        (date(2026, 4, 2), True),  # Maundy Thursday
        (date(2026, 4, 3), False),  # Good Friday
        (date(2026, 4, 6), False),  # Easter Monday
        (date(2026, 5, 1), False),
        (date(2026, 5, 14), False),  # Ascension Day
        (date(2026, 5, 15), True),  # the day after: many take it off, no office is closed by rule
        (date(2025, 6, 6), False),  # National Day
        (date(2026, 6, 19), False),  # Midsummer Eve
        (date(2026, 12, 24), False),
        (date(2026, 12, 28), True),
        (date(2026, 12, 31), False),
        (date(2027, 1, 6), False),  # Epiphany
        (date(2028, 2, 29), True),
    ],
)
def test_swedish_working_days(day: date, is_working: bool):
    assert deadlines.is_working_day(day) is is_working


@pytest.mark.parametrize(
    ("day", "count", "later"),
    [
        (date(2026, 3, 18), 0, date(2026, 3, 18)),
        (date(2026, 3, 18), 1, date(2026, 3, 19)),
        (date(2026, 3, 20), 1, date(2026, 3, 23)),
        (date(2026, 3, 21), 1, date(2026, 3, 23)),
        (date(2026, 4, 2), 1, date(2026, 4, 7)),  # over Easter
        (date(2026, 12, 23), 3, date(2026, 12, 30)),
        (date(2026, 12, 30), 1, date(2027, 1, 4)),
    ],
)
def test_working_days_are_added_over_days_off(day: date, count: int, later: date):
    assert deadlines.add_working_days(day, count) == later


@given(DAYS, st.integers(1, 40))
def test_counting_working_days_undoes_adding_them(day: date, count: int):
    later = deadlines.add_working_days(day, count)
    assert deadlines.is_working_day(later)
    assert deadlines.working_days_between(day, later) == count


def test_no_working_days_pass_backwards():
    assert deadlines.working_days_between(date(2026, 3, 18), date(2026, 3, 10)) == 0


def test_reminders_come_in_order_and_once():
    days = deadlines.reminders(date(2026, 4, 1), after_working_days=[5, 2, 2])
    assert days == (date(2026, 4, 7), date(2026, 4, 10))


@pytest.mark.parametrize(
    ("start", "end", "problem"),
    [
        (date(2026, 3, 18), date(2026, 3, 17), EndProblem.BEFORE_START),
        (date(2026, 3, 18), date(2026, 3, 18), None),
        (date(2026, 3, 1), date(2026, 3, 17), EndProblem.PASSED),
        (date(2026, 3, 1), date(2026, 3, 18), None),
        (date(2026, 3, 18), date(2027, 3, 18), None),
        (date(2026, 3, 18), date(2027, 3, 19), EndProblem.TOO_LATE),
        (date(2028, 2, 29), date(2029, 2, 28), None),
        (date(2028, 2, 29), date(2029, 3, 1), EndProblem.TOO_LATE),
        (date(2027, 2, 28), date(2028, 2, 28), None),
        (date(2027, 2, 28), date(2028, 2, 29), EndProblem.TOO_LATE),
        (date(2027, 3, 1), date(2028, 2, 29), None),
    ],
)
def test_a_right_lasts_at_most_until_the_same_day_next_year(
    start: date, end: date, problem: EndProblem | None
):
    assert deadlines.end_problem(start, end, on=date(2026, 3, 18)) is problem


def test_the_end_of_the_calendar_is_not_an_error():
    assert deadlines.latest_end(date(9999, 5, 1)) == date.max


def test_the_last_day_still_counts():
    assert not deadlines.has_ended(date(2028, 2, 29), on=date(2028, 2, 29))
    assert deadlines.has_ended(date(2028, 2, 29), on=date(2028, 3, 1))


def test_notices_of_an_end_fall_on_working_days_before_it():
    assert deadlines.notices(date(2026, 4, 7)) == (
        date(2026, 3, 6),  # 8 March is a Sunday
        date(2026, 3, 24),
        date(2026, 3, 31),
        date(2026, 4, 2),  # 6 April is Easter Monday
    )


@given(DAYS)
def test_notices_are_never_late_and_never_doubled(end: date):
    days = deadlines.notices(end)
    assert len(set(days)) == len(days)
    assert list(days) == sorted(days)
    assert all(deadlines.is_working_day(day) and day < end for day in days)
    for before in deadlines.NOTICE_DAYS:
        assert any(timedelta(0) <= end - timedelta(days=before) - day < timedelta(days=6) for day in days)


def test_the_next_review_is_within_a_year_and_on_a_working_day():
    assert deadlines.next_review(date(2026, 3, 18)) == date(2027, 3, 18)
    assert deadlines.next_review(date(2026, 3, 20)) == date(2027, 3, 19)
    assert deadlines.next_review(date(2028, 2, 29)) == date(2029, 2, 28)
