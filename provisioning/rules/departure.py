"""Whether what was removed in KIV has gone from the national HSA, too: what HSA still holds of it.

The two directories are laid out differently, so an entry is found again by its HSA-id and never by its DN.
What another right needs may stay in both. Source: domain §2 ("KIV→HSA sync adds more"; both services read
HSA at login) and §8 (removal is proven by the value being gone).
"""

from __future__ import annotations

from collections.abc import Collection

from provisioning.rules import removal
from provisioning.rules.hsa import Attribute, Commission, Reading
from provisioning.rules.removal import Held, Plan, Right


def left_of(right: Right, hsa: Reading, *, living: Collection[Right]) -> Plan:
    """Say what of the right HSA still holds: YES with the values, NO, or UNKNOWN where it did not tell.

    Whatever opens the service counts, also a form of the value that KIV never held. `living`: the person's
    rights that go on.
    """
    return removal.plan(right, hsa, living=living, at=hsa.read_at)


def left_of_values(asked: Collection[Held], *, kiv: Reading, hsa: Reading, living: Collection[Right]) -> Plan:
    """The same for values that belong to no right known here. `kiv` tells which commission each is in."""
    found = removal.standing(hsa, at=hsa.read_at)
    there = [one for one in found if any(_is_same(held, one, kiv, hsa) for held in asked)]
    return removal.plan_for([*asked, *there], hsa, living=living, at=hsa.read_at)


def _is_same(held: Held, in_hsa: Held, kiv: Reading, hsa: Reading) -> bool:
    """A role byte for byte; a coupling by its commission: by HSA-id where both have one, unit and purpose."""
    if held.attribute is not in_hsa.attribute:
        return False
    if held.attribute is Attribute.SYSTEM_ROLE:
        return held.value == in_hsa.value
    one, other = _commission(kiv, held.dn), _commission(hsa, in_hsa.dn)
    if one is not None and other is not None and one.hsa_id is not None and other.hsa_id is not None:
        return one.hsa_id == other.hsa_id
    is_same_purpose = held.purpose.casefold() == in_hsa.purpose.casefold()
    return is_same_purpose and held.unit_id == in_hsa.unit_id


def _commission(reading: Reading, dn: str) -> Commission | None:
    return next((one for one in reading.commissions if one.dn.casefold() == dn.casefold()), None)
