"""The KIV administrator's task of a request: handed over, reported, seen done, or impossible.

Each operation is one transaction; none asks the directory: what it showed is an argument, and only that
ends the task. Sources: domain §7 (never the subject or an attester), §6 (don't know decides nothing).
"""

from __future__ import annotations

import enum
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning import audit, evidence, four_eyes, handlers, mandates, outbox, readings, silences, watching
from provisioning import request_moves as moves
from provisioning.audit import Action
from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.evidence import SeenWanted
from provisioning.mandates import Mandates
from provisioning.models import AccessRequest, Evidence, HandlerRole, User
from provisioning.notifications import Kind
from provisioning.rules.assessment import Assessment
from provisioning.rules.hsa import Answer, Person, Reading
from provisioning.rules.lifecycle import State
from provisioning.rules.mandates import Act


class Cannot(enum.StrEnum):
    """Why a KIV administrator cannot carry a task out. Each has its own next step."""

    NOT_MINE = "not_mine"  # the others keep the task
    COMMISSION_MISSING = "commission_missing"  # back to the orderer's choice
    WRONG_ORDER = "wrong_order"  # ends: order again, right
    OTHER = "other"  # ends, with the text


def hand_over(
    request: AccessRequest, reading: Reading, found: Assessment, administrators: tuple[Person, ...]
) -> None:
    """Hand the exact changes to the KIV administrators; nobody eligible ends it, with the reason."""
    if not administrators:
        reason = _(
            "No KIV administrator in the directory may carry this out: neither the person "
            "nor the attester may."
        )
        moves.end(request, State.CANNOT_BE_DONE, reason=str(reason), code="order.no_administrator")
        entry = audit.record(Action.CANNOT, actor=None, request=request, why="order.no_administrator")
        outbox.enqueue(entry, Kind.ENDED, moves.orderer_and_subject(request))
        return
    request.carried_out_by, request.carried_out_how, request.carried_out_note = None, "", ""
    request.reported_done_at, request.seen_instead = None, {}
    request.values_seen_at = request.arrived_at = None
    moves.move(
        request,
        State.AWAITING_KIV,
        *("values_seen_at", "arrived_at"),
        *("assessment", "changes", "carried_out_by", "carried_out_how", "carried_out_note"),
        *("reported_done_at", "seen_instead"),
    )
    handlers.assign(request, HandlerRole.KIV_ADMINISTRATOR, handlers.by_own_mandate(administrators))
    evidence.keep(
        request,
        Evidence.Moment.BEFORE,
        reading.read_at,
        values=_values_before(reading, found),
        verdict=readings.verdict(found),
    )
    entry = audit.record(Action.KIV_NEEDED, actor=None, request=request, changes=request.changes)
    outbox.enqueue(entry, Kind.KIV, [person.hsa_id for person in administrators])


@transaction.atomic
def report_done(
    request: AccessRequest, *, by: User, held: Mandates, seen: SeenWanted | None, already: bool, note: str
) -> bool:
    """The KIV administrator says it is set. Returns whether the directory agrees: only then the task is over.

    `seen` is what the directory showed just now; None when it did not answer: then the task stays, is
    polled soon, and nothing more is asked of anybody. Raises NotAllowed, WrongState.
    """
    _require_administrator(request, by, held)
    how = "already_set" if already else "done"
    is_there = seen is not None and seen.is_in_place is Answer.YES
    audit.record(Action.REPORTED_DONE, actor=by, request=request, how=how, seen=is_there)
    request.carried_out_by, request.carried_out_how, request.carried_out_note = by, how, note.strip()
    request.reported_done_at = timezone.now()
    kept = ["carried_out_by", "carried_out_how", "carried_out_note", "reported_done_at"]
    if is_there and seen is not None:
        _values_are_there(request, seen, *kept)
        return True
    request.next_poll_at, request.poll_count = timezone.now() + watching.poll_delay(request, 0), 0
    if seen is not None:
        _bring_back(request, seen)
    request.save(update_fields=[*kept, "next_poll_at", "poll_count", "seen_instead"])
    return False


@transaction.atomic
def cannot(request: AccessRequest, *, by: User, held: Mandates, why: Cannot, text: str) -> None:
    """The KIV administrator cannot do it; each reason has its next step.

    Raises NotAllowed, WrongState, Invalid.
    """
    _require_administrator(request, by, held)
    if not text.strip():
        raise Invalid(_("Write what stands in the way, so that the next person knows."), field="note")
    if why is Cannot.NOT_MINE:
        _pass_on(request, by, text)
        return
    if why is Cannot.COMMISSION_MISSING:
        entry = audit.record(Action.CHOICE_NEEDED, actor=by, request=request, reason=text.strip())
        request.wants_coupling = False
        moves.move(request, State.AWAITING_CHOICE, "wants_coupling")
        handlers.release(request)
        outbox.enqueue(entry, Kind.CHOOSE, [request.order.orderer.identity])
        return
    moves.end(request, State.CANNOT_BE_DONE, reason=text, code=why.value)
    entry = audit.record(Action.CANNOT, actor=by, request=request, reason=text.strip(), why=why.value)
    outbox.enqueue(entry, Kind.ENDED, moves.orderer_and_subject(request))


@transaction.atomic
def record_values(request: AccessRequest, *, seen: SeenWanted) -> bool:
    """What a poll saw. Returns whether all wanted values are there, and the task so over."""
    silences.end(request)
    if seen.is_in_place is not Answer.YES:
        return False
    if not request.carried_out_how:
        request.carried_out_how = "seen"
    _values_are_there(request, seen, "carried_out_how")
    return True


def _require_administrator(request: AccessRequest, by: User, held: Mandates) -> None:
    if request.current_state is not State.AWAITING_KIV:
        raise WrongState
    attested_by, subject_id = [request.attester_id, request.second_attester_id], request.subject_id
    four_eyes.require(Act.CARRY_OUT, by=by, held=held, subject_id=subject_id, attested_by=attested_by)
    handlers.require_asked(request, by, HandlerRole.KIV_ADMINISTRATOR)
    if not held.administers(request.unit_dn):
        raise NotAllowed(mandates.ENDED)


def _values_before(reading: Reading, found: Assessment) -> list[dict[str, Any]]:
    """The values that stand where the changes go, for the person concerned only."""
    values = []
    for change in found.changes:
        if reading.person is not None and change.dn == reading.person.dn:
            now = list(reading.person.system_roles)
        else:
            commission = next((one for one in reading.commissions if one.dn == change.dn), None)
            now = [coupling.raw for coupling in commission.couplings] if commission else []
        values.append({"dn": change.dn, "attribute": change.attribute.value, "values": now})
    return values


def _pass_on(request: AccessRequest, by: User, text: str) -> None:
    others = handlers.leave_to_others(request, by)
    entry = audit.record(Action.PASSED_ON, actor=by, request=request, reason=text.strip())
    outbox.enqueue(entry, Kind.REMINDER, others)


def _bring_back(request: AccessRequest, seen: SeenWanted) -> None:
    """ "Done" without the value: the task comes back with what was seen instead."""
    values = seen.as_data()
    request.seen_instead = {
        "read_at": seen.read_at.isoformat(),
        "answer": seen.is_in_place.value,
        "values": values,
        "near_misses": [dict(miss) for miss in seen.instead],
    }
    evidence.keep(request, Evidence.Moment.INSTEAD, seen.read_at, values=values)
    entry = audit.record(
        Action.NOT_SEEN, actor=None, request=request, near_misses=[miss["code"] for miss in seen.instead]
    )
    outbox.enqueue(
        entry, Kind.KIV_RETURNED, [request.carried_out_by.identity] if request.carried_out_by else []
    )


def _values_are_there(request: AccessRequest, seen: SeenWanted, *fields: str) -> None:
    request.values_seen_at = seen.read_at
    request.seen_instead = {}
    evidence.keep(request, Evidence.Moment.AFTER, seen.read_at, values=seen.as_data())
    audit.record(
        Action.VALUES_SEEN, actor=None, request=request, how=request.carried_out_how, changes=request.changes
    )
    moves.move(request, State.VERIFYING, "values_seen_at", "seen_instead", *fields)
    handlers.release(request)
