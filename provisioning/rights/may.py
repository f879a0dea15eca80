"""Whose a right is to end, and whose a removal is to take back. Source: domain §7."""

from __future__ import annotations

from provisioning.mandates.current import Mandates
from provisioning.models import Grant, Removal, User
from provisioning.rules.hsa import Level
from provisioning.rules.mandates import Delegable
from provisioning.rules.states.right import EndCause


def may_manage(grant: Grant, mandates: Mandates, by: User) -> bool:
    """Say whether the right is this person's to end: head of its unit, or holder of its provider's mandate.

    Never one's own: that is giving a right back, which everybody may. Source: domain §7.
    """
    if by.pk == grant.subject_key:
        return False
    if grant.level == Level.PROVIDER.value:
        return mandates.is_of_provider(grant.unit_id, by)
    return grant.unit_id in mandates.unit_ids


def may_take_back(removal: Removal, mandates: Mandates, by: User) -> bool:
    """Say whether keeping the right after all is this person's: who gave it back, or ended it.

    Whoever ended somebody's right must still hold a mandate there: it is a decision like the first. Where a
    sweep began it because the person seemed to have left or moved, it is the head of unit's. Domain §7.
    """
    grant = removal.grant
    if by.pk == removal.subject_key:
        return removal.started_by_id == by.pk
    if removal.subject_id in mandates.ids_of(by.identity) | mandates.givers:
        return False
    if removal.started_by_id is None:
        return grant is not None and is_a_leavers(removal) and may_manage(grant, mandates, by)
    return removal.started_by_id == by.pk and _may_decide_there(removal, mandates, by)


def is_a_leavers(removal: Removal) -> bool:
    """Say whether a sweep began it, because the person seemed to have left or moved."""
    return removal.started_by_id is None and removal.cause == EndCause.LEAVER.value


def _may_decide_there(removal: Removal, mandates: Mandates, by: User) -> bool:
    """By any of the mandates that let somebody end a right: as head, reviewer, delegate or for a finding."""
    if removal.cause == EndCause.FINDING.value and mandates.administers(removal.unit_dn):
        return True
    if removal.level == Level.PROVIDER.value:
        return mandates.is_of_provider(removal.unit_id, by)
    if mandates.delegated_for(Delegable.ATTESTING, removal.unit_id) is not None:
        return True
    return mandates.heads_at_or_above(removal.unit_id, removal.unit_dn)
