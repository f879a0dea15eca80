"""Intygsstatistik's own login rule, as a function of what a directory holds.

Source: domain page §4, read from the service's source code (v8.1.0.6), not run.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from provisioning.rules import certainty
from provisioning.rules.causes import Cause, Code, in_order
from provisioning.rules.certainty import Named
from provisioning.rules.dates.periods import PeriodState
from provisioning.rules.hsa import Answer, Commission, HsaId, Level, Part, Provider, Reading, Service, Unit
from provisioning.rules.services import commissions, roles
from provisioning.rules.services.entitlement import Entitlement, RuleSource, Subject
from provisioning.rules.services.login_answer import LoginResult, UnitAccess, sorted_units
from provisioning.rules.services.wording import LevelWords, RoleWords, ServiceWords, gettext_noop

PURPOSE = "Statistik"
ROLE_PREFIX = "INTYG;Statistik-"

ENHET, DELPROCESSLEDARE, PROCESSLEDARE = "enhet", "delprocessledare", "processledare"

NOTHING_SHOWN = "Medarbetaruppdrag saknas"  # the service lets the person in, and says this on an empty page


def login(reading: Reading, *, at: datetime) -> LoginResult:
    """Say what Intygsstatistik gives at that moment. Source: domain §4.

    A person with nothing is let in to an empty page: YES without units. The source names no rule
    for a missing person entry: NO (GUESS). A role whose id is no care provider's may break the
    whole login: UNKNOWN, with the units there would be if it does not.
    """
    if reading.person is None:
        return LoginResult(Answer.NO if reading.is_readable(Part.PERSON) else Answer.UNKNOWN)
    leads = _led_providers(reading)
    units, may_be_more = _units(reading, at=at)
    accesses = [UnitAccess(provider.hsa_id, PROCESSLEDARE) for provider in leads.values()]
    for provider_id, owned in units.items():
        if provider_id not in leads:
            role = ENHET if len(owned) == 1 else DELPROCESSLEDARE
            accesses += [UnitAccess(unit.hsa_id, role, unit.member_ids) for unit in owned.values()]
    is_unsure = bool(breaks(reading)) or (may_be_more and not accesses)
    return LoginResult(Answer.UNKNOWN if is_unsure else Answer.YES, units=sorted_units(accesses))


def led_id(raw: str) -> HsaId | None:
    """The id in a process leader's role, or None when the value is no such role.

    Prefix and id without regard to case, blanks around the value and the id stripped; HSA never
    returns a value that is not of two parts. Source: domain §4.2 and §2.
    """
    value = raw.strip()
    if value.count(";") != 1 or not value.casefold().startswith(ROLE_PREFIX.casefold()):
        return None
    return HsaId(value[len(ROLE_PREFIX) :].strip())


def matches(raw: str, provider_id: HsaId) -> bool:
    return led_id(raw) == provider_id


def breaks(reading: Reading) -> tuple[Cause, ...]:
    """The roles that may break the person's login, and the gaps that may hide one.

    Source: domain §4.5: an id that does not exist, or is a unit's, gives a null provider.
    """
    found: list[Cause] = []
    for raw in reading.person.system_roles if reading.person else ():
        provider_id = led_id(raw)
        if provider_id is None:
            continue
        kind = certainty.named(reading, provider_id) if roles.can_be_id(provider_id.text) else Named.NOTHING
        if kind is Named.UNIT:
            found.append(Cause(Code.ROLE_UNIT_IN_STATISTIK, about=raw))
        elif kind is Named.NOTHING:
            found.append(Cause(Code.ROLE_UNKNOWN_ID, about=raw))
        elif kind is Named.UNREAD:
            found.extend(certainty.gaps(reading, Part.PROVIDERS))
    if not reading.is_readable(Part.SYSTEM_ROLES):
        found.extend(certainty.gaps(reading, Part.SYSTEM_ROLES))
    return in_order(found)


def _led_providers(reading: Reading) -> dict[HsaId, Provider]:
    """The care providers the person is process leader of. Source: domain §4.2."""
    led: dict[HsaId, Provider] = {}
    for raw in reading.person.system_roles if reading.person else ():
        provider_id = led_id(raw)
        provider = certainty.provider(reading, provider_id) if provider_id is not None else None
        if isinstance(provider, Provider):
            led[provider.hsa_id] = provider
    return led


def _units(reading: Reading, *, at: datetime) -> tuple[dict[HsaId, dict[HsaId, Unit]], bool]:
    """The units of the person's commissions by care provider, and whether there may be more."""
    found: dict[HsaId, dict[HsaId, Unit]] = defaultdict(dict)
    may_be_more = not reading.is_readable(Part.COMMISSIONS)
    for commission in reading.commissions:
        counts, unit = _counts(reading, commission, at=at)
        if unit is not None and unit.provider_id is not None and counts is Answer.YES:
            found[unit.provider_id][unit.hsa_id] = unit
        may_be_more = may_be_more or counts is Answer.UNKNOWN
    return dict(found), may_be_more


def _counts(reading: Reading, commission: Commission, *, at: datetime) -> tuple[Answer, Unit | None]:
    """Say whether HSA returns the commission for the purpose.

    Dates of unit and provider are not looked at by the service: §4 names none. Their entries
    must exist, or the commission is not complete and HSA does not return it (TKB).
    """
    returned = commissions.returned_unit(commission, reading, purpose=PURPOSE, at=at)
    if isinstance(returned, Answer):
        return returned, None
    unit, coupling = returned
    if unit.provider_id is None:
        return (Answer.NO if reading.is_readable(Part.UNITS) else Answer.UNKNOWN), None
    provider = certainty.provider(reading, unit.provider_id)
    if provider is None:
        return Answer.NO, None
    is_certain = isinstance(provider, Provider) and coupling is PeriodState.ACTIVE
    return (Answer.YES if is_certain else Answer.UNKNOWN), unit


WORDS = ServiceWords(
    name="Intygsstatistik",
    levels={
        Level.UNIT: LevelWords(
            name=gettext_noop("The unit's statistics"),
            choice=gettext_noop("Intygsstatistik, one or more units"),
            hint=gettext_noop(
                "Sees the statistics of the units. A commission for statistics on each unit is enough."
            ),
            effect=gettext_noop("The person sees the statistics of %(unit)s in Intygsstatistik."),
            role=ENHET,
        ),
        Level.PROVIDER: LevelWords(
            name=gettext_noop("Whole care provider (process leader)"),
            choice=gettext_noop("Intygsstatistik, whole care provider"),
            hint=gettext_noop(
                "For process leaders: sees the statistics of the whole care provider. Needs a system role "
                "and two approvers."
            ),
            effect=gettext_noop(
                "The person becomes process leader in Intygsstatistik, and sees the statistics of all of "
                "%(unit)s."
            ),
            role=PROCESSLEDARE,
        ),
    },
    roles={
        ENHET: RoleWords(
            answer=gettext_noop(
                "Intygsstatistik shows the person the statistics of %(unit)s with its sub-units."
            ),
            own=gettext_noop("Yes, to the statistics of %(unit)s"),
        ),
        DELPROCESSLEDARE: RoleWords(
            answer=gettext_noop(
                "Intygsstatistik shows the person the statistics of %(unit)s, together with the person's "
                "other units."
            ),
            own=gettext_noop("Yes, to the statistics of %(unit)s"),
        ),
        PROCESSLEDARE: RoleWords(
            answer=gettext_noop("Intygsstatistik shows the person the statistics of all of %(unit)s."),
            own=gettext_noop("Yes, as a process leader for all of %(unit)s"),
        ),
    },
    rules=(
        gettext_noop(
            "Counted are commissions with the purpose “Statistik”. Each gives its unit's statistics."
        ),
        gettext_noop(
            "A system role with the care provider's HSA-id makes a process leader: the whole care "
            "provider, without any commission."
        ),
        gettext_noop("Whoever has neither gets in, but sees nothing."),
        gettext_noop(
            "A system role with a unit's HSA-id, or one that does not exist, may stop the person's "
            "whole log-in."
        ),
    ),
    refusals={
        NOTHING_SHOWN: gettext_noop(
            "Intygsstatistik lets the person in but shows nothing: there is no commission for statistics."
        ),
    },
)

ENTITLEMENT = Entitlement(
    service=Service.INTYGSSTATISTIK,
    purpose=PURPOSE,
    usual_right="VE",
    role_word="Statistik",
    role_subject=Subject.PROVIDER,
    role_level=Level.PROVIDER,
    levels=(Level.UNIT, Level.PROVIDER),
    login=login,
    matches=matches,
    breaks=breaks,
    breaking=frozenset({Code.ROLE_UNIT_IN_STATISTIK, Code.ROLE_UNKNOWN_ID}),
    owns_commission=True,
    level_effect=Code.EFFECT_WHOLE_PROVIDER,
    wrong_kind=Code.ROLE_UNIT_IN_STATISTIK,
    words=WORDS,
    source=RuleSource("github.com/sklintyg/statistik", "8.1.0.6", "0a599963", "2026-05"),
)
