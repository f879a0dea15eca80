"""The ends of a request that nobody carries out: withdrawn, unanswered, left, too late."""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from provisioning import dates
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import moves, obstacles
from provisioning.errors import NotAllowed, WrongState
from provisioning.mandates.current import Mandates
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import AccessRequest, AccessRequestQuerySet, User
from provisioning.orders import stand_in
from provisioning.rules.states.request import RequestState

_NOTHING_IS_SET = (
    RequestState.AWAITING_ATTESTATION.value,
    RequestState.AWAITING_SECOND_ATTESTATION.value,
    RequestState.CHECKING.value,
    RequestState.AWAITING_CHOICE.value,
    RequestState.WAITING_FOR_COMMISSION.value,
    RequestState.AWAITING_KIV.value,
)


@transaction.atomic
def end_unanswered(request: AccessRequest) -> None:
    """End a request that nobody has decided on, though the whole ladder was asked. Raises WrongState."""
    reason = str(_("Nobody decided in time, although it was asked further and further up."))
    waited = request.handler_ids
    moves.end(request, RequestState.GAVE_UP, reason=reason, code="order.unanswered")
    obstacles.note(request, [obstacles.UNANSWERED])
    entry = events.record(Action.UNANSWERED, actor=None, request=request, rungs=request.escalation_level)
    outbox.enqueue(entry, MessageKind.ENDED, [*request.concerned, *waited])


@transaction.atomic
def person_left(request: AccessRequest, *, code: str) -> None:
    """End the request of somebody who is not employed any more, in anybody's hands. Raises WrongState.

    `code` says what the directory showed. A new employment does not bring it back: it is ordered anew.
    """
    waited = request.handler_ids
    reason = str(_("The person is no longer employed, says the directory."))
    moves.end(request, RequestState.CANNOT_BE_DONE, reason=reason, code=code)
    entry = events.record(Action.LEFT, actor=None, request=request, why=code)
    outbox.enqueue(entry, MessageKind.ENDED, [*request.starters, *waited])


@transaction.atomic
def unit_reorganised(request: AccessRequest, *, reason: str) -> None:
    """End anybody's request of a unit that has become another, or is closed. Raises WrongState."""
    waited = request.handler_ids
    moves.end(request, RequestState.CANNOT_BE_DONE, reason=reason, code="order.reorganised")
    entry = events.record(Action.CANNOT, actor=None, request=request, why="order.reorganised", reason=reason)
    outbox.enqueue(entry, MessageKind.ENDED, [*request.concerned, *waited])


def due_to_end(on: date) -> AccessRequestQuerySet:
    """Requests whose own last day has passed while nothing has been set for them: there is nothing to give.

    What has been set already is given all the same, and is then taken away as any right that has run out.
    """
    return AccessRequest.objects.filter(state__in=_NOTHING_IS_SET, ends_on__lt=on)


@transaction.atomic
def last_day_passed(request: AccessRequest) -> None:
    """End a request that was not finished before its own last day, in anybody's hands. Raises WrongState."""
    if not due_to_end(dates.today()).filter(pk=request.pk).exists():
        raise WrongState
    waited = request.handler_ids
    reason = str(_("The last day that was ordered passed before the access could be given."))
    moves.end(request, RequestState.CANNOT_BE_DONE, reason=reason, code="order.last_day_passed")
    entry = events.record(
        Action.LAST_DAY_PASSED, actor=None, request=request, ends=request.ends_on.isoformat()
    )
    outbox.enqueue(entry, MessageKind.ENDED, [*request.concerned, *waited])


@transaction.atomic
def withdraw(
    request: AccessRequest,
    *,
    by: User,
    reason: str = "",
    mandates: Mandates | None = None,
    is_gone: bool = False,
) -> None:
    """Take the request back: orderer and subject, while it is open; or who stands in (`stand_in.may`).

    Raises NotAllowed, WrongState.
    """
    is_own = by.pk in (request.order.orderer_id, request.subject_key)
    if not is_own and not stand_in.may(request, by=by, mandates=mandates, is_gone=is_gone):
        raise NotAllowed(_("Only the one who ordered, or the person it concerns, can withdraw it."))
    waiting = request.handler_ids
    moves.end(request, RequestState.WITHDRAWN, reason=reason)
    entry = events.record(Action.WITHDRAWN, actor=by, request=request, reason=reason.strip())
    outbox.enqueue(
        entry,
        MessageKind.ENDED,
        [person for person in (*request.concerned, *waiting) if person != by.identity],
    )
