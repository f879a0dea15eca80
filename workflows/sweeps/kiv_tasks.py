"""Watching the directory for what KIV tasks wait for: they close themselves when values are there, or gone.

Due requests and removals are claimed together by moving their next look forward, read a hundred in one search
with no transaction open, and recorded one by one under each flow's lock: those only of which there is news.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from provisioning.assessments import reading
from provisioning.cases import schedule, silence
from provisioning.cases.evidence import Seen, SeenUnwanted, SeenWanted
from provisioning.directory import ValuePlace, ValuesNow, open_directory
from provisioning.errors import DirectoryError, WrongState
from provisioning.models import AccessRequest, Case, Removal
from provisioning.orders import carry_out as orders_carry_out
from provisioning.orders import outdated as orders_outdated
from provisioning.removals import carry_out as removals_carry_out
from provisioning.removals import look as removals_look
from provisioning.removals import moves, not_seen
from provisioning.rules import names
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.hsa import Answer, Attribute, Change, Reading, Service
from provisioning.rules.proof_in_hsa import is_in_place
from provisioning.rules.removal import StoredValue, is_gone
from provisioning.rules.services import catalogue
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import RemovalState
from workflows import steps
from workflows.alone import alone

log = logging.getLogger(__name__)

# Causes that say what stands in the way of a value, or in its place.
_NAMED = ("person.", "role.", "commission.", "unit.", "provider.", "right.")

BATCH = 2000  # cases in one round
IN_ONE_SEARCH = 100

T = TypeVar("T")

Values = Mapping[ValuePlace, ValuesNow]


def poll_due() -> int:
    """Look once for everything whose next look is due. Returns how many tasks closed themselves."""
    wanted = _claim_due(AccessRequest.objects.filter(state=RequestState.AWAITING_KIV.value))
    unwanted = _claim_due(Removal.objects.filter(state=RemovalState.AWAITING_KIV.value))
    closed = sum(_look_for(some) for some in _in_batches(wanted))
    return closed + _look_whether_gone(unwanted)


def _look_for(due: Sequence[AccessRequest]) -> int:
    """Are the wanted values there?"""
    places = {place for request in due for place in _wanted_places(request)}
    people = {request.subject_id for request in due}
    return _record(
        due,
        _ask(due, lambda: open_directory().held_at(places, only=people, is_poll=True)),
        places_of=_wanted_places,
        seen_from=seen_by_poll,
        is_needed_again=lambda request: False,
        record=orders_carry_out.record_values,
    )


def _look_whether_gone(due: Sequence[Removal]) -> int:
    """Are the unwanted values gone? An empty attribute decides here: nothing is left out of the question.

    Where many are gone at once, none ends by this look alone.
    """
    looks = [(some, _ask_whether_gone(some)) for some in _in_batches(due)]
    gone = [row for some, values in looks if values is not None for row in some if _is_all_gone(row, values)]
    unseen = {
        row.pk for some, values in looks if values is not None for row in some if _is_unseen(row, values)
    }
    held_back = not_seen.held_back(due, gone, unseen)
    return sum(
        _record(
            [row for row in some if row.pk not in held_back],
            values,
            places_of=_unwanted_places,
            seen_from=gone_from,
            is_needed_again=removals_look.is_needed_again,
            record=removals_carry_out.record_values,
        )
        for some, values in looks
    )


def _ask_whether_gone(due: Sequence[Removal]) -> Values | None:
    places = {place for removal in due for place in _unwanted_places(removal)}
    return _ask(due, lambda: open_directory().held_at(places))


def _is_all_gone(removal: Removal, values: Values) -> bool:
    """Say whether this look would end the task, and nobody has reported it done."""
    if removal.carried_out_how or _unknown_in(values, _unwanted_places(removal)):
        return False
    with alone(f"looking for {removal.KEY} {removal.pk}"):
        return gone_from(removal, values).is_settled
    return False


def _is_unseen(removal: Removal, values: Values) -> bool:
    """Say whether an entry itself is not there, which is what a hidden tree looks like."""
    return any(place in values and values[place].values is None for place in _unwanted_places(removal))


def _ask(due: Sequence[steps.AnyCase], ask: Callable[[], Values]) -> Values | None:
    """Ask for all of them in one search. None where the directory does not answer; that is noted."""
    try:
        return ask()
    except DirectoryError as exc:
        for case in filter(silence.is_news, due):
            record_in_flow(case, partial(silence.begin_or_last, code=exc.code))
    return None


def _record(
    due: Sequence[steps.AnyCase],
    values: Values | None,
    *,
    places_of: Callable[[steps.AnyCase], Sequence[ValuePlace]],
    seen_from: Callable[[steps.AnyCase, Values], Seen | None],
    is_needed_again: Callable[[steps.AnyCase], bool],
    record: Callable[..., object],
) -> int:
    """Record what was seen of each. A case of which there is no news is left alone.

    What the directory does not tell of one entry is unknown of the cases about that entry, and of no other.
    """
    if values is None:
        return 0
    closed = 0
    for case in due:
        with alone(f"looking for {case.KEY} {case.pk}"):
            closed += _look_at_one(case, values, places_of, seen_from, is_needed_again, record)
    return closed


def _look_at_one(
    case: steps.AnyCase,
    values: Values,
    places_of: Callable[[steps.AnyCase], Sequence[ValuePlace]],
    seen_from: Callable[[steps.AnyCase, Values], Seen | None],
    is_needed_again: Callable[[steps.AnyCase], bool],
    record: Callable[..., object],
) -> bool:
    """Record what was seen of one case, if that is news. Returns whether it went on."""
    places = places_of(case)
    code = _unknown_in(values, places)
    if code:
        return silence.is_news(case) and record_in_flow(case, partial(silence.begin_or_last, code=code))
    seen = seen_from(case, values)
    if seen is None:
        return False
    is_news = case.trouble_since is not None or seen.is_settled or bool(seen.moved)

    def record_seen(row: steps.AnyCase) -> None:
        """The row may have got other values since it was claimed: then the next look does it."""
        if places_of(row) == places:
            record(row, seen=seen)

    return (is_news or is_needed_again(case)) and record_in_flow(case, record_seen)


def _unknown_in(values: Values, places: Iterable[ValuePlace]) -> str:
    """Why one of them is not known; empty where all are."""
    return next((values[place].code for place in places if place in values and values[place].code), "")


def look(request: AccessRequest) -> SeenWanted | None:
    """What the directory shows now of the request's wanted values, and what stands there instead, by name.

    None when the directory does not answer.
    """
    places = _wanted_places(request)
    try:
        values = open_directory().held_at(places)
    except DirectoryError:
        return None
    if _unknown_in(values, places):
        return None
    found, judged, looked = _judge(request, afresh=False)
    if judged["over"] or judged["is_outdated"]:  # ends the task: never by one look
        again = _judge(request, afresh=True)[1]
        judged = {name: answer if again[name] else again[name] for name, answer in judged.items()}
        judged["is_doubtful"] = again["is_doubtful"] and not _has_another_id(request)
    now = _with_nameless(request, values, looked, found)
    return replace(seen_from(request, now, near_misses=_near_misses(found)), **judged)


def look_at_several(requests: Sequence[AccessRequest]) -> dict[int, SeenWanted]:
    """The same of many requests, by their keys: one search for all, and what stands instead where it does.

    Without those of which the directory did not tell.
    """
    places = {place for request in requests for place in _wanted_places(request)}
    try:
        values = open_directory().held_at(places) if places else {}
    except DirectoryError:
        return {}
    found: dict[int, SeenWanted] = {}
    for request in requests:
        if not _unknown_in(values, _wanted_places(request)):
            seen = seen_by_poll(request, values)
            seen = seen if seen is not None and seen.is_settled else look(request)
            found |= {request.pk: seen} if seen is not None else {}
    return found


def seen_by_poll(request: AccessRequest, values: Values) -> SeenWanted | None:
    """The same of a poll. Only a commission without an HSA-id that is gone from its name takes a reading."""
    if any(_is_lost(place, values) for place in _wanted_places(request)):
        return look(request)
    return seen_from(request, values)


def _judge(request: AccessRequest, *, afresh: bool) -> tuple[Assessment, dict[str, Any], Reading]:
    order = request.ordered_access
    looked = reading.read_for(order, afresh=afresh)
    found = reading.assess_now(order, looked)
    return found, orders_outdated.judged(request, found, looked), looked


def _has_another_id(request: AccessRequest) -> bool:
    """Say whether the entry of its unit (or care provider) stands where it stood, with another id."""
    try:
        found = open_directory().id_at(request.unit_dn)
    except DirectoryError:
        return False
    return found is not None and found != request.unit_id


def seen_from(
    request: AccessRequest, values: Values, *, near_misses: tuple[Mapping[str, str], ...] = ()
) -> SeenWanted:
    """What these values say of the request's wanted changes."""
    read_at = timezone.now()
    changes = changes_of(request)
    held = [values[place] for place in _wanted_places(request)]
    answers = [
        is_in_place(change, one.values or (), at=read_at) for change, one in zip(changes, held, strict=True)
    ]
    return SeenWanted(
        read_at=read_at,
        values=_evidence(request, changes, held),
        moved=_moved(changes, held),
        is_in_place=_all_of(answers),
        near_misses=near_misses,
    )


def changes_of(request: AccessRequest) -> tuple[Change, ...]:
    return tuple(reading.change_from(data) for data in request.changes)


def look_at_removal(removal: Removal) -> SeenUnwanted | None:
    """What the directory shows now of the values to remove. None when it does not answer."""
    places = _unwanted_places(removal)
    try:
        values = open_directory().held_at(places)
    except DirectoryError:
        return None
    return None if _unknown_in(values, places) else gone_from(removal, values)


def look_at_removals(removals: Sequence[Removal]) -> dict[int, SeenUnwanted]:
    """The same of many removals, by their keys, in one search. Without those of which nothing was told."""
    places = {place for removal in removals for place in _unwanted_places(removal)}
    try:
        values = open_directory().held_at(places) if places else {}
    except DirectoryError:
        return {}
    return {
        removal.pk: gone_from(removal, values)
        for removal in removals
        if not _unknown_in(values, _unwanted_places(removal))
    }


def gone_from(removal: Removal, values: Values) -> SeenUnwanted:
    """What these values say of the values to remove."""
    read_at = timezone.now()
    unwanted = moves.changes_of(removal)
    held = [values[place] for place in _unwanted_places(removal)]
    return SeenUnwanted(
        read_at=read_at,
        values=_evidence(removal, unwanted, held),
        moved=_moved(unwanted, held),
        gone=tuple(is_gone(each, one.values, at=read_at) for each, one in zip(unwanted, held, strict=True)),
    )


def _wanted_places(request: AccessRequest) -> list[ValuePlace]:
    return [_place(request, change) for change in changes_of(request)]


def _unwanted_places(removal: Removal) -> list[ValuePlace]:
    return [_place(removal, held) for held in moves.changes_of(removal)]


def _place(case: Case, value: Change | StoredValue) -> ValuePlace:
    """Where the value belongs: a role in the entry of the case's person, a coupling in its commission's."""
    is_role = value.attribute is Attribute.SYSTEM_ROLE
    return ValuePlace(value.dn, value.attribute, case.subject_id if is_role else value.entry_id)


def _is_lost(place: ValuePlace, values: Values) -> bool:
    """Nothing stands under its name, and it has no HSA-id to be found by."""
    return place.entry_id is None and place in values and values[place].values is None


def _with_nameless(request: AccessRequest, values: Values, read: Reading, found: Assessment) -> Values:
    """A commission without an HSA-id that is gone from its name: the one that now stands for it counts."""
    new = dict(values)
    for place in _wanted_places(request):
        if not _is_lost(place, values):
            continue
        proposed = [change.dn for change in found.changes if change.attribute is place.attribute]
        if found.answer is Answer.YES:
            purpose = catalogue.purpose(Service(request.service)).casefold()
            proposed += [
                one.dn
                for one in read.commissions
                if one.couplings
                and one.unit_id == request.unit_id
                and (one.purpose or "").strip().casefold() == purpose
            ]
        for commission in read.commissions:
            if any(names.is_same(commission.dn, dn) for dn in proposed[:1]):
                raw = tuple(coupling.raw for coupling in commission.couplings)
                new[place] = ValuesNow(commission.dn, raw)
    return new


def _moved(wanted: Sequence[Change | StoredValue], held: Sequence[ValuesNow]) -> dict[str, str]:
    """Which of the entries stand elsewhere now: the old names, and the new."""
    pairs = zip(wanted, held, strict=True)
    return {
        value.dn: one.dn
        for value, one in pairs
        if one.values is not None and not names.is_same(one.dn, value.dn)
    }


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
    with alone(f"looking for {case.KEY} {case.pk}"), contextlib.suppress(WrongState):
        return steps.act(case, state, operation, by=None).current_state is not state
    return False


def _all_of(answers: Collection[Answer]) -> Answer:
    if not answers or Answer.NO in answers:
        return Answer.NO
    return Answer.UNKNOWN if Answer.UNKNOWN in answers else Answer.YES


def _evidence(
    case: Case, changes: Sequence[Change | StoredValue], held: Sequence[ValuesNow]
) -> dict[tuple[str, str], list[str] | None]:
    """The values where they stand now."""
    pairs = zip(changes, held, strict=True)
    return {(one.dn, change.attribute.value): _about(case, change, one) for change, one in pairs}


def _about(case: Case, change: Change | StoredValue, held: ValuesNow) -> list[str] | None:
    """The values as evidence: of a commission only those that name this person, never other members."""
    if held.values is None or change.attribute is Attribute.SYSTEM_ROLE:
        return None if held.values is None else list(held.values)
    return [value for value in held.values if value.split(";")[0].strip().casefold() == case.subject_key]


def _near_misses(found: Assessment) -> tuple[Mapping[str, str], ...]:
    """Which of the causes say what stands there instead of the wanted values."""
    return tuple(
        {"code": cause.code.value, "about": cause.about, "expected": cause.expected}
        for cause in found.causes
        if cause.code.value.startswith(_NAMED)
    )
