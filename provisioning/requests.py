"""The operations on one request on its way: checked, waiting for a choice or a commission, taken back.

Each is one transaction that checks the move and writes state, audit entry and messages together, or
nothing. None of them asks the directory: what it said is an argument. The flow calls them; so does nobody
else. Its other acts: `attestation`, `carrying_out`, `verification`. Source: domain §7.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from datetime import date

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from provisioning import audit, carrying_out, dates, handlers, outbox, readings, silences
from provisioning import case_moves as moves
from provisioning.audit import Action
from provisioning.errors import NotAllowed, WrongState
from provisioning.models import AccessRequest, AccessRequestQuerySet, User
from provisioning.notifications import Kind
from provisioning.rules import deadlines
from provisioning.rules.assessment import Assessment
from provisioning.rules.hsa import Answer, Person, Reading
from provisioning.rules.lifecycle import State

_NOTHING_IS_SET = (
    State.AWAITING_ATTESTATION.value,
    State.AWAITING_SECOND_ATTESTATION.value,
    State.CHECKING.value,
    State.AWAITING_CHOICE.value,
    State.WAITING_FOR_COMMISSION.value,
    State.AWAITING_KIV.value,
)


class Choice(enum.StrEnum):
    """What an orderer can choose when the commission is missing (withdrawal is an act of its own)."""

    COUPLE = "couple"
    WAIT = "wait"


@transaction.atomic
def record_check(
    request: AccessRequest, *, reading: Reading, found: Assessment, administrators: Iterable[Person] = ()
) -> None:
    """Settle what a check found: straight to verification, to the KIV administrator, or back for a choice.

    An answer that is unknown because of what stands in the directory (an unreadable date) goes to a human.
    Raises WrongState when the directory itself did not tell: that decides nothing, ask again later.
    """
    if readings.silence(found):
        raise WrongState(code="unknown_decides_nothing")
    silences.end(request)
    was_waiting = request.current_state is State.WAITING_FOR_COMMISSION
    request.assessment = readings.detailed_verdict(found)
    request.changes = [readings.change_data(change) for change in found.changes]
    entry = audit.record(
        Action.CHECKED,
        actor=None,
        request=request,
        answer=found.answer.value,
        causes=[cause.code.value for cause in found.causes],
        changes=request.changes,
    )
    keep = ["assessment", "changes"]
    if found.answer is Answer.YES:
        moves.move(request, State.VERIFYING, *keep)
        handlers.release(request)
        return
    may_set_now = found.can_be_granted_by_changes and (request.wants_coupling or not found.needs_coupling)
    if may_set_now:
        carrying_out.hand_over(request, reading, found, tuple(administrators))
    elif was_waiting:
        request.save(update_fields=keep)
    else:
        moves.move(request, State.AWAITING_CHOICE, *keep)
        handlers.release(request)
        outbox.enqueue(entry, Kind.CHOOSE, request.starters)


@transaction.atomic
def choose(request: AccessRequest, *, by: User, choice: Choice) -> None:
    """The orderer's choice when something is missing. Raises NotAllowed, WrongState."""
    if by.pk != request.order.orderer_id:
        raise NotAllowed(_("Only the one who ordered can choose how to go on."))
    if choice is Choice.COUPLE:
        request.wants_coupling = True
        moves.move(request, State.CHECKING, "wants_coupling")
        audit.record(Action.COUPLING_ASKED, actor=by, request=request)
        return
    request.wait_until = deadlines.add_working_days(dates.today(), settings.WAIT_FOR_COMMISSION_WORKING_DAYS)
    moves.move(request, State.WAITING_FOR_COMMISSION, "wait_until")
    audit.record(Action.WAITING_CHOSEN, actor=by, request=request, until=request.wait_until.isoformat())


@transaction.atomic
def give_up(request: AccessRequest) -> None:
    """End the waiting: what was missing did not come in time."""
    reason = str(_("What was missing in the directory had not come when the waiting ended."))
    codes = request.assessment.get("causes", [])
    moves.end(request, State.GAVE_UP, reason=reason, code=codes[0] if codes else "")
    entry = audit.record(Action.GAVE_UP, actor=None, request=request, causes=codes)
    outbox.enqueue(entry, Kind.ENDED, request.concerned)


@transaction.atomic
def end_unanswered(request: AccessRequest) -> None:
    """End a request that nobody has decided on, though the whole ladder was asked. Raises WrongState."""
    reason = str(_("Nobody decided in time, although it was asked further and further up."))
    waited = request.handler_ids
    moves.end(request, State.GAVE_UP, reason=reason, code="order.unanswered")
    entry = audit.record(Action.UNANSWERED, actor=None, request=request, rungs=request.escalation_level)
    outbox.enqueue(entry, Kind.ENDED, [*request.concerned, *waited])


@transaction.atomic
def person_left(request: AccessRequest, *, code: str) -> None:
    """End the request of somebody who is not employed any more, whoever has it. Raises WrongState.

    `code` says what the directory showed. A new employment does not bring it back: it is ordered anew.
    """
    waited = request.handler_ids
    reason = str(_("The person is no longer employed, says the directory."))
    moves.end(request, State.CANNOT_BE_DONE, reason=reason, code=code)
    entry = audit.record(Action.LEFT, actor=None, request=request, why=code)
    outbox.enqueue(entry, Kind.ENDED, [*request.starters, *waited])


def due_to_end(on: date) -> AccessRequestQuerySet:
    """Requests whose own last day has passed while nothing has been set for them: there is nothing to give.

    What has been set already is given all the same, and is then taken away as any right that has run out.
    """
    return AccessRequest.objects.filter(state__in=_NOTHING_IS_SET, ends_on__lt=on)


@transaction.atomic
def last_day_passed(request: AccessRequest) -> None:
    """End a request that was not finished before its own last day, whoever has it. Raises WrongState."""
    if not due_to_end(dates.today()).filter(pk=request.pk).exists():
        raise WrongState
    waited = request.handler_ids
    reason = str(_("The last day that was ordered passed before the access could be given."))
    moves.end(request, State.CANNOT_BE_DONE, reason=reason, code="order.last_day_passed")
    entry = audit.record(
        Action.LAST_DAY_PASSED, actor=None, request=request, ends=request.ends_on.isoformat()
    )
    outbox.enqueue(entry, Kind.ENDED, [*request.concerned, *waited])


@transaction.atomic
def withdraw(request: AccessRequest, *, by: User, reason: str = "") -> None:
    """Take the request back: orderer and subject, while it is open. Raises NotAllowed, WrongState."""
    if by.pk not in (request.order.orderer_id, request.subject_key):
        raise NotAllowed(_("Only the one who ordered, or the person it concerns, can withdraw it."))
    waiting = request.handler_ids
    moves.end(request, State.WITHDRAWN, reason=reason)
    entry = audit.record(Action.WITHDRAWN, actor=by, request=request, reason=reason.strip())
    outbox.enqueue(
        entry,
        Kind.ENDED,
        [person for person in (*request.concerned, *waiting) if person != by.identity],
    )
