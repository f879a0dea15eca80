"""Working hours between two moments, and where so many of them lead to."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.rules.dates import working_hours
from provisioning.rules.dates.periods import STOCKHOLM


def at(day: int, hour: int, minute: int = 0, month: int = 12) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=STOCKHOLM)


MOMENTS = st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: at(1, 0) + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("begin", "end", "hours"),
    [
        (at(1, 8), at(1, 12), 4.0),
        (at(1, 5), at(1, 23), 10.0),  # before and after the hours nothing is counted
        (at(1, 16), at(2, 8), 2.0),
        (at(4, 16), at(7, 8), 2.0),  # over a week-end
        (at(23, 16), at(28, 8), 2.0),  # over Christmas
        (at(5, 12), at(6, 12), 0.0),
        (at(2, 8), at(1, 8), 0.0),
        (at(1, 7), at(8, 7), 50.0),
        (at(27, 16, month=3), at(30, 8, month=3), 2.0),  # the night the clocks go on
    ],
)
def test_nights_and_days_off_are_not_counted(begin, end, hours):
    assert working_hours.between(begin, end) == pytest.approx(hours)


def test_where_hours_lead_to():
    assert working_hours.first_after(at(4, 16), 2) == at(7, 8)
    assert working_hours.first_after(at(4, 16), 1) == at(4, 17)
    assert working_hours.last_after(at(4, 16), 1) == at(7, 7)
    assert working_hours.first_after(at(5, 12), 0) == at(5, 12)
    assert working_hours.last_after(at(5, 12), 0) == at(7, 7)


@given(MOMENTS, st.floats(0, 400))
def test_the_first_and_the_last_moment_lie_so_many_hours_away(moment, hours):
    first, last = working_hours.first_after(moment, hours), working_hours.last_after(moment, hours)
    assert first <= last
    for one in (first, last):
        assert working_hours.between(moment, one) == pytest.approx(hours, abs=0.001)
    assert working_hours.between(moment, last + timedelta(hours=1)) > hours - 0.001
