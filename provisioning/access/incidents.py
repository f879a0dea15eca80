"""Who may see and settle what the operators have to look after. Source: domain §7."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from provisioning.models import Incident, User


def visible_incidents(user: User) -> QuerySet[Incident]:
    """What stands and has to be looked after: for operators, and for auditors to read."""
    rows = Incident.objects.standing().select_related("request__order", "removal")
    return rows if user.is_operator or user.is_auditor else rows.none()


def to_look_after(user: User) -> QuerySet[Incident]:
    """What waits for this person: auditors change nothing."""
    rows = visible_incidents(user)
    return rows if user.is_operator else rows.none()


def find_incident(user: User, public_id: UUID) -> Incident:
    """One of those, if this person may act on it. Raises Http404."""
    return get_object_or_404(to_look_after(user), public_id=public_id)
