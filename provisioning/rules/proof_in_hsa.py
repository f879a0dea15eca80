"""Whether what was set in KIV has arrived in the national HSA: two readings of one person, side by side.

The two directories are laid out differently, so an entry is found again by its HSA-id and never by its DN.
Source: domain §2 ("KIV→HSA sync adds more") and §6 (verdict levels).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from provisioning.rules import names, removal
from provisioning.rules.dates import periods
from provisioning.rules.hsa import Answer, Attribute, Change, Commission, HsaId, Part, RawPeriod, Reading
from provisioning.rules.removal import Plan, Right, StoredValue


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
    origin = _commission_of(kiv, change)
    return (one for one in hsa.commissions if origin is None or _is_same(origin, one))


def _is_same(one: Commission, other: Commission) -> bool:
    if one.hsa_id is not None and other.hsa_id is not None:
        return one.hsa_id == other.hsa_id
    return one.unit_id == other.unit_id and _purpose(one) == _purpose(other)


def _purpose(commission: Commission) -> str:
    return (commission.purpose or "").strip().casefold()


def is_in_place(change: Change, values: Collection[str], *, at: datetime) -> Answer:
    """Say whether `values`, read at `at` (aware), hold what `change` wants; UNKNOWN for unreadable dates."""
    if change.attribute is Attribute.SYSTEM_ROLE:
        return Answer.YES if change.value in values else Answer.NO
    answers = [_is_active_coupling(value, change, at=at) for value in values]
    if Answer.YES in answers:
        return Answer.YES
    return Answer.UNKNOWN if Answer.UNKNOWN in answers else Answer.NO


def _is_active_coupling(value: str, change: Change, *, at: datetime) -> Answer:
    wanted_id = HsaId(change.value.split(";")[0].strip())
    person, start, end = (*value.split(";"), "", "")[:3]
    if HsaId(person.strip()) != wanted_id:
        return Answer.NO
    state = periods.state(RawPeriod(start, end), at=at)
    if state is periods.PeriodState.UNREADABLE:
        return Answer.UNKNOWN
    if state is not periods.PeriodState.ACTIVE or not _lasts_as_wanted(RawPeriod(start, end), change):
        return Answer.NO
    return Answer.YES


def _lasts_as_wanted(period: RawPeriod, change: Change) -> bool:
    """A change without a last day of its own takes whatever holds now."""
    wanted = periods.last_day((*change.value.split(";"), "", "")[2])
    return wanted is None or periods.lasts_through(period, wanted)


def left_of(right: Right, hsa: Reading, *, living: Collection[Right]) -> Plan:
    """Say what of the right HSA still holds: YES with the values, NO, or UNKNOWN where it did not tell.

    Whatever opens the service counts, also a form of the value that KIV never held. `living`: the person's
    rights that go on.
    """
    return removal.plan(right, hsa, living=living, at=hsa.read_at)


def left_of_values(
    asked: Collection[StoredValue], *, kiv: Reading, hsa: Reading, living: Collection[Right]
) -> Plan:
    """The same for values that belong to no right known here. `kiv` tells which commission each is in."""
    found = removal.still_there(hsa, at=hsa.read_at)
    there = [one for one in found if any(_stands_for(held, one, kiv, hsa) for held in asked)]
    return removal.plan_for([*asked, *there], hsa, living=living, at=hsa.read_at)


def _stands_for(held: StoredValue, in_hsa: StoredValue, kiv: Reading, hsa: Reading) -> bool:
    """A role byte for byte; a coupling by its commission: by HSA-id where both have one, unit and purpose."""
    if held.attribute is not in_hsa.attribute:
        return False
    if held.attribute is Attribute.SYSTEM_ROLE:
        return held.value == in_hsa.value
    one, other = _commission_of(kiv, held), _commission_of(hsa, in_hsa)
    if one is not None and other is not None and one.hsa_id is not None and other.hsa_id is not None:
        return one.hsa_id == other.hsa_id
    is_same_purpose = held.purpose.casefold() == in_hsa.purpose.casefold()
    return is_same_purpose and held.unit_id == in_hsa.unit_id


def _commission_of(reading: Reading, value: Change | StoredValue) -> Commission | None:
    """The commission that the value is in: by its HSA-id, wherever it stands now, else by its name."""
    if value.entry_id is not None:
        by_id = next((one for one in reading.commissions if one.hsa_id == value.entry_id), None)
        if by_id is not None:
            return by_id
    return next((one for one in reading.commissions if names.is_same(one.dn, value.dn)), None)
