"""Intygsbeställning's own login rule for a unit's care administrators, as a function of a directory.

Source: the service's published source code (github.com/sklintyg/intygsbestallning, IbUserDetailsService and
SystemRolesParser, 2018), read and not run: the care units of the person's commissions that a system role
`INTYG;FMU-VARDADMIN-<care unit id>` names; without one the login is refused. Commissions and active units are
looked at as in Rehabstöd: both services stand on the same base. That the parser compares every character, as
Rehabstöd's does, is a GUESS. The coordinators of a care provider (`FMU-SAMORDNARE`) are not ordered here.
"""

from __future__ import annotations

from datetime import datetime

from provisioning.rules.causes import Code
from provisioning.rules.hsa import Answer, HsaId, Level, Part, Reading, Service
from provisioning.rules.services import care_units
from provisioning.rules.services.entitlement import Entitlement, RuleSource, Subject
from provisioning.rules.services.login_answer import LoginResult, UnitAccess, sorted_units
from provisioning.rules.services.wording import LevelWords, RoleWords, ServiceWords, gettext_noop

PURPOSE = "Vård och behandling"
ROLE_PREFIX = "INTYG;FMU-VARDADMIN-"
VARDADMIN = "FMU_VARDADMIN"

NO_COMMISSION = "MissingMedarbetaruppdrag"
NO_ROLE = "MissingIBSystemRole"


def login(reading: Reading, *, at: datetime) -> LoginResult:
    """Say whether Intygsbeställning lets the person in at that moment, and on which care units."""
    if reading.person is None:
        return LoginResult(Answer.NO if reading.is_readable(Part.PERSON) else Answer.UNKNOWN)
    units, may_be_more = care_units.open_to(reading, purpose=PURPOSE, at=at)
    if not units and not may_be_more:
        return LoginResult(Answer.NO, NO_COMMISSION)
    roles = reading.person.system_roles
    named = [unit for unit in units if any(matches(raw, unit.hsa_id) for raw in roles)]
    if named:
        accesses = [UnitAccess(unit.hsa_id, VARDADMIN, unit.member_ids) for unit in named]
        return LoginResult(Answer.YES, units=sorted_units(accesses))
    may_be_named = may_be_more and any(role.startswith(ROLE_PREFIX) for role in roles)
    if may_be_named or not reading.is_readable(Part.SYSTEM_ROLES):
        return LoginResult(Answer.UNKNOWN)
    return LoginResult(Answer.NO, NO_ROLE if units else None)


def matches(raw: str, unit_id: HsaId) -> bool:
    return raw == ROLE_PREFIX + unit_id.text


WORDS = ServiceWords(
    name="Intygsbeställning",
    levels={
        Level.UNIT: LevelWords(
            name=gettext_noop("Whole care unit (care administrator)"),
            choice=gettext_noop("Intygsbeställning, whole care unit"),
            hint=gettext_noop(
                "For care administrators: receives and answers orders of medical statements for the care "
                "unit. Needs a system role in KIV."
            ),
            effect=gettext_noop(
                "The person gets in to Intygsbeställning on %(unit)s as a care administrator, and sees the "
                "unit's orders."
            ),
            role=VARDADMIN,
        ),
    },
    roles={
        VARDADMIN: RoleWords(
            answer=gettext_noop(
                "Intygsbeställning lets the person in on %(unit)s as a care administrator, who sees the "
                "unit's orders."
            ),
            own=gettext_noop("Yes, as a care administrator on %(unit)s"),
        ),
    },
    rules=(
        gettext_noop(
            "Counted are commissions with the purpose “Vård och behandling” on care units that are "
            "open now, with a care provider that is open now. The coupling must be in force today."
        ),
        gettext_noop(
            "The person needs a system role that names the care unit to the letter, and gets in on "
            "those units."
        ),
    ),
    refusals={
        NO_COMMISSION: gettext_noop(
            "Intygsbeställning refuses the login: the person has no commission for care."
        ),
        NO_ROLE: gettext_noop(
            "Intygsbeställning refuses the login: the person has no system role for a unit with a commission."
        ),
    },
)

ENTITLEMENT = Entitlement(
    service=Service.INTYGSBESTALLNING,
    purpose=PURPOSE,
    usual_right="SJF",
    role_word="FMU-VARDADMIN",
    role_subject=Subject.UNIT,
    role_level=Level.UNIT,
    levels=(Level.UNIT,),
    login=login,
    matches=matches,
    wrong_kind=Code.ROLE_WRONG_KIND,
    words=WORDS,
    source=RuleSource("github.com/sklintyg/intygsbestallning", "2018", "", "2018-11"),
)
