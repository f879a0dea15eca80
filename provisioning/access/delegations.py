"""Who may see and end a delegation. Source: domain §7."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404

from provisioning.mandates import current
from provisioning.models import AccessRequest, AuditEntry, Delegation, User


def visible_delegations(user: User) -> QuerySet[Delegation]:
    """Delegations this person may read: given, received, and those on units the person is head of now."""
    rows = Delegation.objects.select_related("principal", "delegate", "ended_by")
    if user.is_auditor:
        return rows
    keys = [unit_id.folded for unit_id in current.for_display(user).unit_ids]
    return rows.filter(Q(principal=user) | Q(delegate=user) | Q(unit_key__in=keys))


def find_delegation(user: User, public_id: UUID) -> Delegation:
    """The delegation, if this person may read it. Raises Http404."""
    return get_object_or_404(visible_delegations(user), public_id=public_id)


def may_revoke(user: User, delegation: Delegation) -> bool:
    """Say whether a way to end it is shown. The operation asks again, with mandates read fresh."""
    if delegation.ended_at is not None:
        return False
    if user.hsa_key in (delegation.principal_id, delegation.delegate_id):
        return True
    return delegation.unit_id in current.for_display(user).unit_ids


def may_read_party(user: User, person: User, delegation: Delegation) -> bool:
    """Say whether a name in a delegation is shown: a protected person's only to the two it is between."""
    return not person.is_protected or user.hsa_key in (delegation.principal_id, delegation.delegate_id)


def visible_history(user: User, request: AccessRequest) -> QuerySet[AuditEntry]:
    """The facts about a request that its readers see: everything that happened to it and to its order."""
    return AuditEntry.objects.filter(
        Q(request=request) | Q(order=request.order, request=None)
    ).select_related("actor", "principal")
