"""When an order will probably be ready, by what finished ones took; and when a step takes unusually long.

Lengths are working hours (`dates.working_hours`). What is left of the step it is in, given the time it has
taken already, and the steps to come are added up from what finished cases took: as if the steps had nothing
to do with each other, and as if a slow one were always followed by slow ones. The truth lies between, and
what is said holds both. So it does for the latest cases alone and for all that are looked at, since offices
change their ways. Nothing is drawn by chance: the same history always says the same.

Source: our own choice; `python -m benchmarks forecast` measures how often it holds (docs/operations.md).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

STEPS = 5  # approval, second approval, check of the commission, in KIV, check of the log-in
SECOND_APPROVAL, FIRST_AFTER_APPROVAL = 1, 2

# What a finished case took in each step; None: it never came to the step.
PastCase = Sequence[float | None]

FEWEST = 20  # cases that came to a step; fewer say nothing about it
ENOUGH = 40  # of one place: then the wider surroundings are not asked
FEWEST_LONGER = 8  # cases that were in the step at least as long as this one has been
LATEST = 60  # how far back "lately" reaches
SHARE_BELOW, SHARE_ABOVE = (
    0.10,
    0.85,
)  # of what is added up; with both ways of adding, 95 of 100 cases lie within
UNUSUAL_SHARE = 0.95
_POINTS = 48


@dataclass(frozen=True, slots=True)
class HoursLeft:
    """Between how many working hours from now it is ready."""

    fewest: float
    most: float


def hours_left(
    places: Sequence[Sequence[PastCase]],
    *,
    step: int,
    spent: float,
    skipped: Collection[int] = (),
    until_first_day: float = 0.0,
) -> HoursLeft | None:
    """How much longer it will probably take; None where too little is known to say.

    `places`: finished cases of the place itself, then of each wider one, in each the latest first. `spent`:
    in the step it is in. `skipped`: steps that this order never comes to. `until_first_day`: nothing after
    the approvals is done before its first day.
    """
    found = [
        one
        for looked_at in ([cases[:LATEST] for cases in places], places)
        if (one := _spread(looked_at, step, spent, skipped, until_first_day)) is not None
    ]
    if not found:
        return None
    return HoursLeft(
        min(_quantile(one, SHARE_BELOW) for one in found), max(_quantile(one, SHARE_ABOVE) for one in found)
    )


def unusual_after(places: Sequence[Sequence[PastCase]], *, step: int) -> float | None:
    """After how many hours in this step 95 of 100 had left it; None where too little is known."""
    lengths = _lengths(places, step, at_least=0.0, fewest=FEWEST)
    return None if lengths is None else _quantile(lengths, UNUSUAL_SHARE)


def _spread(
    places: Sequence[Sequence[PastCase]],
    step: int,
    spent: float,
    skipped: Collection[int],
    until_first_day: float,
) -> list[float] | None:
    """What is left in all, as points that are equally probable."""
    here = _lengths(places, step, at_least=spent, fewest=FEWEST_LONGER)
    if here is None:
        return None
    total = [0.0]
    for number in range(step, STEPS):
        if number in skipped:
            continue
        coming = _coming(places, number, is_certain=number == SECOND_APPROVAL) if number > step else here
        if coming is None:
            return None
        if number == max(step, FIRST_AFTER_APPROVAL):
            total = [max(one, until_first_day) for one in total]
        total = _added(total, _condensed(one - (spent if number == step else 0.0) for one in coming))
    return total


def _lengths(
    places: Sequence[Sequence[PastCase]], step: int, *, at_least: float, fewest: int
) -> list[float] | None:
    """What those took that were in the step that long: of the nearest place with enough of them."""
    widest: list[float] = []
    for cases in places:
        taken = [length for case in cases if (length := case[step]) is not None]
        longer = [length for length in taken if length >= at_least]
        if len(taken) >= ENOUGH and len(longer) >= fewest:
            return longer
        if len(taken) >= FEWEST:
            widest = longer
    return widest if len(widest) >= fewest else None


def _coming(places: Sequence[Sequence[PastCase]], step: int, *, is_certain: bool) -> list[float] | None:
    """What a step to come takes; none in the cases that never came to it, unless it surely comes."""
    widest: list[float] = []
    for cases in places:
        found = [case[step] or 0.0 for case in cases if not is_certain or case[step] is not None]
        if len(found) >= ENOUGH:
            return found
        widest = found
    return widest if len(widest) >= FEWEST else None


def _added(some: Sequence[float], others: Sequence[float]) -> list[float]:
    """Sums of both: half of them as if neither knew of the other, half as if both were slow together."""
    apart = _condensed(one + other for one in some for other in others)
    together = [
        _quantile(some, number / (_POINTS - 1)) + _quantile(others, number / (_POINTS - 1))
        for number in range(_POINTS)
    ]
    return _condensed([*apart, *together])


def _condensed(found: Iterable[float]) -> list[float]:
    """At most so many of them, in order, the least and the most among them."""
    ordered = sorted(found)
    if len(ordered) <= _POINTS:
        return ordered
    last = len(ordered) - 1
    return [ordered[round(number * last / (_POINTS - 1))] for number in range(_POINTS)]


def _quantile(found: Sequence[float], share: float) -> float:
    """The value that this share does not exceed, a little to the outer side where they are few."""
    ordered = sorted(found)
    place = share * (len(ordered) + 1) - 1
    number = math.ceil(place) if share > 0.5 else math.floor(place)
    return ordered[min(max(number, 0), len(ordered) - 1)]
