"""What the directory lets a person do: head of which units, KIV administrator of which parts of the tree.

Read fresh before every decision; a short-lived copy serves pages that only show things. Sources:
hsaHealthCareUnitManager and vgrManagedObjects, domain §2 and §7.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core.cache import cache
from django.utils.crypto import salted_hmac

from provisioning.directory import open_directory
from provisioning.errors import DirectoryError
from provisioning.models import User
from provisioning.rules.hsa import HsaId, Provider, Unit

COPY_SECONDS = 120
SILENCE_SECONDS = 5  # a page asks several times: a directory that hangs is waited for once


@dataclass(frozen=True, slots=True)
class Mandates:
    """One person's mandates at one moment. `is_known` is False when the directory did not tell."""

    units: tuple[Unit, ...] = ()  # units the person is head of
    providers: tuple[Provider, ...] = ()
    managed_dns: tuple[str, ...] = ()  # DNs whose subtree the person administers in KIV
    is_known: bool = True

    @property
    def unit_ids(self) -> frozenset[HsaId]:
        """Own units and their sub-units: what a head of unit may order and attest for."""
        return frozenset(unit_id for unit in self.units for unit_id in (unit.hsa_id, *unit.member_ids))

    @property
    def is_head_of_unit(self) -> bool:
        return bool(self.units)

    @property
    def is_kiv_administrator(self) -> bool:
        return bool(self.managed_dns)

    def administers(self, dn: str) -> bool:
        """Say whether the entry lies at or below one of the managed DNs."""
        below = dn.casefold()
        return any(below == top or below.endswith("," + top) for top in map(str.casefold, self.managed_dns))


UNKNOWN = Mandates(is_known=False)


def read(person_id: HsaId) -> Mandates:
    """Ask the directory now. Raises DirectoryError: then nothing may be decided."""
    directory = open_directory()
    return Mandates(
        units=directory.units_headed_by(person_id),
        providers=directory.providers_headed_by(person_id),
        managed_dns=directory.managed_dns(person_id),
    )


def for_display(user: User) -> Mandates:
    """A copy at most two minutes old, or UNKNOWN when the directory does not answer. Never decide by it."""
    key = "mandates:" + salted_hmac("provisioning.mandates", user.hsa_key).hexdigest()
    copy: Mandates | None = cache.get(key)
    if copy is not None:
        return copy
    try:
        copy = read(user.identity)
    except DirectoryError:
        cache.set(key, UNKNOWN, SILENCE_SECONDS)
        return UNKNOWN
    cache.set(key, copy, COPY_SECONDS)
    return copy
