"""Whose rights on a unit or at a care provider somebody may read. Source: domain §7."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.mandates import current
from provisioning.models import Grant, User
from provisioning.rules.hsa import HsaId


def may_read_place(user: User, place_id: HsaId) -> bool:
    """Say whether this person may read all rights on a unit or care provider: its head now, or an auditor."""
    mandates = current.for_display(user)
    return user.is_auditor or place_id in mandates.unit_ids or mandates.is_of_provider(place_id, user)


@dataclass(frozen=True, slots=True)
class Place:
    """A unit or care provider in a menu."""

    hsa_id: HsaId
    name: str


def places_to_read(user: User) -> tuple[Place, ...]:
    """The units and care providers whose rights are this person's to follow, for a menu of them."""
    mandates = current.for_display(user)
    units = [Place(unit.hsa_id, unit.name) for unit in mandates.units]
    providers = {provider.hsa_id: provider.name for provider in mandates.providers}
    ids = sorted(mandates.provider_ids(user), key=str)
    return (*units, *(Place(one, providers.get(one) or _name_known_here(one)) for one in ids))


def _name_known_here(place_id: HsaId) -> str:
    """By the latest right there; the HSA-id where there has been none."""
    latest = Grant.objects.filter(unit_key=place_id.folded).first()
    return latest.unit_name if latest is not None and latest.unit_name else place_id.text


def places_of_grant_subject(user: User, grant: Grant) -> frozenset[HsaId] | None:
    """Where this person may read about the holder of a right; None: everywhere."""
    if user.is_auditor or user.hsa_key == grant.subject_key:
        return None
    mandates = current.for_display(user)
    return mandates.unit_ids | mandates.provider_ids(user)
