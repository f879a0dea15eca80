"""How often the forecast of an order holds: synthetic histories are lived through, each answer is checked.

    python -m benchmarks forecast

Each world is a year of orders in nine administrator groups. The forecast is asked for when an order comes to
a step and a day after, if it is there still; it may look only at what had been carried out the night before
the order was placed. The bar: it holds in 90 of 100. Neither database nor directory is needed, and the seed
is fixed.
"""

from __future__ import annotations

import heapq
import random
import statistics
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from benchmarks.tables import Table
from provisioning.rules import forecast
from provisioning.rules.dates import working_hours
from provisioning.rules.dates.periods import STOCKHOLM

SEED = 20261128
WANTED = 0.90
KEPT = 200  # finished cases of a place, as figures keep them
GROUPS = 9
BEGIN = datetime(2024, 1, 8, 9, 0, tzinfo=STOCKHOLM)

Draw = Callable[[random.Random, float], float]  # of a source of chance, and how far through the world: 0 to 1


@dataclass(frozen=True)
class World:
    """How long steps take there, in working hours, and how many orders there are a working day."""

    name: str
    attestation: Draw
    check: Draw
    kiv: Draw
    verification: Draw
    a_day: float = 4.0
    years: float = 1.0
    slow_groups: float = 1.0  # how many times longer KIV takes in the last group than in the first
    slow_together: bool = False  # a slow case is slow in each step
    by_day_and_night: bool = False  # some steps are done in the evening or on a Sunday
    without_kiv: float = 0.1  # what share needs nothing in KIV


@dataclass
class Score:
    """What came of one world."""

    asked: int = 0
    said: int = 0
    held: int = 0
    days_wide: list[int] = field(default_factory=list)


def _lognormal(median: float, sigma: float) -> Draw:
    return lambda chance, _through: median * chance.lognormvariate(0.0, sigma)


def _exponential(mean: float) -> Draw:
    return lambda chance, _through: chance.expovariate(1 / mean)


def _two_kinds(short: float, long: float, share_long: float) -> Draw:
    """Some at once, some only when somebody is back."""

    def draw(chance: random.Random, _through: float) -> float:
        middle = long if chance.random() < share_long else short
        return middle * chance.lognormvariate(0.0, 0.5)

    return draw


def _heavy(least: float, shape: float) -> Draw:
    return lambda chance, _through: min(least * chance.paretovariate(shape), 900.0)


def _drifting(begin: float, end: float, sigma: float) -> Draw:
    return lambda chance, through: (begin + (end - begin) * through) * chance.lognormvariate(0.0, sigma)


def _changed_at_once(before: float, after: float, sigma: float) -> Draw:
    return lambda chance, through: (before if through < 0.5 else after) * chance.lognormvariate(0.0, sigma)


_CHECK, _VERIFICATION = _two_kinds(0.01, 30.0, 0.15), _exponential(0.2)
WORLDS = (
    World("log-normal", _lognormal(5.0, 1.0), _CHECK, _lognormal(9.0, 0.9), _VERIFICATION),
    World("exponential", _exponential(8.0), _CHECK, _exponential(14.0), _VERIFICATION),
    World("two kinds", _two_kinds(1.0, 40.0, 0.2), _CHECK, _two_kinds(3.0, 60.0, 0.15), _VERIFICATION),
    World("heavy tail", _heavy(2.0, 1.3), _CHECK, _heavy(4.0, 1.4), _VERIFICATION),
    World("groups apart", _lognormal(5.0, 0.8), _CHECK, _lognormal(5.0, 0.8), _VERIFICATION, slow_groups=8.0),
    World("slower and slower", _drifting(4.0, 9.0, 0.8), _CHECK, _drifting(6.0, 18.0, 0.8), _VERIFICATION),
    World("quicker and quicker", _drifting(9.0, 4.0, 0.8), _CHECK, _drifting(18.0, 6.0, 0.8), _VERIFICATION),
    World("changed at once", _lognormal(5.0, 0.8), _CHECK, _changed_at_once(6.0, 20.0, 0.8), _VERIFICATION),
    World(
        "slow together",
        _lognormal(5.0, 0.3),
        _lognormal(3.0, 0.3),
        _lognormal(9.0, 0.3),
        _exponential(2.0),
        slow_together=True,
    ),
    World(
        "by day and night",
        _lognormal(5.0, 1.0),
        _CHECK,
        _lognormal(9.0, 0.9),
        _VERIFICATION,
        by_day_and_night=True,
    ),
    World("thin history", _lognormal(5.0, 1.0), _CHECK, _lognormal(9.0, 0.9), _VERIFICATION, a_day=0.15),
)


def run() -> Table:
    table = Table(
        "Forecast: does it hold, and how wide is it",
        ("history", "asked", "answered", "held", "median width, days"),
    )
    scores = [(world, live(world, seed=SEED)) for world in WORLDS]
    for world, score in scores:
        share = score.held / score.said if score.said else 1.0
        table.add(
            world.name,
            str(score.asked),
            f"{100 * score.said / score.asked:.0f} %",
            f"{100 * share:.1f} %",
            f"{statistics.median(score.days_wide):.0f}" if score.days_wide else "-",
            is_met=share >= WANTED,
        )
    said = sum(score.said for _world, score in scores)
    held = sum(score.held for _world, score in scores)
    wide = statistics.median([days for _world, score in scores for days in score.days_wide])
    asked = sum(score.asked for _world, score in scores)
    table.add(
        *("all", str(asked), f"{100 * said / asked:.0f} %", f"{100 * held / said:.1f} %", f"{wide:.0f}"),
        is_met=held / said >= WANTED,
    )
    table.notes.append("Width: calendar days from the first to the last day named; 0 is a single day.")
    return table


def shorter(world: World) -> World:
    """The same with so few orders that a test can live through it."""
    return replace(world, years=0.25, a_day=2.0)


def live(world: World, *, seed: int) -> Score:
    """Live through the orders one after the other, and ask about each as it goes."""
    chance = random.Random(f"{seed} {world.name}")  # noqa: S311 - a replay, no secret
    score = Score()
    places: list[deque[forecast.PastCase]] = [deque(maxlen=KEPT) for _group in range(GROUPS + 1)]
    done: list[tuple[datetime, int, int, forecast.PastCase]] = []
    for number, (ordered, through) in enumerate(_orders(world, chance)):
        while done and done[0][0].date() < ordered.date():
            _at, _number, group, past = heapq.heappop(done)
            places[group].appendleft(past)
            places[GROUPS].appendleft(past)
        group = number % GROUPS
        moments, past = _life(world, chance, ordered, through, group)
        known = [list(places[group]), list(places[GROUPS])]
        _check(score, known, moments)
        heapq.heappush(done, (moments[-1][1], number, group, past))
    return score


def _orders(world: World, chance: random.Random) -> Iterator[tuple[datetime, float]]:
    at, hours = BEGIN, 0.0
    whole = world.years * 250 * working_hours.HOURS_A_DAY
    while hours < whole:
        further = chance.expovariate(world.a_day / working_hours.HOURS_A_DAY)
        hours, at = hours + further, working_hours.first_after(at, further)
        yield at, min(hours / whole, 1.0)


def _life(
    world: World, chance: random.Random, ordered: datetime, through: float, group: int
) -> tuple[list[tuple[int, datetime]], forecast.PastCase]:
    """When it left each step that it came to, and what it took in each as figures would count it."""
    slow = chance.lognormvariate(0.0, 0.8) if world.slow_together else 1.0
    times = 1.0 + (world.slow_groups - 1.0) * group / (GROUPS - 1)
    wanted = {
        0: world.attestation(chance, through) * slow,
        2: world.check(chance, through) * slow,
        3: world.kiv(chance, through) * slow * times,
        4: world.verification(chance, through),
    }
    if chance.random() < world.without_kiv:
        del wanted[3]
    past: list[float | None] = [None] * forecast.STEPS
    at, moments = ordered, [(0, ordered)]
    for step, hours in wanted.items():
        left = working_hours.first_after(at, hours)
        if world.by_day_and_night and chance.random() < 0.15:
            left += timedelta(hours=chance.uniform(1, 40))
        past[step] = working_hours.between(at, left)
        moments.append((step, left))
        at = left
    return moments, past


def _check(score: Score, known: list[list[forecast.PastCase]], moments: list[tuple[int, datetime]]) -> None:
    """Ask at the beginning of each step and a day into it, if it is still there then."""
    ready = moments[-1][1]
    for (_before, began), (step, left) in zip(moments, moments[1:], strict=False):
        for asked_at in (began, began + timedelta(days=1)):
            if asked_at >= left:
                continue
            score.asked += 1
            spent = working_hours.between(began, asked_at)
            found = forecast.hours_left(known, step=step, spent=spent, skipped=(forecast.SECOND_APPROVAL,))
            if found is None:
                continue
            first = working_hours.first_after(asked_at, found.fewest).date()
            last = working_hours.last_after(asked_at, found.most).date()
            score.said += 1
            score.held += first <= ready.date() <= last
            score.days_wide.append((last - first).days)
