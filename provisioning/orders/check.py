"""What the check in the directory leads to: a KIV task, a choice of the orderer, or waiting."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from provisioning import dates
from provisioning.assessments import reading as assessments_reading
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import handlers, moved_entries, moves, obstacles, silence
from provisioning.errors import NotAllowed, WrongState
from provisioning.mandates.current import Mandates
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import AccessRequest, AuditEntry, User
from provisioning.orders import carry_out, left_behind, outdated, stand_in
from provisioning.orders.draft import Choice
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import Answer, Person, Reading
from provisioning.rules.states.request import RequestState


@transaction.atomic
def record_check(
    request: AccessRequest, *, reading: Reading, found: Assessment, administrators: Iterable[Person] = ()
) -> None:
    """Settle what a check found: straight to verification, to the KIV administrator, or back for a choice.

    An answer that is unknown because of what stands in the directory (an unreadable date) goes to a human.
    Raises WrongState when the directory itself did not tell: that decides nothing, ask again later.
    """
    if assessments_reading.silence(found):
        raise WrongState(code="unknown_decides_nothing")
    silence.end(request)
    moved_entries.take_over_place(request, moved_entries.place_dn(request, reading))
    found, is_over = outdated.as_things_are(request, found, reading)
    was_waiting = request.current_state is RequestState.WAITING_FOR_COMMISSION
    request.assessment = assessments_reading.detailed_verdict(found)
    request.changes = [assessments_reading.change_data(change) for change in found.changes]
    keep = ["assessment", "changes"]
    if found.answer is Answer.YES:
        moves.move(request, RequestState.VERIFYING, *keep)
        handlers.release(request)
        _record(request, found)
        return
    obstacles.note_causes(request, found.causes)
    # Whoever prolongs a right wants its coupling to last as long: there is nothing to choose.
    may_couple = request.wants_coupling or found.lengthens_coupling
    may_set_now = found.can_be_granted_by_changes and (may_couple or not found.needs_coupling)
    if may_set_now:
        entry = _record(request, found)
        carry_out.hand_over(request, reading, found, tuple(administrators))
        _tell_attested(request, entry)
    elif was_waiting:
        request.save(update_fields=keep)
        _record(request, found)
    elif request.if_missing == Choice.WAIT and not is_over:
        request.if_missing = ""  # once: what goes missing later is asked about
        until = _wait(request, *keep, "if_missing")
        handlers.release(request)
        _record(request, found)
        events.record(Action.WAITING_CHOSEN, actor=None, request=request, until=until.isoformat())
    else:
        moves.move(request, RequestState.AWAITING_CHOICE, *keep)
        handlers.release(request)
        if is_over:
            left_behind.watch(request)
        entry = _record(request, found)
        handlers.ask(entry, request, MessageKind.CHOOSE)


def _tell_attested(request: AccessRequest, entry: AuditEntry) -> None:
    """Tell those concerned, once, that it is attested and being carried out: now that it is true.

    Whoever attested by ordering knows; whoever was asked to choose has read that it is attested.
    """
    known = (MessageKind.ATTESTED.value, MessageKind.CHOOSE.value)
    is_by_order = request.attester_id == request.order.orderer_id and not request.needs_second_attester
    if is_by_order or not request.is_with_kiv or request.messages.filter(kind__in=known).exists():
        return
    outbox.enqueue(entry, MessageKind.ATTESTED, request.concerned)


def _record(request: AccessRequest, found: Assessment) -> AuditEntry:
    return events.record(
        Action.CHECKED,
        actor=None,
        request=request,
        answer=found.answer.value,
        causes=[cause.code.value for cause in found.causes],
        changes=request.changes,
    )


@transaction.atomic
def choose(
    request: AccessRequest,
    *,
    by: User,
    choice: Choice,
    mandates: Mandates | None = None,
    is_gone: bool = False,
) -> None:
    """The orderer's choice when something is missing, or that of who stands in (`stand_in.may`).

    Raises NotAllowed, WrongState.
    """
    is_theirs = by.pk == request.order.orderer_id and by.identity in request.sitting_ids
    if not is_theirs and not stand_in.may(request, by=by, mandates=mandates, is_gone=is_gone):
        raise NotAllowed(_("Only the one who ordered can choose how to go on."))
    handlers.release(request)
    if choice is Choice.COUPLE:
        request.wants_coupling = True
        moves.move(request, RequestState.CHECKING, "wants_coupling")
        events.record(Action.COUPLING_ASKED, actor=by, request=request)
        return
    until = _wait(request)
    events.record(Action.WAITING_CHOSEN, actor=by, request=request, until=until.isoformat())


def _wait(request: AccessRequest, *keep: str) -> date:
    """Let it wait for what is missing. Returns until when."""
    until = deadlines.add_working_days(dates.today(), settings.WAIT_FOR_COMMISSION_WORKING_DAYS)
    request.wait_until = until
    moves.move(request, RequestState.WAITING_FOR_COMMISSION, "wait_until", *keep)
    return until


@transaction.atomic
def give_up(request: AccessRequest) -> None:
    """End the waiting: what was missing did not come in time."""
    reason = str(_("What was missing in the directory had not come when the waiting ended."))
    codes = request.assessment.get("causes", [])
    moves.end(request, RequestState.GAVE_UP, reason=reason, code=codes[0] if codes else "")
    entry = events.record(Action.GAVE_UP, actor=None, request=request, causes=codes)
    outbox.enqueue(entry, MessageKind.ENDED, request.concerned)
