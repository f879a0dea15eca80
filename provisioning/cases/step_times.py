"""How long each step of an order takes here, by this installation's own finished cases.

Says nothing where there is too little to say it by: no time is made up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django.core.cache import caches

from provisioning.audit.events import Action
from provisioning.copies import NEAR
from provisioning.models import AccessRequest, AuditEntry
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.steps import OrderStep

FEWEST = 3  # finished cases; fewer are no usual time
LOOKED_AT = 50  # the latest ones
KEPT_SECONDS = 300


@dataclass(frozen=True, slots=True)
class Span:
    """When a step began, and when it ended; `ended` is None while it lasts."""

    began: datetime
    ended: datetime | None


@dataclass(frozen=True, slots=True)
class Usual:
    """The middle of what finished cases took: in all, and in each step that they took time in."""

    whole: timedelta
    steps: Mapping[OrderStep, timedelta]


def spans(request: AccessRequest) -> dict[OrderStep, Span]:
    """The steps that this case has come to, with their times."""
    return _spans(request, _given_to_kiv([request]).get(request.public_id))


def spans_of_many(requests: Collection[AccessRequest]) -> dict[int, dict[OrderStep, Span]]:
    """The same of many, by their keys."""
    given = _given_to_kiv(requests)
    return {row.pk: _spans(row, given.get(row.public_id)) for row in requests}


def usual(service: str) -> Usual | None:
    """How long orders for this service take here; None where too few have been carried out."""
    key, near = f"step_times:2:{service}", caches[NEAR]
    kept = near.get(key)
    if kept is None:
        kept = (_usual(service),)
        near.set(key, kept, KEPT_SECONDS)
    found: Usual | None = kept[0]
    return found


def _usual(service: str) -> Usual | None:
    done = AccessRequest.objects.filter(service=service, state=RequestState.DONE.value)
    rows = list(done.select_related("order").order_by("-state_since")[:LOOKED_AT])
    if len(rows) < FEWEST:
        return None
    given = _given_to_kiv(rows)
    taken: dict[OrderStep, list[timedelta]] = {step: [] for step in OrderStep}
    for row in rows:
        for step, span in _spans(row, given.get(row.public_id)).items():
            if span.ended is not None:
                taken[step].append(span.ended - span.began)
    return Usual(
        whole=_middle(row.state_since - row.order.created_at for row in rows),
        steps={step: _middle(found) for step, found in taken.items() if len(found) >= FEWEST},
    )


def _middle(found: Iterable[timedelta]) -> timedelta:
    return timedelta(seconds=median(one.total_seconds() for one in found))


def _given_to_kiv(rows: Collection[AccessRequest]) -> dict[object, datetime]:
    """When each became a KIV administrator's task, the first time."""
    entries = AuditEntry.objects.filter(
        request__in=[row.public_id for row in rows], action=Action.KIV_NEEDED.value
    )
    found: dict[object, datetime] = {}
    for public_id, at in entries.order_by("-sequence").values_list("request_id", "at"):
        found[public_id] = at
    return found


def _spans(request: AccessRequest, given_to_kiv: datetime | None) -> dict[OrderStep, Span]:
    """What is stored of a case says when each step ended; the next one begins there."""
    over = None if request.is_open else request.state_since
    ordered = request.order.created_at
    attested = request.second_attested_at if request.needs_second_attester else request.attested_at
    second_began = request.attested_at if request.needs_second_attester else None
    marks = [
        (OrderStep.ORDER, ordered, ordered),
        (OrderStep.ATTESTATION, ordered, request.attested_at),
        (OrderStep.SECOND_ATTESTATION, second_began, attested),
        (OrderStep.CHECK, attested, given_to_kiv or request.values_seen_at),
        (OrderStep.KIV, given_to_kiv, request.values_seen_at),
        (OrderStep.VERIFICATION, request.values_seen_at, None),
    ]
    return {
        step: Span(began, ended if ended is not None and ended >= began else over)
        for step, began, ended in marks
        if began is not None
    }
