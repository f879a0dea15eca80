"""Who is party to a case, and which names a party may read. Source: domain §7."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from provisioning.mandates import current
from provisioning.mandates.current import Mandates
from provisioning.messages.texts import MessageKind
from provisioning.models import AccessRequest, AuditEntry, Grant, HandlerRole, OutgoingMessage, Removal, User

_ASKING = (
    MessageKind.ATTEST.value,
    MessageKind.CHOOSE.value,
    MessageKind.KIV.value,
    MessageKind.KIV_RETURNED.value,
    MessageKind.REMINDER.value,
)


def may_read_name(user: User, request: AccessRequest) -> bool:
    """Say whether the subject's name and HSA-id are shown, and what was written about the person.

    A protected person's only to who handles the case: need, risks and reasons tell of the person, too.
    """
    if not request.subject_is_protected:
        return True
    if user.hsa_key == request.subject_key:
        return True
    if user.hsa_key in (request.order.orderer_id, request.attester_id, request.second_attester_id):
        return True
    if user.hsa_key in (request.carried_out_by_id, request.ordered_for_id, request.attested_for_id):
        return True
    return any(handler.person_key == user.hsa_key for handler in request.handlers.all())


def may_read_actor(user: User, actor: User, request: AccessRequest) -> bool:
    """Say whether an actor's name is shown: a protected person's only to the case's own people."""
    if user.hsa_key == actor.hsa_key:
        return True
    if actor.hsa_key == request.subject_key:
        return may_read_name(user, request)
    if not actor.is_protected:
        return True
    own = {
        request.order.orderer_id,
        request.attester_id,
        request.second_attester_id,
        request.carried_out_by_id,
        request.ordered_for_id,
        request.attested_for_id,
    }
    return user.hsa_key in own or any(
        handler.person_key == user.hsa_key for handler in request.handlers.all()
    )


def is_handler(user: User, request: AccessRequest, *roles: HandlerRole) -> bool:
    """Say whether the request waits for this person in one of these roles."""
    return request.handlers.filter(person_key=user.hsa_key, role__in=roles).exists()


def handled(user: User, *roles: HandlerRole) -> QuerySet[AccessRequest]:
    return (
        AccessRequest.objects.select_related("order__orderer")
        .filter(handlers__person_key=user.hsa_key, handlers__role__in=roles)
        .distinct()
    )


def with_people() -> QuerySet[AccessRequest]:
    return AccessRequest.objects.select_related(
        "order__orderer", "ordered_for", "attester", "attested_for", "second_attester", "carried_out_by"
    )


def of_own(user: User) -> QuerySet[AccessRequest]:
    """What somebody has a part in, or is head of the unit of."""
    return with_people().filter(is_party(user) | is_head(user, current.for_display(user))).distinct()


def is_party(user: User) -> Q:
    return (
        Q(order__orderer=user)
        | Q(subject_key=user.hsa_key)
        | Q(attester=user)
        | Q(ordered_for=user)
        | Q(attested_for=user)
        | Q(second_attester=user)
        | Q(carried_out_by=user)
        | Q(handlers__person_key=user.hsa_key)
        | Q(pk__in=asked_for(user))
    )


def asked_for(user: User) -> QuerySet[OutgoingMessage, Any]:
    """Requests somebody was asked to act on: the mail's link must not end when another one was faster."""
    messages = OutgoingMessage.objects.filter(recipient_key=user.hsa_key, kind__in=_ASKING)
    return messages.exclude(request=None).values("request")


def is_head(user: User, mandates: Mandates) -> Q:
    return Q(unit_key__in=[one.folded for one in mandates.unit_ids | mandates.provider_ids(user)])


def history_of(about: Grant | Removal) -> QuerySet[AuditEntry]:
    """The facts about a right with all its removals, or about one removal."""
    ids = [about.public_id]
    if isinstance(about, Grant):
        ids += about.removals.values_list("public_id", flat=True)
    return AuditEntry.objects.filter(about__in=ids).select_related("actor", "principal")
