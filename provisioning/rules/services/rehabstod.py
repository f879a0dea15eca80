"""Rehabstöd's own login rule, as a function of what a directory holds.

Source: domain page §3, read from the service's source code (v2.5.0.8). Whether the employment has
ended or the entry is archived is not looked at there; `rules.assessment` does that.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from provisioning.rules import certainty
from provisioning.rules.causes import Code
from provisioning.rules.dates.periods import PeriodState
from provisioning.rules.hsa import Answer, Commission, HsaId, Level, Part, Provider, Reading, Service, Unit
from provisioning.rules.services import commissions
from provisioning.rules.services.entitlement import Entitlement, Subject
from provisioning.rules.services.login import LoginResult, Role, UnitAccess, sorted_units
from provisioning.rules.services.profession import is_doctor

PURPOSE = "Vård och behandling"
ROLE_PREFIX = "INTYG;Rehab-"

NO_PERSON = "MissingHsaEmployeeInformation"
NO_COMMISSION = "MissingMedarbetaruppdrag"
NO_ROLE = "MissingUnitWithRehabSystemRole"


def login(reading: Reading, *, at: datetime) -> LoginResult:
    """Say whether Rehabstöd lets the person in at that moment, and with what. Source: domain §3."""
    if reading.person is None:
        if reading.is_readable(Part.PERSON):
            return LoginResult(Answer.NO, NO_PERSON)
        return LoginResult(Answer.UNKNOWN)
    units, may_be_more = _care_units(reading, at=at)
    if not units and not may_be_more:
        return LoginResult(Answer.NO, NO_COMMISSION)
    roles = reading.person.system_roles
    doctor = is_doctor(reading)
    if doctor:
        accesses = [_doctor_access(unit, roles) for unit in units]
        return LoginResult(Answer.YES if units else Answer.UNKNOWN, units=sorted_units(accesses))
    accesses = [_coordinator_access(unit) for unit in units if names(roles, unit.hsa_id)]
    if accesses:
        return LoginResult(Answer.YES, units=sorted_units(accesses))
    if doctor is None or not reading.is_readable(Part.SYSTEM_ROLES):
        return LoginResult(Answer.UNKNOWN)
    if may_be_more and any(role.startswith(ROLE_PREFIX) for role in roles):
        return LoginResult(Answer.UNKNOWN)
    # Refused either way; by which name is not known when the commissions are not.
    return LoginResult(Answer.NO, NO_ROLE if units else None)


def matches(raw: str, unit_id: HsaId) -> bool:
    """Case-sensitive and untrimmed, against the id as the unit's entry has it. Source: domain §3.4."""
    return raw == ROLE_PREFIX + unit_id.text


def names(roles: Iterable[str], unit_id: HsaId) -> bool:
    return any(matches(raw, unit_id) for raw in roles)


def _care_units(reading: Reading, *, at: datetime) -> tuple[list[Unit], bool]:
    """The care units of the person's commissions, each once, and whether there may be more.

    Source: domain §3.2: purpose, active coupling, care unit and care provider active now.
    """
    units: dict[HsaId, Unit] = {}
    may_be_more = not reading.is_readable(Part.COMMISSIONS)
    for commission in reading.commissions:
        counts, unit = _counts(reading, commission, at=at)
        if unit is not None and counts is Answer.YES:
            units[unit.hsa_id] = unit
        may_be_more = may_be_more or counts is Answer.UNKNOWN
    return list(units.values()), may_be_more


def _counts(reading: Reading, commission: Commission, *, at: datetime) -> tuple[Answer, Unit | None]:
    """Say whether the commission opens its care unit; HSA must return it for that."""
    returned = commissions.returned_unit(commission, reading, purpose=PURPOSE, at=at)
    if isinstance(returned, Answer):
        return returned, None
    unit, coupling = returned
    validity = certainty.validity(reading, Part.UNITS, unit.period, at=at)
    return _worst(coupling, validity, _provider_state(reading, unit, at=at)), unit


def _provider_state(reading: Reading, unit: Unit, *, at: datetime) -> PeriodState:
    """The care provider's state; without an entry for it HSA returns no commission: ENDED."""
    if unit.provider_id is None:
        return PeriodState.ENDED if reading.is_readable(Part.UNITS) else PeriodState.UNREADABLE
    provider = certainty.provider(reading, unit.provider_id)
    if isinstance(provider, Provider):
        return certainty.validity(reading, Part.PROVIDERS, provider.period, at=at)
    return PeriodState.ENDED if provider is None else PeriodState.UNREADABLE


def _worst(*states: PeriodState) -> Answer:
    if any(state in (PeriodState.ENDED, PeriodState.NOT_STARTED) for state in states):
        return Answer.NO
    return Answer.UNKNOWN if PeriodState.UNREADABLE in states else Answer.YES


def _doctor_access(unit: Unit, roles: tuple[str, ...]) -> UnitAccess:
    """A doctor keeps every unit, and is coordinator where a role names it. Source: domain §3.6."""
    if names(roles, unit.hsa_id):
        return _coordinator_access(unit)
    coordinated = tuple(sub_id for sub_id in unit.member_ids if names(roles, sub_id))
    return UnitAccess(unit.hsa_id, Role.LAKARE, unit.member_ids, coordinated)


def _coordinator_access(unit: Unit) -> UnitAccess:
    return UnitAccess(unit.hsa_id, Role.REHABKOORDINATOR, unit.member_ids)


ENTITLEMENT = Entitlement(
    service=Service.REHABSTOD,
    purpose=PURPOSE,
    usual_right="SJF",
    role_word="Rehab",
    role_subject=Subject.UNIT,
    role_level=Level.UNIT,
    levels=(Level.OWN, Level.UNIT),
    login=login,
    matches=matches,
    own_is_for_doctors=True,
    doctor_effect=Code.EFFECT_DOCTOR_BECOMES_COORDINATOR,
    wrong_kind=Code.ROLE_PROVIDER_IN_REHAB,
)
