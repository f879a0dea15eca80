"""The delay from KIV to HSA: what the latest measured ones promise of the next."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.rules.dates.hsa_delay import (
    DOCUMENTED,
    FEWEST,
    SHORTEST_ALARM,
    WINDOW,
    forecast,
    late_after,
)

CONFIGURED = timedelta(hours=4)


def minutes(*values: float) -> list[timedelta]:
    return [timedelta(minutes=value) for value in values]


def test_before_anything_is_measured_the_documented_delay_is_promised():
    expected = forecast([])
    assert (expected.median, expected.p95, expected.count) == (DOCUMENTED, DOCUMENTED, 0)
    assert late_after(expected, configured=CONFIGURED) == CONFIGURED


def test_a_few_measured_delays_may_lengthen_the_promise_but_not_shorten_it():
    assert forecast(minutes(1)).p95 == DOCUMENTED
    assert forecast(minutes(25)).p95 == timedelta(minutes=25)
    assert late_after(forecast(minutes(25)), configured=CONFIGURED) == CONFIGURED


def test_many_measured_delays_decide():
    expected = forecast(minutes(*[2] * 96, 50, 60, 70, 80))
    assert expected.is_learned
    assert expected.median == timedelta(minutes=2)
    assert expected.p95 == timedelta(minutes=2)
    assert expected.minutes == 2
    assert late_after(expected, configured=CONFIGURED) == SHORTEST_ALARM
    slow = forecast(minutes(*[24 * 60] * FEWEST))
    assert late_after(slow, configured=CONFIGURED) == timedelta(hours=48)


def test_what_is_promised_is_rounded_up_to_whole_minutes():
    assert forecast([timedelta(seconds=61)] * FEWEST).minutes == 2
    assert forecast([timedelta(0)] * FEWEST).minutes == 1


@given(st.lists(st.integers(0, 259_200), min_size=1, max_size=WINDOW))
def test_the_promise_is_a_measured_delay_of_the_median_or_more(seconds):
    latest = [timedelta(seconds=number) for number in seconds]
    expected = forecast(latest)
    assert expected.median in latest
    assert expected.p95 in [*latest, DOCUMENTED]
    assert expected.median <= expected.p95
    assert sum(delay <= expected.p95 for delay in latest) >= 0.95 * len(latest)


DRAWS = {
    "a sync that runs every ten minutes": lambda chance: chance.uniform(0, 10) + chance.uniform(0, 2),
    "a queue, mostly short and sometimes long": lambda chance: chance.lognormvariate(1.0, 0.9),
    "two ways, one of them slow": lambda chance: (
        chance.gauss(180, 20) if chance.random() < 0.2 else chance.uniform(1, 5)
    ),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS.keys())
@pytest.mark.parametrize("seed", range(5))
def test_the_p95_covers_nine_in_ten_of_the_next_hundred(draw, seed):
    chance = random.Random(seed)  # noqa: S311 - a simulation
    delays = [timedelta(minutes=max(0.0, draw(chance))) for _ in range(2 * WINDOW)]
    covered = sum(
        delays[position] <= forecast(delays[position - WINDOW : position]).p95
        for position in range(WINDOW, 2 * WINDOW)
    )
    assert covered >= 90


@pytest.mark.parametrize("seed", range(5))
def test_a_sync_that_becomes_slower_is_learned_within_the_window(seed):
    chance = random.Random(seed)  # noqa: S311 - a simulation
    delays = [timedelta(minutes=chance.uniform(1, 5)) for _ in range(WINDOW)]
    delays += [timedelta(minutes=chance.uniform(60, 90)) for _ in range(2 * WINDOW)]
    covered = sum(
        delays[position] <= forecast(delays[position - WINDOW : position]).p95
        for position in range(2 * WINDOW, 3 * WINDOW)
    )
    assert covered >= 90
