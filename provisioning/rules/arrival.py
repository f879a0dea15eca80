"""Whether what was set in KIV has arrived in the national HSA: two readings of one person, side by side.

The two directories are laid out differently, so an entry is found again by its HSA-id and never by its DN.
Source: domain §2 ("KIV→HSA sync adds more") and §6 (verdict levels).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from provisioning.rules.changes import is_in_place
from provisioning.rules.hsa import Answer, Attribute, Change, Commission, Part, Reading


def has_arrived(changes: Sequence[Change], *, kiv: Reading, hsa: Reading) -> Answer:
    """Say whether HSA holds all that was set. Without changes nothing is on its way: YES.

    UNKNOWN where HSA did not let the attribute be read. `kiv` tells which commission a change is in.
    """
    answers = {_is_there(change, kiv=kiv, hsa=hsa) for change in changes}
    if Answer.NO in answers:
        return Answer.NO
    return Answer.UNKNOWN if Answer.UNKNOWN in answers else Answer.YES


def held(change: Change, *, kiv: Reading, hsa: Reading) -> tuple[str, ...] | None:
    """What HSA holds where the change belongs, of this person only; None where there is no such entry."""
    if change.attribute is Attribute.SYSTEM_ROLE:
        return None if hsa.person is None else hsa.person.system_roles
    found = list(_counterparts(change, kiv, hsa))
    if not found:
        return None
    return tuple(
        coupling.raw for one in found for coupling in one.couplings if coupling.person_id == hsa.person_id
    )


def _is_there(change: Change, *, kiv: Reading, hsa: Reading) -> Answer:
    if is_in_place(change, held(change, kiv=kiv, hsa=hsa) or (), at=hsa.read_at) is Answer.YES:
        return Answer.YES
    role = change.attribute is Attribute.SYSTEM_ROLE
    parts = (Part.PERSON, Part.SYSTEM_ROLES) if role else (Part.COMMISSIONS, Part.UNIT_COMMISSIONS)
    if not hsa.is_readable(*parts):
        return Answer.UNKNOWN
    return is_in_place(change, held(change, kiv=kiv, hsa=hsa) or (), at=hsa.read_at)


def _counterparts(change: Change, kiv: Reading, hsa: Reading) -> Iterable[Commission]:
    """HSA's commissions that are the one the change is in: by HSA-id, else by unit and purpose.

    Where KIV no longer has it (it was moved), each of them counts.
    """
    origin = next((one for one in kiv.commissions if one.dn == change.dn), None)
    return (one for one in hsa.commissions if origin is None or _is_same(origin, one))


def _is_same(one: Commission, other: Commission) -> bool:
    if one.hsa_id is not None and other.hsa_id is not None:
        return one.hsa_id == other.hsa_id
    return one.unit_id == other.unit_id and _purpose(one) == _purpose(other)


def _purpose(commission: Commission) -> str:
    return (commission.purpose or "").strip().casefold()
