"""The figures of a period: the kept days, and the days that are not kept yet counted now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from provisioning.figures import counting, roll_up, spread
from provisioning.figures.counting import Counts
from provisioning.models import DayFigures

MOST_OPEN_DAYS = 7  # while the nightly job has not run for long, the page stays quick and says so


@dataclass(slots=True)
class Period:
    """What ended in a stretch of days. `weeks` by their Monday."""

    total: Counts = field(default_factory=Counter)
    weeks: dict[date, Counts] = field(default_factory=dict)
    is_whole: bool = True  # False: days before the last few are not counted yet


def read(place_keys: Collection[str], *, first: date, last: date, service: str = "") -> Period:
    """Add up the places' days. `service` blank: all."""
    monday = first - timedelta(days=first.weekday())
    weeks = (last - monday).days // 7 + 1
    found = Period(weeks={monday + timedelta(weeks=number): Counter() for number in range(weeks)})
    for day, counts in _kept(place_keys, first, last, service):
        _add(found, day, counts)
    kept_to = roll_up.last_day() or first - timedelta(days=1)
    day = max(first, kept_to + timedelta(days=1), last - timedelta(days=MOST_OPEN_DAYS - 1))
    is_next = day <= kept_to + timedelta(days=1) or day == first
    found.is_whole = is_next or not counting.has_ended_before(day)
    while day <= last:
        for (_spot, of_service), counts in counting.of_day(day, only=place_keys).items():
            if service in ("", of_service):
                _add(found, day, counts)
        day += timedelta(days=1)
    for counts in found.weeks.values():
        found.total.update(counts)
    return found


def _kept(
    place_keys: Collection[str], first: date, last: date, service: str
) -> Iterator[tuple[date, Mapping[str, int]]]:
    rows = DayFigures.objects.filter(place_key__in=place_keys, day__gte=first, day__lte=last)
    if service:
        rows = rows.filter(service=service)
    yield from rows.values_list("day", "counts")


def _add(found: Period, day: date, counts: Mapping[str, int]) -> None:
    found.weeks[day - timedelta(days=day.weekday())].update(counts)


def slots(counts: Counts, name: str) -> dict[int, int]:
    """The counts by length of one thing, as `spread` takes them."""
    begin = f"{name}:"
    return {int(key[len(begin) :]): count for key, count in counts.items() if key.startswith(begin)}


def causes(counts: Counts) -> list[tuple[str, int]]:
    """Why cases were not right at once, the most frequent first."""
    found = [(key.partition(":")[2], count) for key, count in counts.items() if key.startswith("cause:")]
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def length(counts: Counts, name: str, share: float) -> timedelta | None:
    """What this share of them did not take longer than."""
    return spread.quantile(slots(counts, name), share)
