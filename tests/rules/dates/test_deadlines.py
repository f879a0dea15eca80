"""Working days, reminders and ends (domain page §7 and §8)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.rules.dates import deadlines
from provisioning.rules.dates.deadlines import EndProblem

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
def test_so_many_working_days_lie_between(day: date, count: int):
    later = deadlines.add_working_days(day, count)
    assert deadlines.is_working_day(later)
    between = (day + timedelta(days=number) for number in range(1, (later - day).days + 1))
    assert sum(map(deadlines.is_working_day, between)) == count


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


def joined(*planned: str, on: str = "2026-03-18", settled_days: int = 90, months: int = 12) -> date:
    return deadlines.joined_review(
        [date.fromisoformat(day) for day in planned],
        on=date.fromisoformat(on),
        settled_days=settled_days,
        months=months,
    )


@pytest.mark.parametrize(
    ("planned", "review_on"),
    [
        ((), "2027-03-18"),  # nothing to join
        (("2026-06-16",), "2026-06-16"),  # exactly ninety days away
        (("2026-06-15",), "2027-06-15"),  # a day too near: the round after
        (("2026-11-02", "2026-09-01", "2026-04-01"), "2026-09-01"),  # the first that is far enough away
        (("2026-03-18",), "2027-03-18"),  # being reviewed today
        (("2026-03-02",), "2027-03-02"),  # the sitting has lasted a while
        (("2025-06-02",), "2027-03-18"),  # nobody has decided for nearly a year: that is no rhythm to join
        (("2027-06-16",), "2027-06-16"),  # joined by somebody who was just decided upon
        (("2027-06-17",), "2027-03-18"),  # beyond what may stand without a decision
    ],
)
def test_a_right_joins_its_units_first_review_that_is_far_enough_away(planned, review_on):
    assert joined(*planned) == date.fromisoformat(review_on)


def test_a_round_of_29_february_comes_again_within_the_year():
    assert joined(on="2028-02-29") == date(2029, 2, 28)
    assert joined("2028-02-29", on="2028-02-29") == date(2029, 2, 28)
    assert joined("2028-02-29", on="2027-12-01") == date(2028, 2, 29)  # ninety days after
    assert joined("2028-02-29", on="2027-12-02") == date(2029, 2, 28)


def test_a_shorter_interval_has_its_own_rounds():
    assert joined("2026-04-01", months=3, settled_days=45) == date(2026, 7, 1)
    assert joined(months=1, settled_days=15) == date(2026, 4, 17)  # 18 April is a Saturday


@given(st.lists(st.integers(-400, 500), max_size=6), DAYS, st.sampled_from([0, 30, 90]))
def test_a_review_comes_after_settling_and_within_an_interval(
    offsets: list[int], on: date, settled_days: int
):
    planned = [on + timedelta(days=offset) for offset in offsets]
    found = deadlines.joined_review(planned, on=on, settled_days=settled_days)
    settled = on + timedelta(days=settled_days)
    assert settled <= found <= deadlines.next_review(settled)
    assert deadlines.is_settled(found, on=on, settled_days=settled_days)
    near = [day for day in planned if settled <= day <= deadlines.next_review(settled)]
    assert all(found <= day for day in near), "never later than a review that it could have joined"


def test_a_review_is_settled_from_its_first_day_on():
    day = date(2026, 3, 18)
    assert deadlines.is_settled(day + timedelta(days=90), on=day, settled_days=90)
    assert not deadlines.is_settled(day + timedelta(days=89), on=day, settled_days=90)
    assert deadlines.is_settled(day, on=day, settled_days=0)
