"""What attributes hold right now, by the names of their entries: see `places` for those that may move."""

from __future__ import annotations

from collections.abc import Collection

from provisioning.directory.ldap.troubles import Trouble, marked
from provisioning.directory.reading import values_now
from provisioning.directory.reading.entries import Lookups
from provisioning.directory.reading.readability import Readability
from provisioning.directory.reading.values_now import ValuePlace
from provisioning.errors import DirectoryRefused, DirectoryTruncated
from provisioning.rules.hsa import Attribute, HsaId

Wanted = tuple[str, Attribute]


def values(
    lookups: Lookups,
    readability: Readability,
    wanted: Collection[Wanted],
    *,
    only: Collection[HsaId] | None,
) -> dict[Wanted, tuple[str, ...] | None]:
    """Current values by (DN, attribute); None where no entry has the DN. See `Directory.values`."""
    asked = [ValuePlace(dn, attribute) for dn, attribute in wanted]
    found = values_now.find(lookups, readability, asked, only=only)
    for held in found.values():
        if held.code == values_now.UNREADABLE:
            raise marked(DirectoryRefused(code=held.code), Trouble.HIDDEN)
        if not held.is_known:
            raise marked(DirectoryTruncated(), Trouble.CUT_SHORT)
    return {(place.dn, place.attribute): held.values for place, held in found.items()}
