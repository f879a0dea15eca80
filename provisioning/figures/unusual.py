"""Orders that are longer in their step than 95 of 100 here: marked, and whoever can act is told once."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import handlers, moves, step_times
from provisioning.figures import expected, step_history
from provisioning.messages.texts import MessageKind
from provisioning.models import AccessRequest
from provisioning.rules import forecast
from provisioning.rules.states.steps import STEP_OF, OrderStep

AT_A_TIME = 500
SHORTEST = timedelta(hours=1)  # in its state: nothing is unusual before


def tell_all() -> int:
    """Mark every open order whose step lasts unusually long. Returns how many."""
    now = timezone.now()
    limits = _Limits()
    return sum(_mark(row.pk, step) for row, step in _lasting(now, limits))


class _Limits:
    """After how many hours a step is unusual, by place: orders of one unit share it."""

    def __init__(self) -> None:
        self._of_place: dict[tuple[str, str], dict[OrderStep, float | None]] = {}

    def of(self, row: AccessRequest, step: OrderStep) -> float | None:
        place = row.unit_key, row.unit_dn
        if place not in self._of_place:
            cases = step_history.of_places(step_history.place_keys(row))
            self._of_place[place] = {
                one: forecast.unusual_after(cases, step=step_history.STEPS.index(one))
                for one in step_history.STEPS
            }
        return self._of_place[place][step]


def _lasting(now: datetime, limits: _Limits) -> Iterator[tuple[AccessRequest, OrderStep]]:
    rows = AccessRequest.objects.open().filter(state_since__lt=now - SHORTEST)
    last = 0
    while batch := list(rows.filter(pk__gt=last).select_related("order").order_by("pk")[:AT_A_TIME]):
        last = batch[-1].pk
        yield from _of_batch([row for row in batch if not row.lasts_unusually], now, limits)


def _of_batch(
    rows: Collection[AccessRequest], now: datetime, limits: _Limits
) -> Iterator[tuple[AccessRequest, OrderStep]]:
    all_spans = step_times.spans_of_many(rows)
    for row in rows:
        step, spans = STEP_OF[row.current_state], all_spans[row.pk]
        limit = limits.of(row, step)
        if limit is None or step not in spans:
            continue
        if expected.hours_in_step(row, step, spans[step], now) > limit:
            yield row, step


@transaction.atomic
def _mark(pk: int, step: OrderStep) -> bool:
    row = moves.lock(AccessRequest, pk)
    if STEP_OF.get(row.current_state) is not step or row.lasts_unusually:
        return False
    row.unusual_steps = [*row.unusual_steps, step.name]
    row.save(update_fields=["unusual_steps"])
    entry = events.record(Action.UNUSUALLY_LONG, actor=None, request=row, step=step.name)
    handlers.ask(entry, row, MessageKind.UNUSUALLY_LONG)
    return True
