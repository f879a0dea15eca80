"""Rehabstöd's own login rule, as a function of what a directory holds.

Source: domain page §3, read from the service's source code (v2.5.0.8). Whether the employment has
ended or the entry is archived is not looked at there; `rules.assessment` does that.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from provisioning.rules.causes import Code
from provisioning.rules.hsa import Answer, HsaId, Level, Part, Reading, Service, Unit
from provisioning.rules.services import care_units
from provisioning.rules.services.entitlement import Entitlement, RuleSource, Subject
from provisioning.rules.services.login_answer import LoginResult, UnitAccess, sorted_units
from provisioning.rules.services.profession import is_doctor
from provisioning.rules.services.wording import LevelWords, RoleWords, ServiceWords, gettext_noop

PURPOSE = "Vård och behandling"
ROLE_PREFIX = "INTYG;Rehab-"

LAKARE, REHABKOORDINATOR = "lakare", "rehabkoordinator"

NO_PERSON = "MissingHsaEmployeeInformation"
NO_COMMISSION = "MissingMedarbetaruppdrag"
NO_ROLE = "MissingUnitWithRehabSystemRole"


def login(reading: Reading, *, at: datetime) -> LoginResult:
    """Say whether Rehabstöd lets the person in at that moment, and with what. Source: domain §3."""
    if reading.person is None:
        if reading.is_readable(Part.PERSON):
            return LoginResult(Answer.NO, NO_PERSON)
        return LoginResult(Answer.UNKNOWN)
    units, may_be_more = care_units.open_to(reading, purpose=PURPOSE, at=at)
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


def _doctor_access(unit: Unit, roles: tuple[str, ...]) -> UnitAccess:
    """A doctor keeps every unit, and is coordinator where a role names it. Source: domain §3.6."""
    if names(roles, unit.hsa_id):
        return _coordinator_access(unit)
    coordinated = tuple(sub_id for sub_id in unit.member_ids if names(roles, sub_id))
    return UnitAccess(unit.hsa_id, LAKARE, unit.member_ids, coordinated)


def _coordinator_access(unit: Unit) -> UnitAccess:
    return UnitAccess(unit.hsa_id, REHABKOORDINATOR, unit.member_ids)


WORDS = ServiceWords(
    name="Rehabstöd",
    levels={
        Level.UNIT: LevelWords(
            name=gettext_noop("Whole care unit (rehabilitation coordinator)"),
            choice=gettext_noop("Rehabstöd, whole care unit"),
            hint=gettext_noop(
                "For rehabilitation coordinators: sees all current sick leave on the care unit. Needs a "
                "system role in KIV."
            ),
            effect=gettext_noop(
                "The person gets in to Rehabstöd on %(unit)s as a rehabilitation coordinator, and sees the "
                "cases of the whole unit."
            ),
            role=REHABKOORDINATOR,
        ),
        Level.OWN: LevelWords(
            name=gettext_noop("Own cases (doctor)"),
            choice=gettext_noop("Rehabstöd, own cases"),
            hint=gettext_noop(
                "For doctors: sees the sick leave they have certified themselves. The commission is enough."
            ),
            effect=gettext_noop(
                "The person gets in to Rehabstöd on %(unit)s as a doctor, and sees own cases."
            ),
            role=LAKARE,
        ),
    },
    roles={
        LAKARE: RoleWords(
            answer=gettext_noop("Rehabstöd lets the person in on %(unit)s as a doctor, who sees own cases."),
            own=gettext_noop("Yes, as a doctor on %(unit)s (own cases)"),
        ),
        REHABKOORDINATOR: RoleWords(
            answer=gettext_noop(
                "Rehabstöd lets the person in on %(unit)s as a rehabilitation coordinator, who sees the "
                "whole unit."
            ),
            own=gettext_noop("Yes, as a rehabilitation coordinator on %(unit)s (the whole unit)"),
        ),
    },
    rules=(
        gettext_noop("The person must be registered in HSA."),
        gettext_noop(
            "Counted are commissions with the purpose “Vård och behandling” on care units that are "
            "open now, with a care provider that is open now. The coupling must be in force today."
        ),
        gettext_noop(
            "A doctor or dentist gets in on all these units and sees own cases. A system role for a "
            "unit gives the whole unit."
        ),
        gettext_noop(
            "Everybody else needs a system role that names the care unit to the letter, and gets in "
            "on those units."
        ),
        gettext_noop("A system role that names a sub-unit gives nothing. Sub-units follow their care unit."),
    ),
    refusals={
        NO_PERSON: gettext_noop("Rehabstöd refuses the login: it finds no such person."),
        NO_COMMISSION: gettext_noop("Rehabstöd refuses the login: the person has no commission for care."),
        NO_ROLE: gettext_noop(
            "Rehabstöd refuses the login: the person has no system role for a unit with a commission."
        ),
    },
)

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
    words=WORDS,
    source=RuleSource("github.com/sklintyg/rehabstod", "2.5.0.8", "4c40493c", "2026-07"),
)
