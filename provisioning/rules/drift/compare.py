"""Drift: where the rights the tool knows and what the directory holds no longer agree.

`compare` looks at one person: the rights that stand, against one reading. What the reading does not tell
is named as unknown: of those kinds nothing is found and nothing is over.
Source: domain page §6 (near misses; don't know never decides) and §8 (leavers, movers, closed units and
lost commissions are found by a sweep).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from provisioning.rules import certainty, removal
from provisioning.rules.certainty import Gap, Named
from provisioning.rules.dates import periods
from provisioning.rules.dates.periods import STOCKHOLM, PeriodState
from provisioning.rules.drift.differences import (
    COMMISSION_KINDS,
    LOSS_KINDS,
    PERSON_KINDS,
    PROFESSION_KINDS,
    PROVIDER_KINDS,
    RESTS_ON_ABSENCE,
    UNIT_KINDS,
    VALUE_KINDS,
    Drift,
    DriftKind,
)
from provisioning.rules.hsa import Attribute, HsaId, Level, Part, Provider, RawPeriod, Reading, Service, Unit
from provisioning.rules.removal import Right, StoredValue
from provisioning.rules.services import catalogue, commissions, roles
from provisioning.rules.services.entitlement import Entitlement, Subject
from provisioning.rules.services.profession import is_doctor
from provisioning.rules.services.roles import SeenRole


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a look at one person gave. Of the kinds in `unknown` nothing was found, and nothing is over."""

    found: tuple[Drift, ...] = ()
    unknown: frozenset[DriftKind] = frozenset()

    def decides(self, kind: DriftKind) -> bool:
        return kind not in self.unknown


# What of a reading is looked at. A date that nobody can read is no gap: it was read, and is unreadable.
PARTS = (
    Part.PERSON,
    Part.SYSTEM_ROLES,
    Part.PROFESSION,
    Part.COMMISSIONS,
    Part.UNITS,
    Part.PROVIDERS,
)
NOTHING_TOLD = Comparison(unknown=frozenset(DriftKind))


def compare(
    reading: Reading,
    rights: Sequence[Right],
    *,
    at: datetime,
    explained: Collection[Right] = (),
    was_doctor: bool | None = None,
    services: Collection[Service] = frozenset(Service),
) -> Comparison:
    """Say what of the person's `rights` has lost its ground, and which role values no right explains.

    `explained`: rights that are being given or taken away; they explain a value and are not compared
    themselves. `was_doctor`: what was known when the rights were given; None: not known. `services`: those
    whose role values are looked for; another's are nobody's business here.
    """
    if not reading.is_readable(Part.PERSON):
        return NOTHING_TOLD
    written = tuple(removal.as_written(right, reading) for right in rights)
    explaining = tuple(removal.as_written(right, reading) for right in explained)
    look = _Look(reading, written, (*written, *explaining), at, was_doctor, services)
    unknown = _unread(reading)
    found: list[Drift] = []
    for drift in (*look.lost(), *look.unexplained()):
        if drift is None:
            continue
        if isinstance(drift, Drift):
            found.append(drift)
        else:
            unknown |= drift
    unique = dict.fromkeys(drift for drift in found if drift.kind not in unknown)
    return Comparison(tuple(unique), frozenset(unknown))


def leaves(reading: Reading, *, at: datetime) -> DriftKind | None:
    """Why this person is not employed here any more, if that is certain. Source: domain §2, §8."""
    if not reading.is_readable(Part.PERSON):
        return None
    found = _person_kind(reading, on=_day(at))
    return found if isinstance(found, DriftKind) else None


def _unread(reading: Reading) -> set[DriftKind]:
    """The kinds of which a reading with gaps tells nothing."""
    unknown: set[DriftKind] = set()
    for parts, kinds in (
        ((Part.UNITS,), UNIT_KINDS | COMMISSION_KINDS | VALUE_KINDS | {DriftKind.SUB_UNIT_MOVED}),
        ((Part.PROVIDERS,), PROVIDER_KINDS | VALUE_KINDS),
        ((Part.COMMISSIONS,), COMMISSION_KINDS | {DriftKind.ROLE_WITHOUT_COMMISSION, DriftKind.ROLE_OUTSIDE}),
        ((Part.SYSTEM_ROLES,), VALUE_KINDS | {DriftKind.ROLE_MISSING}),
        ((Part.PROFESSION,), PROFESSION_KINDS),
    ):
        if not reading.is_readable(*parts):
            unknown |= kinds
    return unknown


def _day(at: datetime) -> date:
    return at.astimezone(STOCKHOLM).date()


def _person_kind(reading: Reading, *, on: date) -> DriftKind | frozenset[DriftKind] | None:
    """What is wrong with the person's own entry; the kinds themselves where it cannot be told."""
    person = reading.person
    if person is None:
        return DriftKind.PERSON_MISSING
    if person.is_archived:
        return DriftKind.PERSON_ARCHIVED
    state = periods.employment(person.period, on=on)
    if state is PeriodState.UNREADABLE:
        return PERSON_KINDS
    return DriftKind.PERSON_ENDED if state is PeriodState.ENDED else None


@dataclass(frozen=True, slots=True)
class _Look:
    """One comparison under way. A set of kinds among the results: of these nothing can be said."""

    reading: Reading
    rights: tuple[Right, ...]
    explaining: tuple[Right, ...]
    at: datetime
    was_doctor: bool | None
    services: Collection[Service]

    # Rights that have lost their ground

    def lost(self) -> Iterator[Drift | frozenset[DriftKind]]:
        of_person = _person_kind(self.reading, on=_day(self.at))
        for right in self.rights:
            if isinstance(of_person, frozenset):
                yield of_person
                yield from self._lost(right)
            elif of_person is not None:
                yield self._drift(right, of_person)
            else:
                yield from self._lost(right)

    def _lost(self, right: Right) -> Iterator[Drift | frozenset[DriftKind]]:
        """The gravest only: on a closed unit nobody asks about the commission, nor about a role."""
        for check in (self._place, self._commission, self._role, self._profession, self._sub_unit):
            found = check(right)
            if isinstance(found, frozenset):
                yield found
            elif found is not None:
                yield self._drift(right, found)
                return

    def _place(self, right: Right) -> DriftKind | frozenset[DriftKind] | None:
        if right.level is Level.PROVIDER:
            return self._provider(certainty.provider(self.reading, right.unit_id))
        unit = certainty.unit(self.reading, right.unit_id)
        if isinstance(unit, Gap):
            return UNIT_KINDS
        if unit is None:
            return DriftKind.UNIT_UNKNOWN
        if unit.is_archived:
            return DriftKind.UNIT_ARCHIVED
        state = self._validity(Part.UNITS, unit.period)
        if state is PeriodState.ENDED:
            return DriftKind.UNIT_CLOSED
        if state is PeriodState.UNREADABLE:
            return UNIT_KINDS
        if unit.provider_id is None:
            return None
        return self._provider(certainty.provider(self.reading, unit.provider_id))

    def _provider(self, provider: Provider | None | Gap) -> DriftKind | frozenset[DriftKind] | None:
        if isinstance(provider, Gap):
            return PROVIDER_KINDS
        if provider is None:
            return DriftKind.PROVIDER_UNKNOWN
        state = self._validity(Part.PROVIDERS, provider.period)
        if state is PeriodState.UNREADABLE:
            return PROVIDER_KINDS
        return DriftKind.PROVIDER_CLOSED if provider.is_archived or state is PeriodState.ENDED else None

    def _validity(self, part: Part, period: RawPeriod) -> PeriodState:
        return certainty.validity(self.reading, part, period, at=self.at)

    def _commission(self, right: Right) -> DriftKind | frozenset[DriftKind] | None:
        if right.level is Level.PROVIDER:
            return None
        state = self._coupling(right.unit_id, right.service)
        if state is PeriodState.ACTIVE:
            return None
        if state is PeriodState.UNREADABLE:
            return COMMISSION_KINDS
        if state is PeriodState.NOT_STARTED:
            return DriftKind.COMMISSION_NOT_STARTED
        if self._is_elsewhere(right):
            return DriftKind.COMMISSION_MOVED
        if state is PeriodState.ENDED:
            return DriftKind.COMMISSION_ENDED
        return (
            DriftKind.COMMISSION_PURPOSE_MISSING
            if self._lost_purpose(right)
            else DriftKind.COMMISSION_MISSING
        )

    def _coupling(self, unit_id: HsaId, service: Service) -> PeriodState | None:
        """The best coupling to a commission on the unit that HSA would return; None: there is none."""
        purpose = catalogue.purpose(service)
        states = [
            state
            for commission in self.reading.commissions
            if commission.unit_id == unit_id
            and not commission.is_under_provider
            and commissions.has_purpose(commission, purpose)
            and commissions.is_complete(commission)
            for state in commissions.coupling_states(commission, self.reading.person_id, at=self.at)
        ]
        best = (PeriodState.ACTIVE, PeriodState.UNREADABLE, PeriodState.NOT_STARTED, PeriodState.ENDED)
        return next((state for state in best if state in states), None)

    def _is_elsewhere(self, right: Right) -> bool:
        unit_ids = {commission.unit_id for commission in self.reading.commissions} - {right.unit_id, None}
        return any(
            self._coupling(unit_id, right.service) is PeriodState.ACTIVE for unit_id in unit_ids if unit_id
        )

    def _lost_purpose(self, right: Right) -> bool:
        return any(
            commission.unit_id == right.unit_id
            and commissions.is_without_purpose(commission)
            and commissions.is_coupled(commission, [self.reading.person_id], at=self.at)
            for commission in self.reading.commissions
        )

    def _role(self, right: Right) -> DriftKind | None:
        if right.level is not catalogue.entitlement(right.service).role_level:
            return None
        has_role = any(removal.needs(right, held) for held in self._held())
        return None if has_role else DriftKind.ROLE_MISSING

    def _profession(self, right: Right) -> DriftKind | frozenset[DriftKind] | None:
        """Rehabstöd alone asks who is a doctor. Source: domain §3.3."""
        if not catalogue.entitlement(right.service).own_is_for_doctors:
            return None
        doctor = is_doctor(self.reading)
        if doctor is None:
            return PROFESSION_KINDS
        was_doctor = True if right.level is Level.OWN else self.was_doctor
        if was_doctor is None or was_doctor is doctor:
            return None
        return DriftKind.BECAME_DOCTOR if doctor else DriftKind.NO_LONGER_DOCTOR

    def _sub_unit(self, right: Right) -> DriftKind | frozenset[DriftKind] | None:
        """Sub-units follow their care unit: from another one the access does not reach it. Domain §3.5."""
        if right.sub_unit_id is None:
            return None
        care_units = self.reading.parents.get(right.sub_unit_id)
        if care_units is None:
            return frozenset({DriftKind.SUB_UNIT_MOVED})
        return None if any(unit.hsa_id == right.unit_id for unit in care_units) else DriftKind.SUB_UNIT_MOVED

    def _drift(self, right: Right, kind: DriftKind) -> Drift:
        is_role = kind is DriftKind.ROLE_MISSING
        return Drift(
            kind,
            right.service,
            right.level,
            right.unit_id,
            right=right,
            dn=self.reading.person.dn if self.reading.person and is_role else "",
            expected=(catalogue.wanted_role(right.service, right.level, right.unit_id) or "")
            if is_role
            else "",
            situation=self._situation(right, kind),
        )

    def _situation(self, right: Right, kind: DriftKind) -> tuple[str, ...]:
        """What the finding rests on, so that an explanation does not outlive it."""
        person = self.reading.person
        if kind in PERSON_KINDS:
            return (kind.value, (person.period.end or "") if person else "")
        if kind in COMMISSION_KINDS:
            purpose = catalogue.purpose(right.service)
            couplings = (
                f"{commission.dn} {coupling.raw}"
                for commission in self.reading.commissions
                if commissions.has_purpose(commission, purpose)
                for coupling in commission.couplings
                if coupling.person_id == self.reading.person_id
            )
            return (kind.value, *sorted(couplings))
        if kind is DriftKind.ROLE_MISSING:
            return (kind.value, *sorted(person.system_roles if person else ()))
        if kind is DriftKind.SUB_UNIT_MOVED and right.sub_unit_id is not None:
            care_units = self.reading.parents.get(right.sub_unit_id, ())
            return (kind.value, *sorted(unit.hsa_id.folded for unit in care_units))
        return (kind.value,)

    # Role values that no right explains

    def _held(self) -> Iterator[StoredValue]:
        person = self.reading.person
        for raw in person.system_roles if person else ():
            yield StoredValue(person.dn if person else "", Attribute.SYSTEM_ROLE, raw)

    def unexplained(self) -> Iterator[Drift | frozenset[DriftKind]]:
        for held in self._held():
            if any(removal.needs(right, held) for right in self.explaining):
                continue
            for entitled in (catalogue.entitlement(one) for one in Service if one in self.services):
                seen = roles.seen(held.value, words=(entitled.role_word,))
                if seen is None:
                    continue
                kind = self._value_kind(entitled, seen)
                if isinstance(kind, frozenset):
                    yield kind
                else:
                    yield self._value_drift(entitled, seen, held, kind)

    def _value_kind(self, entitled: Entitlement, seen: SeenRole) -> DriftKind | frozenset[DriftKind]:
        if mistyped := _mistyped(entitled, seen, self._id_as_written(entitled, seen.hsa_id)):
            return mistyped
        named = certainty.named(self.reading, seen.hsa_id)
        if named is Named.UNREAD:
            return VALUE_KINDS
        if named is Named.NOTHING:
            return DriftKind.ROLE_UNKNOWN_ID
        if entitled.role_subject is Subject.PROVIDER:
            return DriftKind(entitled.wrong_kind) if named is Named.UNIT else DriftKind.ROLE_OUTSIDE
        if named is Named.PROVIDER:
            return DriftKind(entitled.wrong_kind)
        return self._unit_role_kind(entitled, seen.hsa_id)

    def _unit_role_kind(self, entitled: Entitlement, unit_id: HsaId) -> DriftKind | frozenset[DriftKind]:
        unit = certainty.unit(self.reading, unit_id)
        if isinstance(unit, Unit) and not unit.is_care_unit:
            return DriftKind.ROLE_SUBUNIT
        if self._lacking(entitled):
            return DriftKind.ROLE_WRONG_UNIT
        state = self._coupling(unit_id, entitled.service)
        if state is PeriodState.UNREADABLE:
            return frozenset({DriftKind.ROLE_OUTSIDE, DriftKind.ROLE_WITHOUT_COMMISSION})
        return DriftKind.ROLE_OUTSIDE if state is PeriodState.ACTIVE else DriftKind.ROLE_WITHOUT_COMMISSION

    def _id_as_written(self, entitled: Entitlement, hsa_id: HsaId) -> HsaId:
        """The id as its entry has it: a service may compare byte for byte."""
        entry = (
            certainty.provider(self.reading, hsa_id)
            if entitled.role_subject is Subject.PROVIDER
            else certainty.unit(self.reading, hsa_id)
        )
        return entry.hsa_id if isinstance(entry, Unit | Provider) else hsa_id

    def _lacking(self, entitled: Entitlement) -> Right | None:
        """A right of the service whose own role is missing: a value for another unit may be meant for it."""
        return next(
            (
                right
                for right in self.rights
                if right.service is entitled.service and self._role(right) is DriftKind.ROLE_MISSING
            ),
            None,
        )

    def _value_drift(
        self, entitled: Entitlement, seen: SeenRole, held: StoredValue, kind: DriftKind
    ) -> Drift:
        hsa_id = self._id_as_written(entitled, seen.hsa_id)
        lacking = self._lacking(entitled)
        expected = ""
        if lacking is not None and (kind is DriftKind.ROLE_WRONG_UNIT or lacking.unit_id == seen.hsa_id):
            expected = entitled.role_prefix + lacking.unit_id.text
        return Drift(
            kind,
            entitled.service,
            entitled.role_level,
            hsa_id,
            dn=held.dn,
            value=held.value,
            expected=expected,
            situation=(kind.value, held.value),
        )


def _mistyped(entitled: Entitlement, seen: SeenRole, hsa_id: HsaId) -> DriftKind | None:
    """What is wrong with how the value is written, where its service would not read it."""
    if entitled.matches(seen.raw, hsa_id):
        return None
    wanted = entitled.role_prefix + hsa_id.text
    bare = roles.without_blanks(wanted)  # the id itself may have a blank at its end
    if seen.bare.casefold() != bare.casefold():
        return DriftKind.ROLE_MALFORMED
    return DriftKind.ROLE_BLANKS if seen.has_blanks or bare != wanted else DriftKind.ROLE_WRONG_CASE


def counts_as_loss(found: Iterable[Drift]) -> bool:
    """Say whether something is lost that was there: many of these at once are rather a broken answer."""
    return any(drift.kind in LOSS_KINDS & RESTS_ON_ABSENCE for drift in found)
