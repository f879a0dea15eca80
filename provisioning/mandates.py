"""What a person may do: head of which units, KIV administrator of what, delegate of whom.

Read fresh before every decision; a short-lived copy serves pages that only show things. Sources:
hsaHealthCareUnitManager and vgrManagedObjects, domain §2 and §7.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.core.cache import cache
from django.utils.crypto import salted_hmac

from provisioning import delegates
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError
from provisioning.models import User
from provisioning.rules.hsa import HsaId, Provider, Unit
from provisioning.rules.mandates import Kind

COPY_SECONDS = 120
SILENCE_SECONDS = 5  # a page asks several times: a directory that hangs is waited for once


@dataclass(frozen=True, slots=True)
class Delegated:
    """One delegation that counts at one moment: what kind of act, for whom, on which units."""

    pk: int
    kind: Kind
    principal_id: HsaId
    principal_name: str
    unit_id: HsaId
    unit_ids: frozenset[HsaId]  # with its sub-units


@dataclass(frozen=True, slots=True)
class Mandates:
    """One person's mandates at one moment. `is_known` is False when the directory did not tell."""

    units: tuple[Unit, ...] = ()  # units the person is head of
    providers: tuple[Provider, ...] = ()
    managed_dns: tuple[str, ...] = ()  # DNs whose subtree the person administers in KIV
    is_known: bool = True
    delegated: tuple[Delegated, ...] = ()  # what heads of units have delegated to the person

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

    def delegated_for(self, kind: Kind, unit_id: HsaId) -> Delegated | None:
        """By which delegation the person does acts of this kind on the unit, if by any."""
        return next((one for one in self.delegated if one.kind is kind and unit_id in one.unit_ids), None)

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
        delegated=tuple(
            Delegated(row.pk, Kind(row.kind), row.principal.identity, row.principal.name, row.unit_id, units)
            for row, units in delegates.received(directory, person_id)
        ),
    )


def for_display(user: User) -> Mandates:
    """A copy at most two minutes old, or UNKNOWN when the directory does not answer. Never decide by it."""
    key = _copy_key(user)
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


def forget_copy(user: User) -> None:
    """What pages show of the person's mandates is read again: a delegation has begun or ended."""
    cache.delete(_copy_key(user))


def _copy_key(user: User) -> str:
    return "mandates:" + salted_hmac("provisioning.mandates", user.hsa_key).hexdigest()
