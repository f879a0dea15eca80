"""Who may see, carry out and take back a removal. Source: domain §7."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.shortcuts import get_object_or_404

from provisioning import dates
from provisioning.access.parties import reads, reads_of_many
from provisioning.mandates import current
from provisioning.models import Handler, Removal, User
from provisioning.rights import may
from provisioning.rules.dates import deadlines
from provisioning.rules.states.right import RemovalState


def visible_removals(user: User) -> QuerySet[Removal]:
    """The removals this person may read: who it concerns, who has or had to do with it, the head of unit."""
    return _removals() if user.is_auditor else _removals_of_own(user)


def searched_removals(user: User) -> QuerySet[Removal]:
    """The same, to be searched or listed among all."""
    return _removals() if user.is_auditor else _removals().filter(reads_of_many(user, "removal"))


def find_removal_to_act(user: User, public_id: UUID) -> Removal:
    """The removal, if this person has a part in it: an auditor finds no page to act on. Raises Http404."""
    return get_object_or_404(_removals_of_own(user), public_id=public_id)


def _removals() -> QuerySet[Removal]:
    return Removal.objects.select_related("grant__origin__order__orderer", "started_by", "carried_out_by")


def _removals_of_own(user: User) -> QuerySet[Removal]:
    """What somebody has or had to do with, or is head of the unit of."""
    return _removals().filter(reads(user, "removal"))


def find_removal(user: User, public_id: UUID) -> Removal:
    """The removal, if this person may read it. Raises Http404."""
    return get_object_or_404(visible_removals(user), public_id=public_id)


def to_remove(user: User) -> QuerySet[Removal]:
    """Removal tasks that this KIV administrator may carry out."""
    waiting = Handler.objects.filter(removal=OuterRef("pk"), person_key=user.hsa_key)
    return Removal.objects.filter(Exists(waiting), state=RemovalState.AWAITING_KIV.value)


def may_take_back(user: User, removal: Removal) -> bool:
    """Say whether pages offer to take the removal back: who started it; where a sweep did, the head."""
    if removal.current_state not in (RemovalState.LOOKING, RemovalState.AWAITING_KIV):
        return False
    if removal.grant is not None and deadlines.has_ended(removal.grant.ends_on, on=dates.today()):
        return False
    return is_theirs_to_take_back(user, removal)


def is_theirs_to_take_back(user: User, removal: Removal) -> bool:
    """Whose act it is, be it too late or not."""
    mandates = current.for_display(user)
    if not mandates.is_known:
        return removal.started_by_id == user.hsa_key  # the act asks the directory itself, and says so
    return may.may_take_back(removal, mandates, user)
