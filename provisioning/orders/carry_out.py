"""The KIV administrator's task of a request: handed over, reported, seen done, or impossible.

Each operation is one transaction; none asks the directory: what it showed is an argument, and only that
ends the task. Sources: domain §7 (never the subject or an attester), §6 (don't know decides nothing).
"""

from __future__ import annotations

import enum
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from provisioning.assessments import reading as assessments_reading
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import (
    candidates,
    evidence,
    handlers,
    kiv_answers,
    moved_entries,
    moves,
    obstacles,
    silence,
)
from provisioning.cases.evidence import SeenWanted
from provisioning.mandates.current import Mandates
from provisioning.messages import outbox, teams, ticket_mails
from provisioning.messages.texts import MessageKind
from provisioning.models import AccessRequest, Evidence, HandlerRole, User
from provisioning.orders import outdated
from provisioning.rules import names
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.hsa import Person, Reading
from provisioning.rules.states.request import RequestState


class CannotSet(enum.StrEnum):
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
            "No KIV administrator in the directory may carry this out: neither the person nor the "
            "approver may."
        )
        moves.end(request, RequestState.CANNOT_BE_DONE, reason=str(reason), code="order.no_administrator")
        obstacles.note(request, [obstacles.NO_ADMINISTRATOR])
        entry = events.record(Action.CANNOT, actor=None, request=request, why="order.no_administrator")
        outbox.enqueue(entry, MessageKind.ENDED, request.concerned)
        return
    request.values_seen_at = request.arrived_at = request.not_seen_since = None
    proofs = ("values_seen_at", "arrived_at", "not_seen_since")
    fields = (*proofs, "assessment", "changes", *kiv_answers.forget(request))
    moves.move(request, RequestState.AWAITING_KIV, *fields)
    handlers.assign(request, HandlerRole.KIV_ADMINISTRATOR, candidates.by_own_mandate(administrators))
    evidence.keep(
        request,
        Evidence.Moment.BEFORE,
        reading.read_at,
        values=_values_before(reading, found),
        verdict=assessments_reading.verdict(found),
    )
    entry = events.record(Action.KIV_NEEDED, actor=None, request=request, changes=request.changes)
    handlers.ask(entry, request, MessageKind.KIV)
    teams.tell(entry, request, reading)
    ticket_mails.tell(entry, request, reading)


@transaction.atomic
def report_done(
    request: AccessRequest, *, by: User, mandates: Mandates, seen: SeenWanted | None, already: bool, note: str
) -> bool:
    """The KIV administrator says it is set. Returns whether the directory agrees: only then the task is over.

    `seen` is what the directory showed just now; None when it did not answer: then the task stays, is
    polled soon, and nothing more is asked of anybody. What is not to be set any more, or not so, ends the
    task whatever was answered: see `outdated`. Raises NotAllowed, WrongState.
    """
    kiv_answers.require_administrator(request, by, mandates)
    moved_entries.take_over(request, seen.moved if seen is not None else {})
    if seen is not None and outdated.settle(request, seen):
        return True
    is_there = seen is not None and seen.is_settled
    how = "already_set" if already else "done"
    kiv_answers.note_report(request, by=by, how=how, note=note, seen=is_there)
    if is_there and seen is not None:
        _values_are_there(request, seen)
        return True
    kiv_answers.keep_waiting(request, seen)
    return False


@transaction.atomic
def cannot(request: AccessRequest, *, by: User, mandates: Mandates, why: CannotSet, text: str) -> None:
    """The KIV administrator cannot do it; each reason has its next step.

    Raises NotAllowed, WrongState, Invalid.
    """
    kiv_answers.require_administrator(request, by, mandates)
    reason = kiv_answers.stated(text)
    obstacles.note(request, [f"{obstacles.KIV_SAYS}{why.value}"])
    if why is CannotSet.NOT_MINE:
        kiv_answers.pass_on(request, by=by, reason=reason)
        return
    if why is CannotSet.COMMISSION_MISSING:
        request.wants_coupling = False
        moves.move(request, RequestState.AWAITING_CHOICE, "wants_coupling")
        handlers.release(request)
        entry = events.record(Action.CHOICE_NEEDED, actor=by, request=request, reason=reason)
        handlers.ask(entry, request, MessageKind.CHOOSE)
        return
    moves.end(request, RequestState.CANNOT_BE_DONE, reason=reason, code=why.value)
    entry = events.record(Action.CANNOT, actor=by, request=request, reason=reason, why=why.value)
    outbox.enqueue(entry, MessageKind.ENDED, request.concerned)


@transaction.atomic
def record_values(request: AccessRequest, *, seen: SeenWanted) -> bool:
    """What a poll saw. Returns whether the task is over: all wanted values are there, or are not wanted."""
    silence.end(request)
    moved_entries.take_over(request, seen.moved)
    if outdated.settle(request, seen):
        return True
    if not seen.is_settled:
        return False
    request.carried_out_how = request.carried_out_how or "seen"
    _values_are_there(request, seen, "carried_out_how")
    return True


def _values_before(reading: Reading, found: Assessment) -> list[dict[str, Any]]:
    """The values that stand where the changes go, for the person concerned only."""
    values = []
    for change in found.changes:
        if reading.person is not None and names.is_same(change.dn, reading.person.dn):
            now = list(reading.person.system_roles)
        else:
            commission = next((one for one in reading.commissions if names.is_same(one.dn, change.dn)), None)
            now = [coupling.raw for coupling in commission.couplings] if commission else []
        values.append({"dn": change.dn, "attribute": change.attribute.value, "values": now})
    return values


def _values_are_there(request: AccessRequest, seen: SeenWanted, *fields: str) -> None:
    request.values_seen_at = seen.read_at
    kiv_answers.settle(request, seen, "values_seen_at", *fields)
