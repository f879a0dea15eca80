"""Who may see and act on a request. Source: domain §7."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404

from provisioning.access.parties import handled, of_own, with_people
from provisioning.models import AccessRequest, HandlerRole, User
from provisioning.rules.states.request import UNATTESTED, RequestState


def visible_requests(user: User) -> QuerySet[AccessRequest]:
    """The requests this person may read."""
    return with_people() if user.is_auditor else of_own(user)


def find_request(user: User, public_id: UUID) -> AccessRequest:
    """The request, if this person may read it. Raises Http404."""
    return get_object_or_404(visible_requests(user), public_id=public_id)


def find_to_act(user: User, public_id: UUID) -> AccessRequest:
    """The request, if this person has a part in it: who reads it only as an auditor finds no page to act on.

    Raises Http404.
    """
    return get_object_or_404(of_own(user), public_id=public_id)


def sent_before(user: User, submission: UUID) -> AccessRequest | None:
    """The first request of the order this form made when it was sent before; None if it never was."""
    rows = visible_requests(user).filter(order__orderer=user, order__submission=submission)
    return rows.order_by("position").first()


def own_requests(user: User) -> QuerySet[AccessRequest]:
    """Requests the person ordered or is the subject of."""
    return visible_requests(user).filter(Q(order__orderer=user) | Q(subject_key=user.hsa_key))


def to_attest(user: User) -> QuerySet[AccessRequest]:
    """Requests that wait for this person's decision."""
    roles = (HandlerRole.ATTESTER, HandlerRole.SECOND_ATTESTER)
    return handled(user, *roles).filter(state__in=UNATTESTED)


def to_carry_out(user: User) -> QuerySet[AccessRequest]:
    """KIV tasks this person may carry out."""
    return handled(user, HandlerRole.KIV_ADMINISTRATOR).filter(state=RequestState.AWAITING_KIV.value)


def to_choose(user: User) -> QuerySet[AccessRequest]:
    """Requests in which this orderer must choose how to go on."""
    return visible_requests(user).filter(order__orderer=user, state=RequestState.AWAITING_CHOICE.value)


def may_withdraw(user: User, request: AccessRequest) -> bool:
    """The orderer and the subject may withdraw a request for as long as it is open."""
    return request.is_open and user.hsa_key in (request.order.orderer_id, request.subject_key)


def may_remind(user: User, request: AccessRequest) -> bool:
    """The orderer and the subject may remind whoever else has the request."""
    if user.hsa_key not in (request.order.orderer_id, request.subject_key):
        return False
    if request.current_state is RequestState.AWAITING_CHOICE:
        return user.hsa_key != request.order.orderer_id
    return any(handler.person_key != user.hsa_key for handler in request.handlers.all())
