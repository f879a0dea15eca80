"""Who may see a reorganisation, and who finds the way to propose one. Source: domain §7.

Operators, auditors, who proposed or decided, and who heads or administers the old unit or heads the new one.
"""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from provisioning.mandates import current
from provisioning.mandates.current import Mandates
from provisioning.models import Reorganisation, User


def visible_reorganisations(user: User) -> QuerySet[Reorganisation]:
    """Those that this person may read. There are few of them: each is asked by itself."""
    rows = Reorganisation.objects.select_related("proposed_by", "decided_by")
    if user.is_operator or user.is_auditor:
        return rows
    mandates = current.for_display(user)
    # What it takes to tell, and no more: the menu of every page asks.
    asked = Reorganisation.objects.only("proposed_by", "decided_by", "old_hsa_id", "old_dn", "new_hsa_id")
    return rows.filter(pk__in=[row.pk for row in asked if _is_theirs(user, mandates, row)])


def find_reorganisation(user: User, public_id: UUID) -> Reorganisation:
    """The reorganisation, if this person may read it. Raises Http404."""
    row = visible_reorganisations(user).filter(public_id=public_id).first()
    if row is None:
        raise Http404
    return row


def may_begin_reorganisation(user: User) -> bool:
    """Say whether a way to propose one is shown. The operation asks again, for the units it is about."""
    mandates = current.for_display(user)
    return user.is_operator or mandates.is_head_of_unit or mandates.is_kiv_administrator


def may_read_reorganised_people(user: User, row: Reorganisation) -> bool:
    """Say whether the people of its rights are named to this person: not to who only runs the tool."""
    return user.is_auditor or _is_theirs(user, current.for_display(user), row)


def _is_theirs(user: User, mandates: Mandates, row: Reorganisation) -> bool:
    if user.pk in (row.proposed_by_id, row.decided_by_id) and not user.is_operator:
        return True
    is_old = mandates.heads_at_or_above(row.old_id, row.old_dn) or mandates.administers(row.old_dn)
    new_id = row.new_id
    return is_old or (new_id is not None and (new_id in mandates.unit_ids or mandates.heads_unit_of(new_id)))
