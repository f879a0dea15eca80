"""When an open order will probably be ready."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from provisioning import dates
from provisioning.cases import step_times
from provisioning.cases.step_times import Span
from provisioning.figures import step_history
from provisioning.models import AccessRequest
from provisioning.rules import forecast
from provisioning.rules.dates import working_hours
from provisioning.rules.states.steps import OrderStep


@dataclass(frozen=True, slots=True)
class Expected:
    """Between which days; both None where too little is known, here or of orders that wait this long."""

    first: date | None = None
    last: date | None = None
    is_past_what_is_known: bool = False  # hardly any order here has been so long in its step


def of(row: AccessRequest, *, now: datetime) -> Expected:
    """When this open order is ready, as far as this installation's own finished ones tell."""
    here = step_now(step_times.spans(row))
    if here is None:
        return Expected()
    places = step_history.of_places(step_history.place_keys(row))
    step, span = here
    spent = hours_in_step(row, step, span, now)
    found = forecast.hours_left(
        places,
        step=step_history.STEPS.index(step),
        spent=spent,
        skipped=() if row.needs_second_attester else (forecast.SECOND_APPROVAL,),
        until_first_day=working_hours.between(now, step_history.first_moment(row)),
    )
    if found is None:
        limit = forecast.unusual_after(places, step=step_history.STEPS.index(step))
        return Expected(is_past_what_is_known=limit is not None and spent > limit)
    first = max(dates.today(working_hours.first_after(now, found.fewest)), _earliest(row, now))
    return Expected(first, max(first, dates.today(working_hours.last_after(now, found.most))))


def step_now(spans: dict[OrderStep, Span]) -> tuple[OrderStep, Span] | None:
    """The step an open order is in: the last that it has come to and not left."""
    lasting = [(step, span) for step, span in spans.items() if span.ended is None]
    return max(lasting, key=lambda pair: pair[0], default=None)


def hours_in_step(row: AccessRequest, step: OrderStep, span: Span, now: datetime) -> float:
    """Working hours since the step began, or could begin."""
    return working_hours.between(step_history.began(row, step, span), now)


def _earliest(row: AccessRequest, now: datetime) -> date:
    """Nothing is ready before its first day."""
    return max(dates.today(now), row.starts_on)
