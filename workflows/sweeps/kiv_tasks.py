"""Watching the directory for what KIV tasks wait for: they close themselves when values are there, or gone.

Due requests and removals are claimed together by moving their next look forward, read a hundred in one search
with no transaction open, and recorded one by one under each flow's lock: those only of which there is news.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from provisioning.assessments import reading
from provisioning.cases import schedule, silence
from provisioning.cases.evidence import SeenUnwanted, SeenWanted
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError, WrongState
from provisioning.models import AccessRequest, Case, Removal
from provisioning.orders import carry_out as orders_carry_out
from provisioning.orders import outdated as orders_outdated
from provisioning.removals import carry_out as removals_carry_out
from provisioning.removals import look as removals_look
from provisioning.removals import moves
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.hsa import Answer, Attribute, Change
from provisioning.rules.proof import is_in_place
from provisioning.rules.removal import StoredValue, is_gone
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import RemovalState
from workflows import steps
from workflows.alone import alone

log = logging.getLogger(__name__)

BATCH = 2000  # cases in one round
IN_ONE_SEARCH = 100

T = TypeVar("T")

Values = Mapping[tuple[str, Attribute], tuple[str, ...] | None]


def poll_due() -> int:
    """Look once for everything whose next look is due. Returns how many tasks closed themselves."""
    wanted = _claim_due(AccessRequest.objects.filter(state=RequestState.AWAITING_KIV.value))
    unwanted = _claim_due(Removal.objects.filter(state=RemovalState.AWAITING_KIV.value))
    closed = sum(_look_for(some) for some in _in_batches(wanted))
    return closed + sum(_look_whether_gone(some) for some in _in_batches(unwanted))


def _look_for(due: Sequence[AccessRequest]) -> int:
    """Are the wanted values there?"""
    places = {_key(change) for request in due for change in changes_of(request)}
    people = {request.subject_id for request in due}
    return _look_at(
        due,
        lambda: open_directory().values(places, only=people, is_poll=True),
        is_news=_is_there,
        record=_record_seen,
    )


def _is_there(request: AccessRequest, values: Values) -> bool:
    return seen_from(request, values).is_settled


def _look_whether_gone(due: Sequence[Removal]) -> int:
    """Are the unwanted values gone? An empty attribute decides here: nothing is left out of the question."""
    places = {_key(held) for removal in due for held in moves.changes_of(removal)}
    return _look_at(
        due, lambda: open_directory().values(places), is_news=_is_gone_or_needed, record=_record_gone
    )


def _is_gone_or_needed(removal: Removal, values: Values) -> bool:
    return gone_from(removal, values).is_settled or removals_look.is_needed_again(removal)


def _look_at(
    due: Sequence[steps.AnyCase],
    ask: Callable[[], Values],
    *,
    is_news: Callable[[steps.AnyCase, Values], bool],
    record: Callable[..., None],
) -> int:
    """Ask for all of them in one search. A case of which there is no news is left alone."""
    try:
        values = ask()
    except DirectoryError as exc:
        for case in filter(silence.is_news, due):
            record_in_flow(case, partial(silence.begin_or_last, code=exc.code))
        return 0
    news = (case for case in due if case.trouble_since is not None or is_news(case, values))
    return sum(record_in_flow(case, partial(record, values=values)) for case in news)


def look(request: AccessRequest) -> SeenWanted | None:
    """What the directory shows now of the request's wanted values, and what stands there instead, by name.

    None when the directory does not answer.
    """
    changes = changes_of(request)
    try:
        values = open_directory().values({(change.dn, change.attribute) for change in changes})
    except DirectoryError:
        return None
    found, judged = _judge(request, afresh=False)
    if judged["over"] or judged["is_outdated"]:  # ends the task: never by one look
        again = _judge(request, afresh=True)[1]
        judged = {name: answer if again[name] else again[name] for name, answer in judged.items()}
    return replace(seen_from(request, values, near_misses=_near_misses(found)), **judged)


def _judge(request: AccessRequest, *, afresh: bool) -> tuple[Assessment, dict[str, Any]]:
    order = request.ordered_access
    looked = reading.read_for(order, afresh=afresh)
    found = reading.assess_now(order, looked)
    return found, orders_outdated.judged(request, found, looked)


def seen_from(
    request: AccessRequest, values: Values, *, near_misses: tuple[Mapping[str, str], ...] = ()
) -> SeenWanted:
    """What these values say of the request's wanted changes."""
    read_at = timezone.now()
    changes = changes_of(request)
    answers = [is_in_place(change, values.get(_key(change)) or (), at=read_at) for change in changes]
    return SeenWanted(
        read_at=read_at,
        values=_evidence(request, changes, values),
        is_in_place=_all_of(answers),
        near_misses=near_misses,
    )


def changes_of(request: AccessRequest) -> tuple[Change, ...]:
    return tuple(reading.change_from(data) for data in request.changes)


def look_at_removal(removal: Removal) -> SeenUnwanted | None:
    """What the directory shows now of the values to remove. None when it does not answer."""
    try:
        values = open_directory().values({_key(held) for held in moves.changes_of(removal)})
    except DirectoryError:
        return None
    return gone_from(removal, values)


def gone_from(removal: Removal, values: Values) -> SeenUnwanted:
    """What these values say of the values to remove."""
    read_at = timezone.now()
    unwanted = moves.changes_of(removal)
    return SeenUnwanted(
        read_at=read_at,
        values=_evidence(removal, unwanted, values),
        gone=tuple(is_gone(held, values[_key(held)], at=read_at) for held in unwanted),
    )


def _claim_due(rows: QuerySet[steps.AnyCase]) -> list[steps.AnyCase]:
    """Those whose look is due, all moved to their next look first: two pollers never share one."""
    now = timezone.now()
    due = rows.filter(next_poll_at__lte=now).order_by("next_poll_at")
    with transaction.atomic():
        # Whatever somebody else has locked is being acted on: it is looked at next time.
        claimed = list(due.select_for_update(skip_locked=True, of=("self",))[:BATCH])
        by_delay: dict[timedelta, list[int]] = {}
        for row in claimed:
            by_delay.setdefault(schedule.poll_delay(row, row.poll_count + 1), []).append(row.pk)
        for delay, pks in by_delay.items():
            rows.filter(pk__in=pks).update(next_poll_at=now + delay, poll_count=F("poll_count") + 1)
    return claimed


def _in_batches(due: Sequence[T]) -> Iterator[Sequence[T]]:
    for first in range(0, len(due), IN_ONE_SEARCH):
        yield due[first : first + IN_ONE_SEARCH]


def record_in_flow(case: steps.AnyCase, operation: steps.Operation[steps.AnyCase]) -> bool:
    """Record what was seen, under the flow's lock. A task that ended in between needs nothing more."""
    state = case.current_state
    with alone(f"looking for case {case.case_number}"), contextlib.suppress(WrongState):
        return steps.act(case, state, operation, by=None).current_state is not state
    return False


def _record_seen(row: AccessRequest, *, values: Values) -> None:
    orders_carry_out.record_values(row, seen=seen_from(row, values))


def _record_gone(row: Removal, *, values: Values) -> None:
    """The row may have got other values to remove since it was claimed: then the next look does it."""
    if all(_key(held) in values for held in moves.changes_of(row)):
        removals_carry_out.record_values(row, seen=gone_from(row, values))


def _all_of(answers: Collection[Answer]) -> Answer:
    if not answers or Answer.NO in answers:
        return Answer.NO
    return Answer.UNKNOWN if Answer.UNKNOWN in answers else Answer.YES


def _key(change: Change | StoredValue) -> tuple[str, Attribute]:
    return change.dn, change.attribute


def _evidence(
    case: Case, changes: Collection[Change | StoredValue], values: Values
) -> dict[tuple[str, str], list[str] | None]:
    return {(change.dn, change.attribute.value): _about(case, change, values) for change in changes}


def _about(case: Case, change: Change | StoredValue, values: Values) -> list[str] | None:
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
