"""When automatic work has stood still for too long: at the limit and just before it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from provisioning.rules.dates.automatic import Stall, TimeLimit, Work, why_stalled

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
LIMIT = TimeLimit(trouble=timedelta(minutes=30), all_of_it=timedelta(hours=72), tries=5)
WELL = Work(entered_at=NOW - timedelta(hours=2), since=NOW - timedelta(hours=2), due_at=NOW)
HALF = NOW - timedelta(minutes=30)
ALMOST = HALF + timedelta(seconds=1)


def test_work_that_is_due_now_stands_still_for_nobody():
    assert why_stalled(WELL, LIMIT, now=NOW) is None


@pytest.mark.parametrize(
    ("over", "almost", "why"),
    [
        ({"failing_since": HALF}, {"failing_since": ALMOST, "failures": 4}, Stall.FAILING),
        ({"failing_since": NOW, "failures": 5}, {"failing_since": NOW, "failures": 4}, Stall.FAILING),
        ({"silent_since": HALF}, {"silent_since": ALMOST}, Stall.SILENT),
        ({"due_at": HALF}, {"due_at": ALMOST}, Stall.NOT_DONE),
        ({"due_at": None}, {"due_at": None, "entered_at": ALMOST}, Stall.MISSING),
        (
            {"since": NOW - timedelta(hours=72)},
            {"since": NOW - timedelta(hours=72) + timedelta(seconds=1)},
            Stall.TOO_LONG,
        ),
    ],
)
def test_a_limit_counts_when_it_is_reached_and_not_before(over, almost, why):
    found = why_stalled(replace(WELL, **over), LIMIT, now=NOW)
    assert found is not None
    assert found[0] is why
    assert why_stalled(replace(WELL, **almost), LIMIT, now=NOW) is None


def test_work_that_waits_for_its_first_day_stands_still_for_nobody():
    later = NOW + timedelta(days=20)
    assert why_stalled(replace(WELL, since=later, due_at=later), LIMIT, now=NOW) is None
