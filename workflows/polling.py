"""Watching the directory for the values that KIV tasks wait for: a task closes itself when they are there.

Due requests are claimed by moving their next look forward, read in few batched searches with no
transaction open, and recorded one by one under each flow's lock.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from functools import partial

from django.utils import timezone

from provisioning import readings, requests
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError, WrongState
from provisioning.models import AccessRequest
from provisioning.requests import Seen
from provisioning.rules.assessment import Assessment
from provisioning.rules.changes import is_in_place
from provisioning.rules.hsa import Answer, Attribute, Change
from provisioning.rules.lifecycle import State
from workflows import steps

log = logging.getLogger(__name__)

BATCH = 500

Values = Mapping[tuple[str, Attribute], tuple[str, ...] | None]


def poll_due() -> int:
    """Look once for every request whose next look is due. Returns how many tasks closed themselves."""
    due = _claim_due()
    if not due:
        return 0
    wanted = {(change.dn, change.attribute) for request in due for change in changes_of(request)}
    try:
        values = open_directory().values(wanted)
    except DirectoryError as exc:
        for request in due:
            _record(request, partial(requests.directory_is_silent, code=exc.code))
        return 0
    return sum(_record(request, partial(_record_seen, values=values)) for request in due)


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


def _claim_due() -> list[AccessRequest]:
    """Requests whose look is due, each moved to its next look first: two pollers never share one."""
    now = timezone.now()
    rows = AccessRequest.objects.filter(state=State.AWAITING_KIV.value, next_poll_at__lte=now).order_by(
        "next_poll_at"
    )
    claimed = []
    for request in rows[:BATCH]:
        following = now + requests.poll_delay(request.poll_count + 1)
        taken = AccessRequest.objects.filter(pk=request.pk, next_poll_at=request.next_poll_at).update(
            next_poll_at=following, poll_count=request.poll_count + 1
        )
        if taken:
            claimed.append(request)
    return claimed


def _record(request: AccessRequest, operation: steps.Operation) -> bool:
    """Record what was seen, under the flow's lock. A task that ended in between needs nothing more."""
    try:
        row = steps.act(request, State.AWAITING_KIV, operation, by=None)
    except WrongState:
        return False
    return row.current_state is not State.AWAITING_KIV


def _record_seen(row: AccessRequest, *, values: Values) -> None:
    requests.record_values(row, seen=seen_from(row, values))


def _all_of(answers: Collection[Answer]) -> Answer:
    if not answers or Answer.NO in answers:
        return Answer.NO
    return Answer.UNKNOWN if Answer.UNKNOWN in answers else Answer.YES


def _key(change: Change) -> tuple[str, Attribute]:
    return change.dn, change.attribute


def _about(request: AccessRequest, change: Change, values: Values) -> list[str] | None:
    """The values as evidence: of a commission only those that name this person, never other members."""
    found = values.get(_key(change))
    if found is None:
        return None
    if change.attribute is Attribute.SYSTEM_ROLE:
        return list(found)
    return [value for value in found if value.split(";")[0].strip().casefold() == request.subject_key]


def _near_misses(found: Assessment) -> tuple[Mapping[str, str], ...]:
    """Which of the causes say what stands there instead of the wanted values."""
    return tuple(
        {"code": cause.code.value, "about": cause.about, "expected": cause.expected}
        for cause in found.causes
        if cause.code.value.startswith(("role.", "commission."))
    )
