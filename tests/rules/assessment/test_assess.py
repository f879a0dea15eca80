"""What each order needs, every cause and warning from both sides, and the changes (domain §5, §6).

Each row is an order, a directory in which one thing is amiss, what the assessment says of it, and
the same directory with that one thing mended.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest

from provisioning.rules.assessment.assess import assess
from provisioning.rules.causes import Code
from provisioning.rules.hsa import (
    Answer,
    Attribute,
    Change,
    HsaId,
    Level,
    OrderedAccess,
    Part,
    RawPeriod,
    Reading,
    Service,
)
from tests.rules import build
from tests.rules.build import (
    ANNA,
    ANNA_TOO,
    CARE,
    FUTURE,
    LEADER,
    NORTH,
    NORTH_EAST,
    NOW,
    NOWHERE,
    OTHER_REGION,
    PAST,
    REGION,
    REHAB_NORTH,
    REHAB_OWN,
    REHAB_SUB_UNIT,
    REHAB_UNIT,
    SOUTH,
    STATISTICS,
    STATISTICS_PROVIDER,
    STATISTICS_UNIT,
    TODAY,
    commission,
    empty,
    order,
    person,
    problem,
    provider,
    reading,
    unit,
)

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
COORDINATOR = person(ANNA, REHAB_NORTH)
FINE = reading(COORDINATOR, commission())
ROLELESS = reading(person(), commission())
COUNTED = commission(purpose=STATISTICS)
FINE_STATISTICS = reading(person(), COUNTED)
FINE_LEADER = reading(person(ANNA, LEADER))
FAILED = "directory.unavailable"


@dataclass(frozen=True)
class Row:
    """`code` is what the row is about; it must be gone from `mended`."""

    code: Code
    order: OrderedAccess
    amiss: Reading
    answer: Answer
    causes: Sequence[str]
    warnings: Sequence[str]
    mended: Reading | None
    mended_order: OrderedAccess | None = None


def with_roles(*roles: str) -> Reading:
    return reading(person(ANNA, *roles), commission())


def with_couplings(*members: str) -> Reading:
    return reading(COORDINATOR, commission(NORTH, *members))


def with_unit(**fields: object) -> Reading:
    return reading(COORDINATOR, commission(), units=[unit(NORTH, **fields)])  # type: ignore[arg-type]


def with_provider(**fields: object) -> Reading:
    return reading(COORDINATOR, commission(), providers=[provider(REGION, **fields)])


def near_miss(code: Code, raw: str, *others: str, warnings: Sequence[str] = ()) -> Row:
    return Row(
        code,
        REHAB_UNIT,
        with_roles(raw),
        NO,
        ["role.missing", *others, code.value],
        warnings,
        with_roles(REHAB_NORTH),
    )


def unread(code: str, *parts: Part) -> Reading:
    return replace(FINE, problems=tuple(problem(part, code) for part in parts))


DEAD = ["role.without_commission"]
ROWS = {
    # The person
    "no person entry": Row(
        Code.PERSON_MISSING, REHAB_UNIT, reading(None, commission()), NO, ["person.missing"], [], FINE
    ),
    "employment over": Row(
        Code.PERSON_ENDED,
        REHAB_UNIT,
        reading(replace(COORDINATOR, period=RawPeriod(None, "20260317")), commission()),
        NO,
        ["person.ended"],
        [],
        reading(replace(COORDINATOR, period=RawPeriod(None, "20260318")), commission()),
    ),
    "employment over, statistics": Row(
        Code.PERSON_ENDED,
        STATISTICS_UNIT,
        reading(person(period=RawPeriod(None, PAST)), COUNTED),
        NO,
        ["person.ended"],
        ["order.role_not_needed"],
        FINE_STATISTICS,
    ),
    "archived person": Row(
        Code.PERSON_ARCHIVED,
        REHAB_UNIT,
        reading(replace(COORDINATOR, is_archived=True), commission()),
        NO,
        ["person.archived"],
        [],
        FINE,
    ),
    # The commission
    "not coupled": Row(
        Code.COMMISSION_MISSING,
        REHAB_UNIT,
        reading(COORDINATOR, empty(commission())),
        NO,
        ["commission.missing"],
        DEAD,
        FINE,
    ),
    "not coupled, statistics": Row(
        Code.COMMISSION_MISSING,
        STATISTICS_UNIT,
        reading(person(), empty(COUNTED)),
        NO,
        ["commission.missing"],
        ["order.role_not_needed"],
        FINE_STATISTICS,
    ),
    "coupled to the other purpose only": Row(
        Code.COMMISSION_MISSING,
        STATISTICS_UNIT,
        reading(person(), commission(), empty(commission(purpose=STATISTICS, number=2))),
        NO,
        ["commission.missing"],
        ["order.role_not_needed"],
        FINE_STATISTICS,
    ),
    "coupled on another unit only": Row(
        Code.COMMISSION_MISSING,
        REHAB_UNIT,
        reading(COORDINATOR, commission(SOUTH), empty(commission(number=2))),
        NO,
        ["commission.missing"],
        DEAD,
        FINE,
    ),
    "not started": Row(
        Code.COMMISSION_NOT_STARTED,
        REHAB_UNIT,
        with_couplings(f"{ANNA};20260319;"),
        NO,
        ["commission.not_started"],
        DEAD,
        with_couplings(f"{ANNA};20260318;"),
    ),
    "ended": Row(
        Code.COMMISSION_ENDED,
        REHAB_UNIT,
        with_couplings(f"{ANNA};;20260318"),
        NO,
        ["commission.ended"],
        DEAD,
        with_couplings(f"{ANNA};;20260319"),
    ),
    "ends before the prolonged right": Row(
        Code.COMMISSION_ENDS_EARLY,
        replace(REHAB_UNIT, until=date(2026, 12, 31)),
        with_couplings(f"{ANNA};;20261231"),
        NO,
        ["commission.ends_early"],
        [],
        with_couplings(f"{ANNA};;2026-12-31 23:59:59"),
    ),
    "ended, and starts again later": Row(
        Code.COMMISSION_ENDED,
        REHAB_UNIT,
        with_couplings(f"{ANNA};;{PAST}", f"{ANNA};{FUTURE};"),
        NO,
        ["commission.not_started", "commission.ended"],
        DEAD,
        with_couplings(f"{ANNA};;{PAST}", f"{ANNA};{PAST};"),
    ),
    "no commission on the unit": Row(
        Code.COMMISSION_NONE_ON_UNIT,
        REHAB_UNIT,
        reading(COORDINATOR),
        NO,
        ["commission.missing", "commission.none_on_unit"],
        DEAD,
        reading(COORDINATOR, empty(commission())),
    ),
    "unreadable date": Row(
        Code.COMMISSION_DATE_UNREADABLE,
        REHAB_UNIT,
        with_couplings(f"{ANNA};snart;"),
        UNKNOWN,
        ["commission.date_unreadable"],
        [],
        with_couplings(f"{ANNA};snart;", f"{ANNA};;"),
    ),
    "unreadable date, and an ended coupling": Row(
        Code.COMMISSION_DATE_UNREADABLE,
        REHAB_UNIT,
        with_couplings(f"{ANNA};snart;", f"{ANNA};;{PAST}"),
        UNKNOWN,
        ["commission.date_unreadable"],
        [],
        with_couplings(f"{ANNA};;{PAST}"),
    ),
    "unreadable date, but the role is missing anyway": Row(
        Code.COMMISSION_DATE_UNREADABLE,
        REHAB_UNIT,
        reading(person(), commission(NORTH, f"{ANNA};snart;")),
        NO,
        ["commission.date_unreadable", "role.missing"],
        [],
        ROLELESS,
    ),
    "commission without purpose": Row(
        Code.COMMISSION_PURPOSE_MISSING,
        REHAB_UNIT,
        reading(COORDINATOR, commission(purpose=None)),
        NO,
        ["commission.missing", "commission.none_on_unit", "commission.purpose_missing"],
        DEAD,
        FINE,
    ),
    "commission without name": Row(
        Code.COMMISSION_INCOMPLETE,
        REHAB_UNIT,
        reading(COORDINATOR, commission(name="")),
        NO,
        ["commission.missing", "commission.incomplete"],
        DEAD,
        FINE,
    ),
    "commission without name beside a whole one": Row(
        Code.COMMISSION_INCOMPLETE,
        REHAB_UNIT,
        reading(COORDINATOR, commission(name=""), empty(commission(number=2))),
        NO,
        ["commission.missing", "commission.incomplete"],
        DEAD,
        reading(COORDINATOR, empty(commission(name="")), empty(commission(number=2))),
    ),
    "commission outside every unit": Row(
        Code.COMMISSION_INCOMPLETE,
        REHAB_UNIT,
        reading(COORDINATOR, commission(None), empty(commission(number=2))),
        NO,
        ["commission.missing", "commission.incomplete"],
        DEAD,
        FINE,
    ),
    "commission under the provider": Row(
        Code.COMMISSION_UNDER_PROVIDER,
        REHAB_UNIT,
        reading(COORDINATOR, commission(REGION, is_under_provider=True)),
        NO,
        ["commission.missing", "commission.none_on_unit", "commission.under_provider"],
        DEAD,
        FINE,
    ),
    "coupled under another HSA-id": Row(
        Code.COMMISSION_OTHER_IDENTITY,
        REHAB_UNIT,
        reading(COORDINATOR, commission(NORTH, f"{ANNA_TOO};;"), others=[person(ANNA_TOO)]),
        NO,
        ["commission.missing", "commission.other_identity"],
        DEAD,
        reading(COORDINATOR, commission(NORTH, f"{ANNA_TOO};;{PAST}"), others=[person(ANNA_TOO)]),
    ),
    "role under another HSA-id": Row(
        Code.ROLE_OTHER_IDENTITY,
        REHAB_UNIT,
        reading(person(), commission(), others=[person(ANNA_TOO, REHAB_NORTH)]),
        NO,
        ["role.other_identity", "role.missing"],
        [],
        reading(COORDINATOR, commission(), others=[person(ANNA_TOO, REHAB_NORTH)]),
    ),
    # The unit
    "unknown unit": Row(
        Code.UNIT_UNKNOWN,
        order(Service.REHABSTOD, Level.UNIT, NOWHERE),
        FINE,
        NO,
        ["unit.unknown"],
        [],
        FINE,
        REHAB_UNIT,
    ),
    "a provider's id for a unit": Row(
        Code.UNIT_UNKNOWN,
        order(Service.REHABSTOD, Level.UNIT, REGION),
        FINE,
        NO,
        ["unit.unknown"],
        [],
        FINE,
        REHAB_UNIT,
    ),
    "unit closed": Row(
        Code.UNIT_CLOSED, REHAB_UNIT, with_unit(period=RawPeriod(None, PAST)), NO, ["unit.closed"], [], FINE
    ),
    "unit closed, statistics": Row(
        Code.UNIT_CLOSED,
        STATISTICS_UNIT,
        reading(person(), COUNTED, units=[unit(NORTH, period=RawPeriod(None, PAST))]),
        NO,
        ["unit.closed"],
        ["order.role_not_needed"],
        FINE_STATISTICS,
    ),
    "sub-unit closed": Row(
        Code.UNIT_CLOSED,
        REHAB_SUB_UNIT,
        reading(COORDINATOR, commission(), units=[unit(NORTH_EAST, period=RawPeriod(None, PAST))]),
        NO,
        ["unit.closed"],
        [],
        FINE,
    ),
    "care unit above the sub-unit closed": Row(
        Code.UNIT_CLOSED,
        REHAB_SUB_UNIT,
        reading(
            COORDINATOR,
            commission(),
            units=[unit(NORTH, member_ids=(NORTH_EAST,), period=RawPeriod(None, PAST))],
        ),
        NO,
        ["unit.closed"],
        [],
        FINE,
    ),
    "unit opens later": Row(
        Code.UNIT_NOT_STARTED,
        REHAB_UNIT,
        with_unit(period=RawPeriod(FUTURE, None)),
        NO,
        ["unit.not_started"],
        [],
        FINE,
    ),
    "unit archived": Row(
        Code.UNIT_ARCHIVED, REHAB_UNIT, with_unit(is_archived=True), NO, ["unit.archived"], [], FINE
    ),
    # The provider
    "unit without provider": Row(
        Code.PROVIDER_UNKNOWN, REHAB_UNIT, with_unit(provider=None), NO, ["provider.unknown"], [], FINE
    ),
    "unit of an unknown provider": Row(
        Code.PROVIDER_UNKNOWN, REHAB_UNIT, with_unit(provider=NOWHERE), NO, ["provider.unknown"], [], FINE
    ),
    "unknown provider ordered": Row(
        Code.PROVIDER_UNKNOWN,
        order(Service.INTYGSSTATISTIK, Level.PROVIDER, NOWHERE),
        FINE_LEADER,
        NO,
        ["provider.unknown"],
        ["effect.whole_provider"],
        FINE_LEADER,
        STATISTICS_PROVIDER,
    ),
    "a unit's id for a provider": Row(
        Code.PROVIDER_UNKNOWN,
        order(Service.INTYGSSTATISTIK, Level.PROVIDER, NORTH),
        FINE_LEADER,
        NO,
        ["provider.unknown"],
        ["role.unit_in_statistik", "effect.whole_provider"],
        FINE_LEADER,
        STATISTICS_PROVIDER,
    ),
    "provider closed": Row(
        Code.PROVIDER_CLOSED,
        REHAB_UNIT,
        with_provider(period=RawPeriod(None, PAST)),
        NO,
        ["provider.closed"],
        [],
        FINE,
    ),
    "provider archived": Row(
        Code.PROVIDER_CLOSED, REHAB_UNIT, with_provider(is_archived=True), NO, ["provider.closed"], [], FINE
    ),
    "provider closed, process leader": Row(
        Code.PROVIDER_CLOSED,
        STATISTICS_PROVIDER,
        reading(person(ANNA, LEADER), providers=[provider(REGION, period=RawPeriod(None, PAST))]),
        NO,
        ["provider.closed"],
        ["effect.whole_provider"],
        FINE_LEADER,
    ),
    "provider opens later": Row(
        Code.PROVIDER_NOT_STARTED,
        REHAB_UNIT,
        with_provider(period=RawPeriod(FUTURE, None)),
        NO,
        ["provider.not_started"],
        [],
        FINE,
    ),
    # The role
    "no role": Row(Code.ROLE_MISSING, REHAB_UNIT, ROLELESS, NO, ["role.missing"], [], FINE),
    "no role, doctor wants the whole unit": Row(
        Code.ROLE_MISSING,
        REHAB_UNIT,
        reading(person(doctor=True), commission()),
        NO,
        ["role.missing"],
        ["effect.doctor_becomes_coordinator"],
        reading(person(ANNA, REHAB_NORTH, doctor=True), commission()),
    ),
    "no role, process leader": Row(
        Code.ROLE_MISSING,
        STATISTICS_PROVIDER,
        reading(person()),
        NO,
        ["role.missing"],
        ["effect.whole_provider"],
        FINE_LEADER,
    ),
    "process leader of another provider": Row(
        Code.ROLE_MISSING,
        STATISTICS_PROVIDER,
        reading(person(ANNA, f"INTYG;Statistik-{OTHER_REGION}")),
        NO,
        ["role.missing"],
        ["effect.whole_provider"],
        FINE_LEADER,
    ),
    "a role for another service": Row(
        Code.ROLE_MISSING,
        REHAB_UNIT,
        with_roles(f"BIF;Loggadministratör-{NORTH}"),
        NO,
        ["role.missing"],
        [],
        FINE,
    ),
    "prefix in another case": near_miss(Code.ROLE_WRONG_CASE, f"intyg;rehab-{NORTH}"),
    "id in another case": near_miss(Code.ROLE_WRONG_CASE, f"INTYG;Rehab-{NORTH.folded}"),
    "leading blank": near_miss(Code.ROLE_BLANKS, f" {REHAB_NORTH}"),
    "trailing blank": near_miss(Code.ROLE_BLANKS, f"{REHAB_NORTH} "),
    "blank after the dash": near_miss(Code.ROLE_BLANKS, f"INTYG;Rehab- {NORTH}"),
    "invisible blank": near_miss(Code.ROLE_BLANKS, f"{REHAB_NORTH}\u200b"),
    "blank and another case": near_miss(Code.ROLE_BLANKS, f"INTYG; rehab-{NORTH}", "role.wrong_case"),
    "no semicolon": near_miss(Code.ROLE_MALFORMED, f"INTYGRehab-{NORTH}"),
    "no system": near_miss(Code.ROLE_MALFORMED, f"Rehab-{NORTH}"),
    "three parts": near_miss(Code.ROLE_MALFORMED, f"{REHAB_NORTH};x"),
    "a dash from a word processor": near_miss(Code.ROLE_MALFORMED, f"INTYG;Rehab–{NORTH}"),
    "blank, and no semicolon": near_miss(Code.ROLE_MALFORMED, f"INTYG Rehab-{NORTH}", "role.blanks"),
    "another unit": near_miss(Code.ROLE_WRONG_UNIT, f"INTYG;Rehab-{SOUTH}", warnings=DEAD),
    "sub-unit": near_miss(Code.ROLE_SUBUNIT, f"INTYG;Rehab-{NORTH_EAST}", warnings=DEAD),
    "sub-unit wanted and named": Row(
        Code.ROLE_SUBUNIT,
        REHAB_SUB_UNIT,
        with_roles(f"INTYG;Rehab-{NORTH_EAST}"),
        NO,
        ["role.missing", "role.subunit"],
        DEAD,
        FINE,
    ),
    "a provider in a Rehab role": near_miss(Code.ROLE_PROVIDER_IN_REHAB, f"INTYG;Rehab-{REGION}"),
    "a provider in a role of a service without a word for that": Row(
        Code.ROLE_WRONG_KIND,
        order(Service.INTYGSBESTALLNING, Level.UNIT, NORTH),
        with_roles(f"INTYG;FMU-VARDADMIN-{REGION}"),
        NO,
        ["role.missing", "role.wrong_kind"],
        [],
        with_roles(f"INTYG;FMU-VARDADMIN-{NORTH}"),
    ),
    "an id that does not exist": near_miss(Code.ROLE_UNKNOWN_ID, f"INTYG;Rehab-{NOWHERE}"),
    "a unit in a Statistik role": Row(
        Code.ROLE_UNIT_IN_STATISTIK,
        STATISTICS_PROVIDER,
        reading(person(ANNA, f"INTYG;Statistik-{NORTH}")),
        NO,
        ["role.missing", "role.unit_in_statistik"],
        ["effect.whole_provider"],
        reading(person()),
    ),
    "a unit in a Statistik role beside the right one": Row(
        Code.ROLE_UNIT_IN_STATISTIK,
        STATISTICS_PROVIDER,
        reading(person(ANNA, LEADER, f"INTYG;Statistik-{NORTH}")),
        UNKNOWN,
        ["role.unit_in_statistik"],
        ["effect.whole_provider"],
        FINE_LEADER,
    ),
    "a unit in a badly typed Statistik role": Row(
        Code.ROLE_UNIT_IN_STATISTIK,
        STATISTICS_PROVIDER,
        reading(person(ANNA, f"Statistik-{NORTH}")),
        NO,
        ["role.missing", "role.unit_in_statistik"],
        ["effect.whole_provider"],
        reading(person()),
    ),
    "a Statistik role that may break the login of a unit order": Row(
        Code.ROLE_UNKNOWN_ID,
        STATISTICS_UNIT,
        reading(person(ANNA, f"INTYG;Statistik-{NOWHERE}"), COUNTED),
        UNKNOWN,
        ["role.unknown_id"],
        ["order.role_not_needed"],
        FINE_STATISTICS,
    ),
    "a Statistik role typed with an inner blank": Row(
        Code.ROLE_BLANKS,
        STATISTICS_PROVIDER,
        reading(person(ANNA, "INTYG;Statistik-SE0000000000 -E001")),
        NO,
        ["role.missing", "role.blanks", "role.unknown_id"],
        ["effect.whole_provider"],
        FINE_LEADER,
    ),
    # Warnings
    "a dead right elsewhere": Row(
        Code.ROLE_WITHOUT_COMMISSION,
        REHAB_UNIT,
        with_roles(REHAB_NORTH, f"INTYG;Rehab-{SOUTH}"),
        YES,
        [],
        DEAD,
        reading(person(ANNA, REHAB_NORTH, f"INTYG;Rehab-{SOUTH}"), commission(), commission(SOUTH, number=2)),
    ),
    "no usual right": Row(
        Code.RIGHT_MISSING,
        REHAB_UNIT,
        reading(COORDINATOR, commission(rights=("Läsa;alla;VE", "Läsa;SJF", "a;b;SJF;c"))),
        YES,
        [],
        ["right.missing"],
        reading(COORDINATOR, commission(rights=("läsa;alla; sjf",))),
    ),
    "no usual right, statistics": Row(
        Code.RIGHT_MISSING,
        STATISTICS_UNIT,
        reading(person(), replace(COUNTED, rights=())),
        YES,
        [],
        ["right.missing", "order.role_not_needed"],
        FINE_STATISTICS,
    ),
    "no usual right on the commission to come": Row(
        Code.RIGHT_MISSING,
        STATISTICS_UNIT,
        reading(person(), replace(empty(COUNTED), rights=())),
        NO,
        ["commission.missing"],
        ["right.missing", "order.role_not_needed"],
        reading(person(), empty(COUNTED)),
    ),
    "a purpose that only looks right": Row(
        Code.COMMISSION_PURPOSE_MISTYPED,
        REHAB_UNIT,
        reading(COORDINATOR, commission(purpose="Va\u030ard och  behandling\u200b")),
        NO,
        ["commission.missing", "commission.purpose_mistyped"],
        ["role.without_commission"],
        FINE,
    ),
    "a blank at an id's end": Row(
        Code.IDENTITY_BLANKS,
        REHAB_UNIT,
        reading(person(HsaId(f"{ANNA} "), REHAB_NORTH), commission()),
        YES,
        [],
        ["identity.blanks"],
        FINE,
    ),
    "a doctor becomes coordinator": Row(
        Code.EFFECT_DOCTOR_BECOMES_COORDINATOR,
        REHAB_UNIT,
        reading(person(ANNA, REHAB_NORTH, doctor=True), commission()),
        YES,
        [],
        ["effect.doctor_becomes_coordinator"],
        FINE,
    ),
    "a whole provider": Row(
        Code.EFFECT_WHOLE_PROVIDER,
        STATISTICS_PROVIDER,
        FINE_LEADER,
        YES,
        [],
        ["effect.whole_provider"],
        FINE_STATISTICS,
        STATISTICS_UNIT,
    ),
    "nothing to set for a doctor": Row(
        Code.ORDER_ROLE_NOT_NEEDED,
        REHAB_OWN,
        reading(person(doctor=True), commission()),
        YES,
        [],
        ["order.role_not_needed"],
        FINE,
        REHAB_UNIT,
    ),
    "nothing to set for statistics of a unit": Row(
        Code.ORDER_ROLE_NOT_NEEDED,
        STATISTICS_UNIT,
        FINE_STATISTICS,
        YES,
        [],
        ["order.role_not_needed"],
        FINE_LEADER,
        STATISTICS_PROVIDER,
    ),
    "a role would widen": Row(
        Code.ORDER_ROLE_WOULD_WIDEN,
        STATISTICS_UNIT,
        reading(person(ANNA, LEADER), COUNTED),
        YES,
        [],
        ["order.role_not_needed", "order.role_would_widen"],
        reading(person(ANNA, f"INTYG;Statistik-{OTHER_REGION}"), COUNTED),
    ),
    "a wide role is not the unit's commission": Row(
        Code.ORDER_ROLE_WOULD_WIDEN,
        STATISTICS_UNIT,
        reading(person(ANNA, LEADER), empty(COUNTED)),
        NO,
        ["commission.missing"],
        ["order.role_not_needed", "order.role_would_widen"],
        FINE_STATISTICS,
    ),
    # Levels
    "own cases for a coordinator": Row(
        Code.ORDER_LEVEL_NOT_AVAILABLE,
        REHAB_OWN,
        FINE,
        NO,
        ["order.level_not_available"],
        ["order.role_not_needed"],
        reading(person(doctor=True), commission()),
    ),
    "own cases in statistics": Row(
        Code.ORDER_LEVEL_NOT_AVAILABLE,
        order(Service.INTYGSSTATISTIK, Level.OWN, NORTH),
        reading(person(doctor=True), COUNTED),
        NO,
        ["order.level_not_available"],
        [],
        FINE_STATISTICS,
        STATISTICS_UNIT,
    ),
    "a whole provider in Rehabstöd": Row(
        Code.ORDER_LEVEL_NOT_AVAILABLE,
        order(Service.REHABSTOD, Level.PROVIDER, REGION),
        FINE,
        NO,
        ["order.level_not_available"],
        [],
        FINE,
        REHAB_UNIT,
    ),
    # Gaps
    "not answered": Row(
        Code.DIRECTORY_UNAVAILABLE,
        REHAB_UNIT,
        Reading.failed(ANNA, FAILED, read_at=NOW),
        UNKNOWN,
        ["directory.unavailable"],
        [],
        FINE,
    ),
    "refused": Row(
        Code.DIRECTORY_REFUSED,
        REHAB_UNIT,
        Reading.failed(ANNA, "directory.refused", read_at=NOW),
        UNKNOWN,
        ["directory.refused"],
        [],
        FINE,
    ),
    "cut short": Row(
        Code.DIRECTORY_TRUNCATED,
        REHAB_UNIT,
        reading(COORDINATOR, problems=[problem(Part.COMMISSIONS, "directory.truncated")]),
        UNKNOWN,
        ["directory.truncated"],
        [],
        unread("directory.truncated", Part.COMMISSIONS),
    ),
    "unit never asked for": Row(
        Code.DIRECTORY_TRUNCATED,
        order(Service.REHABSTOD, Level.UNIT, HsaId("SE0000000000-U777")),
        FINE,
        UNKNOWN,
        ["directory.truncated"],
        [],
        FINE,
        REHAB_UNIT,
    ),
    "unreadable roles": Row(
        Code.DIRECTORY_UNREADABLE_ATTRIBUTE,
        REHAB_UNIT,
        replace(ROLELESS, problems=(problem(Part.SYSTEM_ROLES, "directory.unreadable_attribute"),)),
        UNKNOWN,
        ["directory.unreadable_attribute"],
        [],
        unread("directory.unreadable_attribute", Part.SYSTEM_ROLES),
    ),
    "unreadable end of employment": Row(
        Code.DIRECTORY_UNREADABLE_ATTRIBUTE,
        REHAB_UNIT,
        reading(replace(COORDINATOR, period=RawPeriod(None, "snart")), commission()),
        UNKNOWN,
        ["directory.unreadable_attribute"],
        [],
        FINE,
    ),
    "unreadable end of the unit": Row(
        Code.DIRECTORY_UNREADABLE_ATTRIBUTE,
        REHAB_UNIT,
        with_unit(period=RawPeriod(None, "snart")),
        UNKNOWN,
        ["directory.unreadable_attribute"],
        [],
        FINE,
    ),
    # All at once
    "everything at once": Row(
        Code.ROLE_WRONG_CASE,
        REHAB_UNIT,
        reading(
            person(ANNA, REHAB_NORTH.lower(), is_archived=True, period=RawPeriod(None, PAST)),
            commission(NORTH, f"{ANNA};;{PAST}"),
            units=[unit(NORTH, is_archived=True, period=RawPeriod(None, PAST))],
            providers=[provider(REGION, period=RawPeriod(FUTURE, None))],
        ),
        NO,
        [
            "person.ended",
            "person.archived",
            "commission.ended",
            "unit.closed",
            "unit.archived",
            "provider.not_started",
            "role.missing",
            "role.wrong_case",
        ],
        [],
        FINE,
    ),
}


def codes(causes) -> list[str]:
    return [cause.code.value for cause in causes]


@pytest.mark.parametrize("name", ROWS)
def test_the_assessment_names_what_is_amiss(name: str):
    row = ROWS[name]
    verdict = assess(row.order, row.amiss, on=TODAY)
    assert verdict.answer is row.answer
    assert codes(verdict.causes) == list(row.causes)
    assert codes(verdict.warnings) == list(row.warnings)
    assert row.code.value in [*row.causes, *row.warnings]


@pytest.mark.parametrize("name", ROWS)
def test_the_code_is_gone_once_that_is_mended(name: str):
    row = ROWS[name]
    assert row.mended is not None
    verdict = assess(row.mended_order or row.order, row.mended, on=TODAY)
    assert row.code.value not in codes(verdict.causes) + codes(verdict.warnings)


def test_every_code_has_a_row():
    two_looks = {Code.ORDER_UNIT_CHANGED}  # said of an order that was looked at before: see test_outdated
    assert {row.code for row in ROWS.values()} == set(Code) - two_looks
    assert len(ROWS) >= 60


# What an order needs: the table of §5, row by row.

NEEDS = [
    (REHAB_OWN, True, []),
    (REHAB_UNIT, True, [REHAB_NORTH]),
    (REHAB_UNIT, False, [REHAB_NORTH]),
    (REHAB_SUB_UNIT, False, [REHAB_NORTH]),
    (REHAB_SUB_UNIT, True, [REHAB_NORTH]),
    (STATISTICS_UNIT, False, []),
    (STATISTICS_UNIT, True, []),
    (STATISTICS_PROVIDER, False, [LEADER]),
    (STATISTICS_PROVIDER, True, [LEADER]),
]


@pytest.mark.parametrize(("ordered", "is_doctor", "roles"), NEEDS)
def test_an_order_needs_this_role_and_no_other(ordered: OrderedAccess, is_doctor: bool, roles: list[str]):
    before = reading(person(doctor=is_doctor), commission(), commission(purpose=STATISTICS, number=2))
    verdict = assess(ordered, before, on=TODAY)
    assert [change.value for change in verdict.changes] == roles
    assert verdict.answer is (NO if roles else YES)
    assert assess(ordered, build.apply(verdict.changes, before), on=TODAY).answer is YES


@pytest.mark.parametrize(("ordered", "is_doctor", "roles"), NEEDS)
def test_an_order_needs_a_coupling_unless_a_whole_provider_is_ordered(
    ordered, is_doctor: bool, roles: list[str]
):
    before = reading(
        person(doctor=is_doctor), empty(commission()), empty(commission(purpose=STATISTICS, number=2))
    )
    verdict = assess(ordered, before, on=TODAY)
    assert verdict.needs_coupling is (ordered.level is not Level.PROVIDER)
    assert verdict.can_be_granted_by_changes
    assert assess(ordered, build.apply(verdict.changes, before), on=TODAY).answer is YES


# The changes


def test_a_role_is_written_with_the_ids_of_the_entries_byte_for_byte():
    ordered = order(Service.REHABSTOD, Level.UNIT, HsaId("se0000000000-u001"))
    before = reading(person(), commission(), units=[unit(HsaId("SE0000000000-u001"))])
    verdict = assess(ordered, before, on=TODAY)
    assert verdict.changes == (Change(person().dn, Attribute.SYSTEM_ROLE, "INTYG;Rehab-SE0000000000-u001"),)
    assert verdict.effective_unit_id.text == "SE0000000000-u001"


def test_a_coupling_is_written_with_the_persons_id_as_the_entry_has_it():
    who = person(HsaId("se0000000000-P001"), REHAB_NORTH)
    (change,) = assess(REHAB_UNIT, reading(who, empty(commission())), on=TODAY).changes
    assert change == Change(commission().dn, Attribute.COMMISSION_MEMBER, "se0000000000-P001;;")


@pytest.mark.parametrize("turned", [False, True])
def test_the_usual_rights_commission_is_proposed_then_the_first_dn(turned: bool):
    plain, usual = empty(commission(number=1, rights=())), empty(commission(number=2))
    later = empty(commission(number=3))
    found = [plain, usual, later]
    verdict = assess(REHAB_UNIT, reading(COORDINATOR, *(found[::-1] if turned else found)), on=TODAY)
    assert [change.dn for change in verdict.changes] == [usual.dn]
    assert codes(verdict.warnings) == DEAD


@pytest.mark.parametrize("turned", [False, True])
def test_without_the_usual_right_the_first_dn_is_named(turned: bool):
    found = [commission(number=1, rights=()), commission(number=2, rights=())]
    verdict = assess(REHAB_UNIT, reading(COORDINATOR, *(found[::-1] if turned else found)), on=TODAY)
    assert [cause.about for cause in verdict.warnings] == [found[0].dn]


@pytest.mark.parametrize("turned", [False, True])
def test_one_of_several_couplings_with_the_usual_right_is_enough(turned: bool):
    found = [commission(number=1, rights=()), commission(number=2)]
    verdict = assess(REHAB_UNIT, reading(COORDINATOR, *(found[::-1] if turned else found)), on=TODAY)
    assert verdict.warnings == ()


def test_an_ended_coupling_is_renewed():
    before = with_couplings(f"{ANNA};;{PAST}")
    verdict = assess(REHAB_UNIT, before, on=TODAY)
    assert verdict.needs_coupling
    assert verdict.can_be_granted_by_changes
    assert assess(REHAB_UNIT, build.apply(verdict.changes, before), on=TODAY).answer is YES


@pytest.mark.parametrize(
    "name",
    [
        "no person entry",
        "employment over",
        "archived person",
        "not started",
        "ended, and starts again later",
        "no commission on the unit",
        "commission without name",
        "unit closed",
        "unit opens later",
        "unknown unit",
        "unit without provider",
        "provider closed",
        "own cases for a coordinator",
        "a whole provider in Rehabstöd",
        "everything at once",
    ],
)
def test_nothing_is_proposed_where_no_coupling_and_no_role_would_help(name: str):
    verdict = assess(ROWS[name].order, ROWS[name].amiss, on=TODAY)
    assert verdict.changes == ()
    assert not verdict.can_be_granted_by_changes


def test_the_role_is_named_although_a_commission_must_be_created_first():
    verdict = assess(REHAB_UNIT, reading(person()), on=TODAY)
    assert [change.value for change in verdict.changes] == [REHAB_NORTH]
    assert not verdict.can_be_granted_by_changes


@pytest.mark.parametrize("named", [NORTH, NOWHERE])
def test_a_role_that_breaks_the_login_is_not_mended_by_the_right_one(named: HsaId):
    before = reading(person(ANNA, f"INTYG;Statistik-{named}"))
    verdict = assess(STATISTICS_PROVIDER, before, on=TODAY)
    assert [change.value for change in verdict.changes] == [LEADER]
    assert not verdict.can_be_granted_by_changes
    assert assess(STATISTICS_PROVIDER, build.apply(verdict.changes, before), on=TODAY).answer is UNKNOWN


@pytest.mark.parametrize(
    ("name", "can"),
    [
        ("no role", True),
        ("prefix in another case", True),
        ("not coupled", True),
        ("unit closed", False),
        ("a dead right elsewhere", False),
        ("unreadable date", False),
        ("unreadable date, but the role is missing anyway", False),
        ("not answered", False),
    ],
)
def test_what_can_be_done_about_it(name: str, can: bool):
    verdict = assess(ROWS[name].order, ROWS[name].amiss, on=TODAY)
    assert verdict.can_be_granted_by_changes is can


# Sub-units


def test_a_sub_unit_is_served_by_the_care_unit_above():
    verdict = assess(REHAB_SUB_UNIT, FINE, on=TODAY)
    assert (verdict.answer, verdict.effective_unit_id) == (YES, NORTH)


def test_a_doctor_with_a_role_on_the_ordered_sub_unit_is_coordinator_there():
    role = f"INTYG;Rehab-{NORTH_EAST}"
    seen = reading(person(ANNA, role, doctor=True), commission())
    assert assess(REHAB_SUB_UNIT, seen, on=TODAY).answer is YES
    assert codes(assess(REHAB_UNIT, seen, on=TODAY).causes) == ["role.missing", "role.subunit"]
    assert "role.without_commission" not in codes(assess(REHAB_UNIT, seen, on=TODAY).warnings)
    untold = reading(person(ANNA, role), commission(), problems=[problem(Part.PROFESSION)])
    assert assess(REHAB_SUB_UNIT, untold, on=TODAY).answer is UNKNOWN


def test_a_listed_unit_with_a_commission_of_its_own_is_its_own_care_unit():
    own = commission(NORTH_EAST, number=2)
    role = f"INTYG;Rehab-{NORTH_EAST}"
    verdict = assess(REHAB_SUB_UNIT, reading(person(ANNA, role), commission(), own), on=TODAY)
    assert (verdict.answer, verdict.effective_unit_id) == (YES, NORTH_EAST)
    lacking = assess(REHAB_SUB_UNIT, reading(person(), commission(), own), on=TODAY)
    assert lacking.effective_unit_id == NORTH_EAST
    assert [change.value for change in lacking.changes] == [role]


def test_any_care_unit_through_which_it_works_will_do():
    seen = reading(COORDINATOR, commission(), commission(NORTH_EAST, number=2))
    verdict = assess(REHAB_SUB_UNIT, seen, on=TODAY)
    assert (verdict.answer, verdict.effective_unit_id) == (YES, NORTH)


@pytest.mark.parametrize(
    ("north", "own", "served_by"),
    [
        (commission(), empty(commission(NORTH_EAST, number=2)), NORTH),
        (commission(NORTH, f"{ANNA};;{PAST}"), empty(commission(NORTH_EAST, number=2)), NORTH),
        (empty(commission()), empty(commission(NORTH_EAST, number=2)), NORTH_EAST),
        (empty(commission()), commission(NORTH_EAST, purpose=STATISTICS, number=2), NORTH),
        (commission(purpose=STATISTICS), commission(NORTH_EAST, purpose=STATISTICS, number=2), NORTH),
    ],
)
def test_the_care_unit_nearest_to_working_is_the_one_to_mend(north, own, served_by: HsaId):
    assert assess(REHAB_SUB_UNIT, reading(person(), north, own), on=TODAY).effective_unit_id == served_by


def test_a_sub_unit_of_two_care_units_is_served_by_either():
    lists = [unit(NORTH, member_ids=(NORTH_EAST,)), unit(SOUTH, member_ids=(NORTH_EAST,))]
    role = f"INTYG;Rehab-{SOUTH}"
    seen = reading(person(ANNA, role), commission(SOUTH), empty(commission(number=2)), units=lists)
    verdict = assess(REHAB_SUB_UNIT, seen, on=TODAY)
    assert (verdict.answer, verdict.effective_unit_id) == (YES, SOUTH)


def test_a_unit_known_only_as_a_care_unit_above_is_known():
    seen = replace(FINE, units={NORTH_EAST: FINE.units[NORTH_EAST]})
    assert assess(REHAB_SUB_UNIT, seen, on=TODAY).answer is YES


# Roles for other units


def test_a_live_role_on_another_unit_is_nobodys_mistake():
    seen = reading(person(ANNA, f"INTYG;Rehab-{SOUTH}"), commission(), commission(SOUTH, number=2))
    verdict = assess(REHAB_UNIT, seen, on=TODAY)
    assert codes(verdict.causes) == ["role.missing"]
    assert verdict.warnings == ()


def test_a_role_naming_an_id_never_asked_for_is_called_nothing():
    assert codes(assess(REHAB_UNIT, with_roles("INTYG;Rehab-SE0000000000-U777"), on=TODAY).causes) == [
        "role.missing"
    ]


def test_no_id_is_called_unknown_while_providers_are_unread():
    seen = replace(with_roles(f"INTYG;Rehab-{NOWHERE}"), problems=(problem(Part.PROVIDERS),))
    assert codes(assess(REHAB_UNIT, seen, on=TODAY).causes) == ["role.missing", FAILED]


def test_a_dead_statistik_role_never_matters_to_rehabstod():
    for raw in (f"INTYG;Statistik-{NOWHERE}", f"INTYG;Statistik-{NORTH}", LEADER):
        verdict = assess(REHAB_UNIT, with_roles(REHAB_NORTH, raw), on=TODAY)
        assert (verdict.answer, verdict.causes, verdict.warnings) == (YES, (), ())


def test_rehab_roles_never_matter_to_intygsstatistik():
    seen = reading(person(ANNA, f"INTYG;Rehab-{NOWHERE}", f"INTYG;Rehab-{SOUTH}"), COUNTED)
    verdict = assess(STATISTICS_UNIT, seen, on=TODAY)
    assert (verdict.answer, codes(verdict.warnings)) == (YES, ["order.role_not_needed"])


# Days and moments


@pytest.mark.parametrize(
    ("member", "on", "answer"),
    [
        (f"{ANNA};20260318;", date(2026, 3, 17), NO),
        (f"{ANNA};20260318;", date(2026, 3, 18), YES),
        (f"{ANNA};;20260318", date(2026, 3, 17), YES),
        (f"{ANNA};;20260318", date(2026, 3, 18), NO),
        (f"{ANNA};20260329;", date(2026, 3, 28), NO),
        (f"{ANNA};20260329;20260330", date(2026, 3, 29), YES),
        (f"{ANNA};20261025;20261026", date(2026, 10, 25), YES),
        (f"{ANNA};20261025;20261026", date(2026, 10, 26), NO),
        (f"{ANNA};20280229;20280301", date(2028, 2, 28), NO),
        (f"{ANNA};20280229;20280301", date(2028, 2, 29), YES),
        (f"{ANNA};20280229;20280301", date(2028, 3, 1), NO),
        (f"{ANNA};20260318115959Z;", date(2026, 3, 18), NO),  # after noon in Stockholm
        (f"{ANNA};2026-03-18 11:59:59;", date(2026, 3, 18), YES),
        (f"{ANNA};2026-03-18 12:00:00.0;", date(2026, 3, 18), NO),
    ],
)
def test_a_coupling_counts_by_the_noon_of_the_day(member: str, on: date, answer: Answer):
    assert assess(REHAB_UNIT, with_couplings(member), on=on).answer is answer


def test_the_moment_is_the_callers_where_it_is_given():
    seen = with_couplings(f"{ANNA};;20260318110000Z")
    before = datetime(2026, 3, 18, 10, 59, 59, tzinfo=UTC)
    assert assess(REHAB_UNIT, seen, on=TODAY, at=before).answer is YES
    assert assess(REHAB_UNIT, seen, on=TODAY, at=NOW).answer is NO
    assert assess(REHAB_UNIT, seen, on=TODAY).answer is NO


# Gaps


@pytest.mark.parametrize(
    ("seen", "ordered", "parts_that_matter"),
    [
        (FINE, REHAB_UNIT, {Part.PERSON, Part.UNITS, Part.PROVIDERS}),
        (
            reading(person(doctor=True), commission()),
            REHAB_OWN,
            {Part.PERSON, Part.UNITS, Part.PROVIDERS},
        ),
        (FINE, REHAB_SUB_UNIT, {Part.PERSON, Part.UNITS, Part.PROVIDERS}),
        (
            FINE_STATISTICS,
            STATISTICS_UNIT,
            {Part.PERSON, Part.UNITS, Part.PROVIDERS, Part.SYSTEM_ROLES},
        ),
        (FINE_LEADER, STATISTICS_PROVIDER, {Part.PERSON, Part.PROVIDERS, Part.SYSTEM_ROLES}),
    ],
)
@pytest.mark.parametrize("part", Part)
def test_a_yes_becomes_unknown_for_exactly_the_parts_that_could_make_it_no(
    seen, ordered, parts_that_matter, part
):
    verdict = assess(ordered, replace(seen, problems=(problem(part),)), on=TODAY)
    assert verdict.answer is (UNKNOWN if part in parts_that_matter else YES)
    assert codes(verdict.causes) == ([FAILED] if part in parts_that_matter else [])


@pytest.mark.parametrize(
    ("name", "part", "answer"),
    [
        ("no role", Part.SYSTEM_ROLES, UNKNOWN),
        ("no role", Part.COMMISSIONS, NO),
        ("no role", Part.PROFESSION, NO),
        ("not coupled", Part.COMMISSIONS, UNKNOWN),
        ("not coupled", Part.UNITS, UNKNOWN),
        ("not coupled", Part.UNIT_COMMISSIONS, NO),
        ("not coupled", Part.PROVIDERS, NO),
        ("unit closed", Part.UNITS, UNKNOWN),
        ("unit closed", Part.COMMISSIONS, NO),
        ("unknown unit", Part.UNITS, UNKNOWN),
        ("unit without provider", Part.UNITS, UNKNOWN),
        ("provider closed", Part.PROVIDERS, UNKNOWN),
        ("unit of an unknown provider", Part.PROVIDERS, UNKNOWN),
        ("no person entry", Part.PERSON, UNKNOWN),
        ("employment over", Part.PERSON, UNKNOWN),
        ("employment over", Part.UNITS, NO),
        ("own cases for a coordinator", Part.PROFESSION, UNKNOWN),
        ("own cases for a coordinator", Part.SYSTEM_ROLES, NO),
        ("own cases in statistics", Part.PROFESSION, NO),
        ("a unit in a Statistik role", Part.PROVIDERS, NO),
    ],
)
def test_a_no_stands_if_it_does_not_hang_on_what_was_not_read(name: str, part: Part, answer: Answer):
    row = ROWS[name]
    verdict = assess(row.order, replace(row.amiss, problems=(problem(part),)), on=TODAY)
    assert verdict.answer is answer
    assert not verdict.changes or answer is NO


def test_what_the_unit_has_is_not_claimed_when_it_was_not_read():
    seen = reading(COORDINATOR, problems=[problem(Part.UNIT_COMMISSIONS)])
    verdict = assess(REHAB_UNIT, seen, on=TODAY)
    assert verdict.answer is NO
    assert codes(verdict.causes) == ["commission.missing", FAILED]


def test_dead_rights_are_not_claimed_when_the_commissions_were_not_read():
    seen = reading(person(ANNA, REHAB_NORTH), problems=[problem(Part.COMMISSIONS)])
    assert assess(REHAB_UNIT, seen, on=TODAY).warnings == ()


def test_an_unknown_problem_code_counts_as_no_answer():
    seen = replace(ROLELESS, problems=(problem(Part.SYSTEM_ROLES, "?"),))
    assert codes(assess(REHAB_UNIT, seen, on=TODAY).causes) == [FAILED]


def test_a_reading_of_somebody_else_says_nothing():
    ordered = replace(REHAB_UNIT, person_id=ANNA_TOO)
    verdict = assess(ordered, FINE, on=TODAY)
    assert (verdict.answer, codes(verdict.causes)) == (UNKNOWN, [FAILED])
    assert verdict.login.answer is UNKNOWN


def test_the_commission_of_the_wanted_purpose_is_named_as_expected():
    (cause,) = assess(REHAB_UNIT, reading(COORDINATOR, empty(commission())), on=TODAY).causes
    assert (cause.about, cause.expected) == (NORTH.text, CARE)


def test_a_near_miss_names_the_value_seen_and_the_value_wanted():
    raw = f"intyg;rehab-{NORTH}"
    near = assess(REHAB_UNIT, with_roles(raw), on=TODAY).causes[1]
    assert (near.about, near.expected) == (raw, REHAB_NORTH)
