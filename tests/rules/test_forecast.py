"""When an order is probably ready, by what finished ones took."""

from __future__ import annotations

import pytest

from benchmarks import forecast as replay
from provisioning.rules import forecast

ATTESTATION, CHECK, KIV, VERIFICATION = 0, 2, 3, 4
WITHOUT_SECOND = (forecast.SECOND_APPROVAL,)


def past(count: int, attestation: float = 2.0, kiv: float | None = 10.0) -> list[forecast.PastCase]:
    return [(attestation, None, 0.0, kiv, 0.0)] * count


def left(*places, step=ATTESTATION, spent=0.0, **more):
    found = forecast.hours_left(places, step=step, spent=spent, skipped=WITHOUT_SECOND, **more)
    return None if found is None else (found.fewest, found.most)


def test_the_steps_that_are_left_are_added_up():
    assert left(past(50)) == (12.0, 12.0)
    assert left(past(50), step=KIV) == (10.0, 10.0)
    assert left(past(50), step=VERIFICATION) == (0.0, 0.0)


def test_too_thin_a_history_says_nothing():
    assert left() is None
    assert left(past(forecast.FEWEST - 1)) is None
    assert left(past(forecast.FEWEST)) == (12.0, 12.0)
    # Many orders, but none of them came to KIV: that step cannot be told.
    assert left(past(200, kiv=None), step=KIV) is None


def test_the_place_itself_counts_before_what_is_around_it_if_it_has_enough():
    around = past(forecast.ENOUGH, kiv=50.0)
    assert left(past(forecast.ENOUGH), around, step=KIV) == (10.0, 10.0)
    assert left(past(forecast.ENOUGH - 1), around, step=KIV) == (50.0, 50.0)


def test_what_has_been_waited_already_is_known():
    cases = [*past(50, kiv=10.0), *past(20, kiv=30.0)]
    assert left(cases, step=KIV, spent=12.0) == (18.0, 18.0)
    assert left(cases, step=KIV, spent=31.0) is None  # hardly any order has waited so long


def test_the_latest_cases_count_also_where_all_say_otherwise():
    fewest, most = left(past(forecast.LATEST, kiv=30.0) + past(140, kiv=5.0), step=KIV)
    assert (fewest, most) == (5.0, 30.0)


def test_a_second_approval_counts_where_it_is_needed():
    cases = [(2.0, 5.0, 0.0, 10.0, 0.0)] * 25 + past(25)
    needed = forecast.hours_left([cases], step=ATTESTATION, spent=0.0)
    assert needed is not None
    assert (needed.fewest, needed.most) == (17.0, 17.0)
    assert left(cases) == (12.0, 12.0)
    assert forecast.hours_left([past(50)], step=ATTESTATION, spent=0.0) is None


def test_nothing_is_done_before_the_first_day():
    assert left(past(50), until_first_day=40.0) == (50.0, 50.0)
    assert left(past(50), until_first_day=1.0) == (12.0, 12.0)
    assert left(past(50), step=CHECK, until_first_day=40.0) == (50.0, 50.0)


def test_what_is_unusual_is_longer_than_ninety_five_of_a_hundred():
    cases = [(None, None, None, float(hours), None) for hours in range(100)]
    limit = forecast.unusual_after([cases], step=KIV)
    assert limit == pytest.approx(95.0, abs=1.0)
    assert forecast.unusual_after([cases[:10]], step=KIV) is None
    assert forecast.unusual_after([cases], step=ATTESTATION) is None


@pytest.mark.parametrize("name", ["log-normal", "heavy tail", "slower and slower", "slow together"])
def test_nine_of_ten_forecasts_hold_in_a_replay(name):
    world = next(one for one in replay.WORLDS if one.name == name)
    score = replay.live(replay.shorter(world), seed=1)
    assert score.said > 300
    assert score.held / score.said >= replay.WANTED
