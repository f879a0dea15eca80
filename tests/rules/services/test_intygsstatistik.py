"""Intygsstatistik's own login rule, row by row (domain page §4)."""

from __future__ import annotations

import pytest

from provisioning.rules.hsa import Answer, HsaId, Part, RawPeriod, Reading
from provisioning.rules.services import intygsstatistik
from tests.rules.build import (
    ABROAD,
    ANNA,
    ANNA_TOO,
    CARE,
    FUTURE,
    LEADER,
    NORTH,
    NORTH_EAST,
    NOW,
    OTHER_REGION,
    PAST,
    REGION,
    SOUTH,
    STATISTICS,
    commission,
    person,
    problem,
    reading,
    unit,
)

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
ONE, PART, ALL = "enhet", "delprocessledare", "processledare"


def C(unit_id: HsaId | None = NORTH, *members: str, number: int = 1, **fields: object):
    fields.setdefault("purpose", STATISTICS)
    return commission(unit_id, *members, number=number, **fields)  # type: ignore[arg-type]


def anna(*roles: str):
    return person(ANNA, *roles)


def statistik(hsa_id: object) -> str:
    return f"INTYG;Statistik-{hsa_id}"


CASES = {
    "nothing at all: in, to an empty page": (reading(anna()), YES, []),
    "one unit": (reading(anna(), C()), YES, [(NORTH, ONE)]),
    "two units of one provider": (
        reading(anna(), C(), C(SOUTH, number=2)),
        YES,
        [(NORTH, PART), (SOUTH, PART)],
    ),
    "one unit each of two providers": (
        reading(anna(), C(), C(ABROAD, number=2)),
        YES,
        [(NORTH, ONE), (ABROAD, ONE)],
    ),
    "two commissions on one unit": (reading(anna(), C(), C(number=2)), YES, [(NORTH, ONE)]),
    "process leader without commission": (reading(anna(LEADER)), YES, [(REGION, ALL)]),
    "process leader with a unit there": (reading(anna(LEADER), C()), YES, [(REGION, ALL)]),
    "process leader with a unit elsewhere": (
        reading(anna(LEADER), C(ABROAD)),
        YES,
        [(REGION, ALL), (ABROAD, ONE)],
    ),
    "process leader of two": (
        reading(anna(LEADER, statistik(OTHER_REGION))),
        YES,
        [(REGION, ALL), (OTHER_REGION, ALL)],
    ),
    "the same role twice": (reading(anna(LEADER, LEADER.upper())), YES, [(REGION, ALL)]),
    "role in another case": (reading(anna(LEADER.lower())), YES, [(REGION, ALL)]),
    "role with blanks around": (reading(anna(f" {LEADER} ")), YES, [(REGION, ALL)]),
    "role with a blank before the id": (reading(anna(statistik(f" {REGION}"))), YES, [(REGION, ALL)]),
    "role of three parts is no role": (reading(anna(LEADER + ";")), YES, []),
    "role without its system is no role": (reading(anna(f"Statistik-{REGION}")), YES, []),
    "a role for Rehabstöd is no role here": (reading(anna(f"INTYG;Rehab-{REGION}")), YES, []),
    "role for a unit": (reading(anna(statistik(NORTH))), UNKNOWN, []),
    "role for a unit beside a commission": (
        reading(anna(statistik(NORTH)), C()),
        UNKNOWN,
        [(NORTH, ONE)],
    ),
    "role for an id that does not exist": (reading(anna(statistik("SE0000000000-U999"))), UNKNOWN, []),
    "role for an id not asked for": (reading(anna(statistik("SE0000000000-E777"))), UNKNOWN, []),
    "role without an id": (reading(anna("INTYG;Statistik-")), UNKNOWN, []),
    "role with a blank in the id": (reading(anna(statistik("SE0000000000- E001"))), UNKNOWN, []),
    "purpose in another case": (reading(anna(), C(purpose="STATISTIK")), YES, [(NORTH, ONE)]),
    "another purpose": (reading(anna(), C(purpose=CARE)), YES, []),
    "no purpose": (reading(anna(), C(purpose=" ")), YES, []),
    "no right": (reading(anna(), C(rights=())), YES, [(NORTH, ONE)]),
    "no name": (reading(anna(), C(name="")), YES, []),
    "no id": (reading(anna(), C(hsa_id=None)), YES, []),
    "no unit": (reading(anna(), C(None)), YES, []),
    "under the provider": (reading(anna(), C(REGION, is_under_provider=True)), YES, []),
    "not started": (reading(anna(), C(NORTH, f"{ANNA};{FUTURE};")), YES, []),
    "ended": (reading(anna(), C(NORTH, f"{ANNA};;{PAST}")), YES, []),
    "unreadable date": (reading(anna(), C(NORTH, f"{ANNA};?;")), UNKNOWN, []),
    "unreadable date beside a process leader's role": (
        reading(anna(LEADER), C(NORTH, f"{ANNA};?;")),
        YES,
        [(REGION, ALL)],
    ),
    "somebody else's": (reading(anna(), C(NORTH, f"{ANNA_TOO};;")), YES, []),
    "a closed unit is not looked at": (
        reading(anna(), C(), units=[unit(NORTH, period=RawPeriod(None, PAST))]),
        YES,
        [(NORTH, ONE)],
    ),
    "a unit without provider": (reading(anna(), C(), units=[unit(NORTH, provider=None)]), YES, []),
    "a unit without provider, units not read": (
        reading(anna(), C(), units=[unit(NORTH, provider=None)], problems=[problem(Part.UNITS)]),
        UNKNOWN,
        [],
    ),
    "a unit of a provider that does not exist": (
        reading(anna(), C(), units=[unit(NORTH, provider=HsaId("SE0000000000-U999"))]),
        YES,
        [],
    ),
    "a unit of a provider not asked for": (
        reading(anna(), C(), units=[unit(NORTH, provider=HsaId("SE0000000000-E777"))]),
        UNKNOWN,
        [],
    ),
    "a unit that does not exist": (reading(anna(), C(HsaId("SE0000000000-U999"))), YES, []),
    "a unit not asked for": (reading(anna(), C(HsaId("SE0000000000-U777"))), UNKNOWN, []),
    "no person": (reading(None), NO, []),
    "person not read": (reading(None, problems=[problem(Part.PERSON)]), UNKNOWN, []),
    "roles not read": (reading(anna(), C(), problems=[problem(Part.SYSTEM_ROLES)]), UNKNOWN, [(NORTH, ONE)]),
    "commissions not read": (reading(anna(), problems=[problem(Part.COMMISSIONS)]), UNKNOWN, []),
    "profession not read": (
        reading(anna(), C(), problems=[problem(Part.PROFESSION)]),
        YES,
        [(NORTH, ONE)],
    ),
    "providers not read, a role for an absent one": (
        reading(anna(statistik("SE0000000000-U999")), problems=[problem(Part.PROVIDERS)]),
        UNKNOWN,
        [],
    ),
    "nothing read": (Reading.failed(ANNA, "directory.unavailable", read_at=NOW), UNKNOWN, []),
}


@pytest.mark.parametrize("name", CASES)
def test_intygsstatistik_shows(name: str):
    seen, answer, units = CASES[name]
    result = intygsstatistik.login(seen, at=NOW)
    assert result.answer is answer
    assert result.refusal is None
    assert {(access.id, access.role) for access in result.units} == set(units)
    assert len(result.units) == len(units)


def test_a_unit_lists_its_sub_units_and_a_provider_lists_none():
    (one,) = intygsstatistik.login(reading(anna(), C()), at=NOW).units
    (whole,) = intygsstatistik.login(reading(anna(LEADER), C()), at=NOW).units
    assert one.sub_unit_ids == (NORTH_EAST,)
    assert whole.sub_unit_ids == ()


@pytest.mark.parametrize(
    ("raw", "codes"),
    [
        (LEADER, []),
        (statistik(NORTH), ["role.unit_in_statistik"]),
        (statistik("SE0000000000-U999"), ["role.unknown_id"]),
        ("INTYG;Statistik-", ["role.unknown_id"]),
        (statistik("SE0000000000-E777"), ["directory.truncated"]),
    ],
)
def test_a_role_that_may_break_the_login_is_named(raw: str, codes: list[str]):
    assert [cause.code.value for cause in intygsstatistik.breaks(reading(anna(raw)))] == codes
