"""Who may see and act on a request. Source: domain §7."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.shortcuts import get_object_or_404

from provisioning.access.parties import (
    handled,
    is_there_about_others,
    listed,
    of_own,
    owns,
    reads_more,
    reads_of_many,
    with_people,
)
from provisioning.mandates import current
from provisioning.models import (
    AccessRequest,
    AccessRequestQuerySet,
    Handler,
    HandlerRole,
    Order,
    TaskQuestion,
    User,
)
from provisioning.rules.states.request import ENDED, OPEN, UNATTESTED, RequestState


def visible_requests(user: User) -> AccessRequestQuerySet:
    """The requests this person may read."""
    return with_people() if user.is_auditor else of_own(user)


def searched_requests(user: User, *, is_narrowed: bool = True) -> AccessRequestQuerySet:
    """The same, to be searched or listed among all. `is_narrowed`: few of all fit what else is asked for."""
    if not is_narrowed:
        return visible_requests(user)
    return with_people() if user.is_auditor else with_people().filter(reads_of_many(user, "request"))


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


def find_order(user: User, submission: UUID) -> Order:
    """The order, if it is the person's own or they may read something of it. Raises Http404."""
    rows = Order.objects.select_related("orderer", "many")
    is_theirs = Q(orderer=user) | Exists(visible_requests(user).filter(order=OuterRef("pk")))
    return get_object_or_404(rows.filter(is_theirs), submission=submission)


def find_own_order(user: User, submission: UUID) -> Order:
    """The order, for whoever sent it. Raises Http404."""
    return get_object_or_404(Order.objects.select_related("many"), orderer=user, submission=submission)


def own_requests(user: User) -> AccessRequestQuerySet:
    """Requests the person ordered or is the subject of."""
    return with_people().filter(owns(user, "request"))


def listed_requests(user: User, *, is_open: bool, only_own: bool) -> QuerySet[Any, Any]:
    """The numbers of the requests in a list, as `request_id`."""
    if only_own or not user.is_auditor:
        return listed(user, "request", is_open=is_open, only_own=only_own)
    states = [state.value for state in (OPEN if is_open else ENDED)]
    return AccessRequest.objects.filter(state__in=states).values(request_id=F("pk"))


def reads_more_requests(user: User) -> bool:
    """Say whether the person may read requests beside their own."""
    if not user.is_auditor:
        return reads_more(user, "request")
    return is_there_about_others(user, AccessRequest.objects.all())


def requests_in_order(numbers: Sequence[int]) -> list[AccessRequest]:
    """The requests with these numbers, which a list has given, in its order."""
    found = with_people().prefetch_related("handlers", "incidents", "questions").in_bulk(numbers)
    return [found[number] for number in numbers if number in found]


def to_attest(user: User) -> QuerySet[AccessRequest]:
    """Requests that wait for this person's decision."""
    roles = (HandlerRole.ATTESTER, HandlerRole.SECOND_ATTESTER)
    return handled(user, *roles).filter(state__in=UNATTESTED)


def to_carry_out(user: User) -> QuerySet[AccessRequest]:
    """KIV tasks this person may carry out."""
    return handled(user, HandlerRole.KIV_ADMINISTRATOR).filter(state=RequestState.AWAITING_KIV.value)


def to_choose(user: User) -> QuerySet[AccessRequest]:
    """Requests in which this person must choose how to go on: as `AccessRequest.sitting_ids` has it."""
    asked = Handler.objects.filter(request=OuterRef("pk"))
    is_theirs = Exists(asked.filter(person_key=user.hsa_key, role=HandlerRole.CHOOSER))
    waits = with_people().filter(state=RequestState.AWAITING_CHOICE.value)
    return waits.filter(is_theirs | Q(~Exists(asked), order__orderer=user))


def to_answer(user: User) -> QuerySet[AccessRequest]:
    """Requests about which a KIV administrator has asked this person something."""
    asked = TaskQuestion.objects.filter(
        request=OuterRef("pk"), answered_at=None, asked_at__gte=OuterRef("state_since")
    )
    waits = with_people().filter(state=RequestState.AWAITING_KIV.value, order__orderer=user)
    return waits.filter(Exists(asked))


def stands_in(user: User, request: AccessRequest) -> bool:
    """Say whether a way to go on in the orderer's place is shown: as of two minutes ago, at most.

    The operation asks again, with mandates read fresh.
    """
    mandates = current.for_display(user)
    if not mandates.may_order_at(request.unit_id, request.unit_dn, user):
        return False
    if any(
        row.person_key == user.hsa_key and row.role == HandlerRole.CHOOSER for row in request.handlers.all()
    ):
        return True
    return current.for_display(request.order.orderer).has_left


def may_withdraw(user: User, request: AccessRequest) -> bool:
    """The orderer and the subject may withdraw a request for as long as it is open, or who stands in."""
    if not request.is_open:
        return False
    return user.hsa_key in (request.order.orderer_id, request.subject_key) or stands_in(user, request)


def may_remind(user: User, request: AccessRequest) -> bool:
    """The orderer and the subject may remind the person who has the request."""
    if user.hsa_key not in (request.order.orderer_id, request.subject_key):
        return False
    return any(one.folded != user.hsa_key for one in request.sitting_ids)
