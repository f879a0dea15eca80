"""Watching the directory for what KIV tasks wait for: they close themselves when values are there, or gone.

Due requests and removals are claimed by moving their next look forward, read in few batched searches with
no transaction open, and recorded one by one under each flow's lock.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from functools import partial

from django.db.models import QuerySet
from django.utils import timezone

from provisioning import readings, removals, requests
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError, WrongState
from provisioning.grant_models import Removal
from provisioning.models import AccessRequest
from provisioning.requests import Seen
from provisioning.rules.assessment import Assessment
from provisioning.rules.changes import is_in_place
from provisioning.rules.hsa import Answer, Attribute, Change
from provisioning.rules.lifecycle import State
from provisioning.rules.removal import Held, is_gone
from provisioning.rules.right_lifecycle import RemovalState
from workflows import steps

log = logging.getLogger(__name__)

BATCH = 500

Values = Mapping[tuple[str, Attribute], tuple[str, ...] | None]


def poll_due() -> int:
    """Look once for everything whose next look is due. Returns how many tasks closed themselves."""
    wanted = _claim_due(AccessRequest.objects.filter(state=State.AWAITING_KIV.value))
    unwanted = _claim_due(Removal.objects.filter(state=RemovalState.AWAITING_KIV.value))
    places = {_key(change) for request in wanted for change in changes_of(request)}
    places |= {_key(held) for removal in unwanted for held in removals.changes_of(removal)}
    if not places:
        return 0
    try:
        values = open_directory().values(places)
    except DirectoryError as exc:
        for request in wanted:
            _record(request, partial(requests.directory_is_silent, code=exc.code))
        for removal in unwanted:
            _record(removal, partial(removals.directory_is_silent, code=exc.code))
        return 0
    closed = sum(_record(request, partial(_record_seen, values=values)) for request in wanted)
    return closed + sum(_record(removal, partial(_record_gone, values=values)) for removal in unwanted)


def look(request: AccessRequest) -> Seen | None:
    """What the directory shows now of the request's wanted values, and what stands there instead, by name.

    None when the directory does not answer.
    """
    changes = changes_of(request)
    try:
        values = open_directory().values({(change.dn, change.attribute) for change in changes})
    except DirectoryError:
        return None
    order = request.ordered_access
    found = readings.assess_now(order, readings.read_for(order))
    return seen_from(request, values, instead=_near_misses(found))


def seen_from(request: AccessRequest, values: Values, *, instead: tuple[Mapping[str, str], ...] = ()) -> Seen:
    """What these values say of the request's wanted changes."""
    read_at = timezone.now()
    changes = changes_of(request)
    answers = [is_in_place(change, values.get(_key(change)) or (), at=read_at) for change in changes]
    return Seen(
        read_at=read_at,
        values={(change.dn, change.attribute.value): _about(request, change, values) for change in changes},
        is_in_place=_all_of(answers),
        instead=instead,
    )


def changes_of(request: AccessRequest) -> tuple[Change, ...]:
    return tuple(readings.change_from(data) for data in request.changes)


def look_at_removal(removal: Removal) -> removals.Seen | None:
    """What the directory shows now of the values to remove. None when it does not answer."""
    try:
        values = open_directory().values({_key(held) for held in removals.changes_of(removal)})
    except DirectoryError:
        return None
    return gone_from(removal, values)


def gone_from(removal: Removal, values: Values) -> removals.Seen:
    """What these values say of the values to remove."""
    read_at = timezone.now()
    unwanted = removals.changes_of(removal)
    return removals.Seen(
        read_at=read_at,
        values={(held.dn, held.attribute.value): _about(removal, held, values) for held in unwanted},
        gone=tuple(is_gone(held, values[_key(held)], at=read_at) for held in unwanted),
    )


def _claim_due(rows: QuerySet[steps.Case]) -> list[steps.Case]:
    """Those whose look is due, each moved to its next look first: two pollers never share one."""
    now = timezone.now()
    claimed = []
    for row in rows.filter(next_poll_at__lte=now).order_by("next_poll_at")[:BATCH]:
        following = now + requests.poll_delay(row.poll_count + 1)
        taken = rows.filter(pk=row.pk, next_poll_at=row.next_poll_at).update(
            next_poll_at=following, poll_count=row.poll_count + 1
        )
        if taken:
            claimed.append(row)
    return claimed


def _record(case: steps.Case, operation: steps.Operation[steps.Case]) -> bool:
    """Record what was seen, under the flow's lock. A task that ended in between needs nothing more."""
    state = case.current_state
    try:
        row = steps.act(case, state, operation, by=None)
    except WrongState:
        return False
    return row.current_state is not state


def _record_seen(row: AccessRequest, *, values: Values) -> None:
    requests.record_values(row, seen=seen_from(row, values))


def _record_gone(row: Removal, *, values: Values) -> None:
    """The row may have got other values to remove since it was claimed: then the next look does it."""
    if all(_key(held) in values for held in removals.changes_of(row)):
        removals.record_values(row, seen=gone_from(row, values))


def _all_of(answers: Collection[Answer]) -> Answer:
    if not answers or Answer.NO in answers:
        return Answer.NO
    return Answer.UNKNOWN if Answer.UNKNOWN in answers else Answer.YES


def _key(change: Change | Held) -> tuple[str, Attribute]:
    return change.dn, change.attribute


def _about(case: AccessRequest | Removal, change: Change | Held, values: Values) -> list[str] | None:
    """The values as evidence: of a commission only those that name this person, never other members."""
    found = values.get(_key(change))
    if found is None:
        return None
    if change.attribute is Attribute.SYSTEM_ROLE:
        return list(found)
    return [value for value in found if value.split(";")[0].strip().casefold() == case.subject_key]


def _near_misses(found: Assessment) -> tuple[Mapping[str, str], ...]:
    """Which of the causes say what stands there instead of the wanted values."""
    return tuple(
        {"code": cause.code.value, "about": cause.about, "expected": cause.expected}
        for cause in found.causes
        if cause.code.value.startswith(("role.", "commission."))
    )
