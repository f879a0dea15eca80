"""Counting one day: what ended on it, for all, for each unit and for each place above a unit.

A count's name is a word, or a word and a slot of `spread`: `lead:31`. Nothing in it names a person.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from provisioning.audit.events import Action
from provisioning.cases import step_times
from provisioning.figures import spread
from provisioning.models import AccessRequest, AuditEntry, Case, Removal
from provisioning.rules import names
from provisioning.rules.dates.periods import STOCKHOLM
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import RemovalState
from provisioning.rules.states.steps import OrderStep

ALL = "all"
Counts = Counter[str]

# What happened in a case that was not right at once.
OBSTACLES = (
    Action.CHOICE_NEEDED,
    Action.NOT_SEEN,
    Action.OUTDATED,
    Action.PASSED_ON,
    Action.VERIFICATION_FAILED,
)
# How a case ended that gave nothing. Withdrawn ones count neither way.
_IN_VAIN = (RequestState.REJECTED, RequestState.CANNOT_BE_DONE, RequestState.GAVE_UP)


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that figures are kept for: a unit by its id, or a place of the directory by its name there."""

    key: str
    dn: str = field(default="", compare=False)  # however it is written, it is one place
    name: str = field(default="", compare=False)


EVERYWHERE = Spot(ALL)
DayCounts = dict[tuple[Spot, str], Counts]


def place_key(dn: str) -> str:
    """The key of a place of the directory: the same however its name is written."""
    return hashlib.sha256("\n".join(names.key(dn)).encode()).hexdigest()[:40]


def of_day(day: date, *, only: Collection[str] | None = None) -> DayCounts:
    """What ended on that day, by place and service. `only`: of the places with these keys."""
    begin, end = (datetime.combine(day + timedelta(days=n), time.min, tzinfo=STOCKHOLM) for n in (0, 1))
    found: DayCounts = defaultdict(Counter)
    known: dict[tuple[str, str], list[Spot]] = {}  # many cases of a day lie in the same place
    for row, counts in (*_of_requests(begin, end), *_of_removals(begin, end)):
        place = row.unit_key, row.unit_dn
        if place not in known:
            known[place] = _wanted(row, only)
        for spot in known[place]:
            found[spot, row.service].update(counts)
    return found


def _wanted(row: Case, only: Collection[str] | None) -> list[Spot]:
    if only is not None and set(only) == {ALL}:
        return [EVERYWHERE]
    return [spot for spot in spots(row) if only is None or spot.key in only]


def has_ended_before(day: date) -> bool:
    """Say whether any case had ended before that day."""
    begin = datetime.combine(day, time.min, tzinfo=STOCKHOLM)
    return AccessRequest.objects.filter(state_since__lt=begin).exists()


def _of_requests(begin: datetime, end: datetime) -> Iterator[tuple[AccessRequest, Counts]]:
    ended = AccessRequest.objects.filter(
        state__in=[RequestState.DONE.value, *(one.value for one in _IN_VAIN)],
        state_since__gte=begin,
        state_since__lt=end,
    )
    rows = list(ended.select_related("order").order_by())
    obstacles = _obstacles(rows)
    all_spans = step_times.spans_of_many(rows)
    for row in rows:
        counts: Counts = Counter()
        hindered = obstacles.get(row.public_id, set())
        if row.state == RequestState.DONE.value:
            counts["done"] += 1
            counts["right"] += not hindered
            counts[f"lead:{spread.slot(row.state_since - row.order.created_at)}"] += 1
            for step, span in all_spans[row.pk].items():
                if span.ended is not None and step is not OrderStep.ORDER:
                    counts[f"{step.name}:{spread.slot(span.ended - span.began)}"] += 1
        else:
            counts["vain"] += 1
            hindered = {*hindered, row.state}
        counts.update(f"cause:{one}" for one in hindered)
        yield row, counts


def _obstacles(rows: Iterable[AccessRequest]) -> Mapping[object, set[str]]:
    entries = AuditEntry.objects.filter(
        request__in=[row.public_id for row in rows], action__in=[one.value for one in OBSTACLES]
    )
    found: dict[object, set[str]] = defaultdict(set)
    for public_id, action in entries.values_list("request_id", "action"):
        found[public_id].add(action)
    return found


def _of_removals(begin: datetime, end: datetime) -> Iterator[tuple[Removal, Counts]]:
    proven = Removal.objects.filter(
        state=RemovalState.DONE.value, state_since__gte=begin, state_since__lt=end
    )
    for row in proven.order_by():
        yield row, Counter([f"removal:{spread.slot(row.state_since - row.started_at)}"])


def spots(row: Case) -> Iterator[Spot]:
    """Everywhere, its unit, and each place it lies in, the nearest first."""
    yield EVERYWHERE
    yield Spot(row.unit_key)
    if row.unit_dn:
        for dn in (row.unit_dn, *names.ancestors(row.unit_dn)):
            pair = names.first_pair(dn)
            yield Spot(place_key(dn), names.tidy(dn), pair[1] if pair else dn)
