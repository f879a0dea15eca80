"""What the latest finished orders of each place took in each step, in working hours: what forecasts look at.

A row for each place, written at night with the day's orders; a page then reads a handful of rows by their
keys, however many cases there are. No persons.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from django.db import transaction

from provisioning import dates
from provisioning.cases import step_times
from provisioning.cases.step_times import Span
from provisioning.figures import counting
from provisioning.models import AccessRequest, StepHistory
from provisioning.rules.dates import working_hours
from provisioning.rules.dates.periods import STOCKHOLM
from provisioning.rules.forecast import PastCase
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.steps import OrderStep

KEPT = 200  # finished cases of each place, the latest
FURTHEST_DAYS = 365  # back, where nothing has been kept before
STEPS = tuple(step for step in OrderStep if step is not OrderStep.ORDER)  # as `rules.forecast` counts them

_DAYS_TOGETHER = 30


def catch_up() -> int:
    """Add every day that is over and not added yet. Returns how many."""
    today = dates.today()
    kept = StepHistory.objects.filter(place_key=counting.ALL).values_list("counted_to", flat=True).first()
    first = kept + timedelta(days=1) if kept else today - timedelta(days=FURTHEST_DAYS)
    day = first
    while day < today:
        end = min(day + timedelta(days=_DAYS_TOGETHER), today)
        add(day, end)
        day = end
    return (today - first).days


@transaction.atomic
def add(first: date, end: date) -> None:
    """Add the orders that were done from the first day on, before `end`. Done twice it is as done once."""
    found = _done(first, end)
    found.setdefault(counting.ALL, [])
    rows = {row.place_key: row for row in StepHistory.objects.filter(place_key__in=found)}
    for key, cases in found.items():
        row = rows.get(key) or StepHistory(place_key=key)
        earlier = [one for one in row.cases if one[0] < first.toordinal()]
        row.cases = [*sorted(cases, key=lambda one: -(one[0] or 0)), *earlier][:KEPT]
        row.counted_to = end - timedelta(days=1)
        row.save()


def of_places(keys: Iterable[str]) -> list[list[PastCase]]:
    """The finished cases of these places, the latest first; in the order of the keys."""
    wanted = list(dict.fromkeys(keys))
    rows = dict(StepHistory.objects.filter(place_key__in=wanted).values_list("place_key", "cases"))
    return [[one[1:] for one in rows[key]] for key in wanted if key in rows]


def _done(first: date, end: date) -> dict[str, list[list[float | None]]]:
    moments = [datetime.combine(day, time.min, tzinfo=STOCKHOLM) for day in (first, end)]
    done = AccessRequest.objects.filter(
        state=RequestState.DONE.value, state_since__gte=moments[0], state_since__lt=moments[1]
    )
    rows = list(done.select_related("order").order_by())
    found: dict[str, list[list[float | None]]] = defaultdict(list)
    spans = step_times.spans_of_many(rows)
    for row in rows:
        day = float(dates.today(row.state_since).toordinal())
        taken: list[float | None] = [day, *(_hours(row, step, spans[row.pk].get(step)) for step in STEPS)]
        for key in {spot.key for spot in counting.spots(row)}:
            found[key].append(taken)
    return found


def _hours(row: AccessRequest, step: OrderStep, span: Span | None) -> float | None:
    if span is None or span.ended is None:
        return None
    return round(working_hours.between(began(row, step, span), span.ended), 2)


def began(row: AccessRequest, step: OrderStep, span: Span) -> datetime:
    """When the work of the step could begin: nothing is checked before the order's first day."""
    if step is not OrderStep.CHECK:
        return span.began
    return max(span.began, first_moment(row))


def first_moment(row: AccessRequest) -> datetime:
    """When the order's first day begins."""
    return datetime.combine(row.starts_on, time.min, tzinfo=STOCKHOLM)


def place_keys(row: AccessRequest) -> list[str]:
    """The places whose history says most about this case, the nearest first."""
    everywhere, *nearer = (spot.key for spot in counting.spots(row))
    return [*nearer, everywhere]
