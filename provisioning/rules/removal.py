"""What a right rests on in the directory, and which of it may be taken away when the right ends.

A value is never removed that another living right needs, and a commission that care itself needs is
never touched: there a right ends without anything to remove. Source: domain page §5 (what a right
takes) and §8 (removal is proven by the value being gone).
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from provisioning.rules import certainty, names
from provisioning.rules.dates import periods
from provisioning.rules.dates.periods import PeriodState
from provisioning.rules.hsa import (
    Answer,
    Attribute,
    Change,
    HsaId,
    Level,
    Part,
    Provider,
    RawPeriod,
    Reading,
    Service,
    Unit,
)
from provisioning.rules.services import catalogue


@dataclass(frozen=True, slots=True)
class Right:
    """A right that exists: one person, service, level and unit (the care provider at level `provider`).

    `sub_unit_id`: the sub-unit it was ordered for, where that is not the care unit itself.
    """

    person_id: HsaId
    service: Service
    level: Level
    unit_id: HsaId
    sub_unit_id: HsaId | None = None


@dataclass(frozen=True, slots=True)
class StoredValue:
    """One value as it stands in the directory, byte for byte; of a coupling also where it leads."""

    dn: str
    attribute: Attribute
    value: str
    purpose: str = ""
    unit_id: HsaId | None = None
    entry_id: HsaId | None = field(default=None, compare=False)  # whose entry it is, wherever that stands now

    @property
    def place(self) -> tuple[names.Key, Attribute, str]:
        return names.key(self.dn), self.attribute, self.value

    def is_same(self, other: StoredValue) -> bool:
        """Say whether both are one value of one person, be the entry moved between two looks."""
        if (self.attribute, self.value) != (other.attribute, other.value):
            return False
        if self.attribute is Attribute.SYSTEM_ROLE:
            return True
        if self.entry_id is not None and other.entry_id is not None:
            return self.entry_id == other.entry_id
        is_same_purpose = self.purpose.casefold() == other.purpose.casefold()
        is_in_same_unit = self.unit_id is not None and self.unit_id == other.unit_id
        return names.is_same(self.dn, other.dn) or (is_same_purpose and is_in_same_unit)


class Nothing(enum.StrEnum):
    """Why nothing is removed. Stable: stored, audited, shown."""

    ALREADY_GONE = "removal.already_gone"
    COMMISSION_STAYS = "removal.commission_stays"  # care itself needs the commission
    NEEDED_BY_ANOTHER = "removal.needed_by_another"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be removed. UNKNOWN: the directory did not tell, and nothing may follow from it."""

    answer: Answer  # YES: there is something to remove
    remove: tuple[StoredValue, ...] = ()
    kept: tuple[StoredValue, ...] = ()  # another living right needs them
    why_nothing: Nothing | None = None


def plan(right: Right, reading: Reading, *, living: Collection[Right], at: datetime) -> Plan:
    """Say what of the right is to be removed. `living`: the person's rights that go on."""
    if not _rests_on_values(right):
        return Plan(Answer.NO, why_nothing=Nothing.COMMISSION_STAYS)
    if not reading.is_readable(*_parts(_attribute_of(right))):
        return Plan(Answer.UNKNOWN)
    spelled = _spellings([right], reading)
    mine = (held for held in still_there(reading, at=at) if any(needs(one, held) for one in spelled))
    return _divide(mine, _spellings(living, reading))


def plan_for(
    asked: Collection[StoredValue], reading: Reading, *, living: Collection[Right], at: datetime
) -> Plan:
    """Say which of these values are to be removed: for a value that belongs to no right known here."""
    if not reading.is_readable(*{part for held in asked for part in _parts(held.attribute)}):
        return Plan(Answer.UNKNOWN)
    found = [held for held in still_there(reading, at=at) if any(held.is_same(one) for one in asked)]
    if found and not any(is_removable(held) for held in found):
        return Plan(Answer.NO, why_nothing=Nothing.COMMISSION_STAYS)
    return _divide(found, _spellings(living, reading))


def as_written(right: Right, reading: Reading) -> Right:
    """The right with its ids as their entries have them now: Rehabstöd compares byte for byte."""
    sub_unit_id = right.sub_unit_id
    return replace(
        right,
        unit_id=_id_as_written(right.unit_id, right.level, reading),
        sub_unit_id=None if sub_unit_id is None else _id_as_written(sub_unit_id, right.level, reading),
    )


def _id_as_written(hsa_id: HsaId, level: Level, reading: Reading) -> HsaId:
    look_up = certainty.provider if level is Level.PROVIDER else certainty.unit
    entry = look_up(reading, hsa_id)
    return entry.hsa_id if isinstance(entry, Unit | Provider) else hsa_id


def _spellings(rights: Collection[Right], reading: Reading) -> tuple[Right, ...]:
    """Each right as it was given and as its ids are written now: a value of either form is the right's."""
    return (*rights, *(as_written(right, reading) for right in rights))


def still_there(reading: Reading, *, at: datetime) -> tuple[StoredValue, ...]:
    """Every value that names the person, now or later. A coupling that is over stays as history."""
    roles: list[StoredValue] = []
    if reading.person is not None:
        dn = reading.person.dn
        roles = [
            StoredValue(dn, Attribute.SYSTEM_ROLE, raw, entry_id=reading.person_id)
            for raw in reading.person.system_roles
        ]
    couplings = [
        StoredValue(
            commission.dn,
            Attribute.COMMISSION_MEMBER,
            coupling.raw,
            purpose=(commission.purpose or "").strip(),
            unit_id=commission.unit_id,
            entry_id=commission.hsa_id,
        )
        for commission in reading.commissions
        for coupling in commission.couplings
        if coupling.person_id == reading.person_id
        and periods.state(coupling.period, at=at) is not PeriodState.ENDED
    ]
    return tuple(dict.fromkeys([*roles, *couplings]))


def set_for(
    changes: Collection[Change], reading: Reading, *, before: Collection[tuple[str, str, str]], at: datetime
) -> tuple[StoredValue, ...]:
    """Which of the person's values that may be taken away these changes brought.

    `before`: dn, attribute and value of what stood there before: nobody's change. A role is found wherever
    the person's entry is now.
    """
    earlier = {(names.key(dn), Attribute(attribute), value) for dn, attribute, value in before}
    return tuple(
        held
        for held in still_there(reading, at=at)
        if is_removable(held)
        and held.place not in earlier
        and any(_is_brought_by(change, held) for change in changes)
    )


def _is_brought_by(change: Change, held: StoredValue) -> bool:
    if change.attribute is not held.attribute:
        return False
    if change.attribute is Attribute.SYSTEM_ROLE:
        return change.value == held.value
    return names.is_same(change.dn, held.dn)


def needs(right: Right, held: StoredValue) -> bool:
    """Say whether the right would lack something without this value of its person.

    A system role is compared as the service itself compares it: every form of it that opens counts.
    """
    entitled = catalogue.entitlement(right.service)
    if held.attribute is Attribute.SYSTEM_ROLE:
        return right.level is entitled.role_level and any(
            entitled.matches(held.value, hsa_id) for hsa_id in _role_ids(right)
        )
    is_same_purpose = held.purpose.casefold() == entitled.purpose.casefold()
    return right.level is not Level.PROVIDER and is_same_purpose and held.unit_id == right.unit_id


def is_covered(right: Right, others: Collection[Right]) -> bool:
    """Say whether the others need every system role that the right needs: its end takes nothing away.

    A right that rests on no role is never covered. That its end needs no notice is our own choice
    (docs/decisions/0008).
    """
    entitled = catalogue.entitlement(right.service)
    if right.level is not entitled.role_level:
        return False
    alike = [other for other in others if (other.service, other.level) == (right.service, right.level)]
    held = {hsa_id for other in alike for hsa_id in _role_ids(other)}
    return _role_ids(right) <= held


def _role_ids(right: Right) -> set[HsaId]:
    return {hsa_id for hsa_id in (right.unit_id, right.sub_unit_id) if hsa_id is not None}


def is_removable(held: StoredValue) -> bool:
    """A system role always; a coupling only where the commission is for these services alone."""
    if held.attribute is Attribute.SYSTEM_ROLE:
        return True
    return any(
        entitled.owns_commission and held.purpose.casefold() == entitled.purpose.casefold()
        for entitled in catalogue.CATALOGUE.values()
    )


def is_gone(held: StoredValue, values: Collection[str] | None, *, at: datetime) -> bool:
    """Say whether the value is gone, by what the attribute holds at `at`; None: there is no such entry.

    A coupling that has got a last day in the past is gone, too.
    """
    if values is None or held.value not in values:
        return True
    if held.attribute is Attribute.SYSTEM_ROLE:
        return False
    _person, start, end = (*held.value.split(";"), "", "")[:3]
    return periods.state(RawPeriod(start, end), at=at) is PeriodState.ENDED


def _divide(found: Iterable[StoredValue], living: Collection[Right]) -> Plan:
    candidates = tuple(held for held in found if is_removable(held))
    kept = tuple(held for held in candidates if any(needs(right, held) for right in living))
    remove = tuple(held for held in candidates if held not in kept)
    if remove:
        return Plan(Answer.YES, remove, kept)
    return Plan(Answer.NO, kept=kept, why_nothing=Nothing.NEEDED_BY_ANOTHER if kept else Nothing.ALREADY_GONE)


def _rests_on_values(right: Right) -> bool:
    entitled = catalogue.entitlement(right.service)
    return right.level is entitled.role_level or entitled.owns_commission


def _attribute_of(right: Right) -> Attribute:
    is_role = right.level is catalogue.entitlement(right.service).role_level
    return Attribute.SYSTEM_ROLE if is_role else Attribute.COMMISSION_MEMBER


def _parts(attribute: Attribute) -> tuple[Part, ...]:
    """What must have been read completely before anybody can say that a value is not there."""
    if attribute is Attribute.SYSTEM_ROLE:
        return Part.PERSON, Part.SYSTEM_ROLES
    return Part.COMMISSIONS, Part.UNITS


def stands(right: Right, reading: Reading, *, at: datetime) -> Answer:
    """Say whether the directory holds what the right itself rests on: its role, or its coupling."""
    attribute = _attribute_of(right)
    now = as_written(right, reading)
    if any(held.attribute is attribute and needs(now, held) for held in still_there(reading, at=at)):
        return Answer.YES
    return Answer.NO if reading.is_readable(*_parts(attribute)) else Answer.UNKNOWN
