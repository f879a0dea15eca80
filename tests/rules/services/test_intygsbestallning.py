"""Intygsbeställning's login rule, and what an order for it takes. Source: domain §4b."""

from __future__ import annotations

import pytest

from provisioning.rules.assessment.assess import assess
from provisioning.rules.causes import Code
from provisioning.rules.drift.compare import compare
from provisioning.rules.drift.differences import DriftKind
from provisioning.rules.hsa import Answer, Level, Part, RawPeriod, Reading, Service
from provisioning.rules.services.intygsbestallning import VARDADMIN, login
from tests.rules.build import (
    ANNA,
    NORTH,
    NORTH_EAST,
    NOW,
    PAST,
    REGION,
    REHAB_NORTH,
    SOUTH,
    STATISTICS,
    TODAY,
    commission,
    order,
    person,
    problem,
    reading,
    unit,
)

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
NO_COMMISSION, NO_ROLE = "MissingMedarbetaruppdrag", "MissingIBSystemRole"
ROLE = f"INTYG;FMU-VARDADMIN-{NORTH}"
ROLE_SOUTH = f"INTYG;FMU-VARDADMIN-{SOUTH}"
ORDER = order(Service.INTYGSBESTALLNING, Level.UNIT, NORTH)


def of(*roles: str, doctor: bool = False):
    return person(ANNA, *roles, doctor=doctor)


CASES = {
    "commission and role": (reading(of(ROLE), commission()), YES, None, [NORTH]),
    "a doctor needs the role, too": (reading(of(doctor=True), commission()), NO, NO_ROLE, []),
    "commission without role": (reading(of(), commission()), NO, NO_ROLE, []),
    "another service's role": (reading(of(REHAB_NORTH), commission()), NO, NO_ROLE, []),
    "role in another case": (reading(of(ROLE.lower()), commission()), NO, NO_ROLE, []),
    "role for another unit": (reading(of(ROLE_SOUTH), commission()), NO, NO_ROLE, []),
    "role for a sub-unit": (
        reading(of(f"INTYG;FMU-VARDADMIN-{NORTH_EAST}"), commission()),
        NO,
        NO_ROLE,
        [],
    ),
    "role without commission": (reading(of(ROLE)), NO, NO_COMMISSION, []),
    "commission with another purpose": (
        reading(of(ROLE), commission(purpose=STATISTICS)),
        NO,
        NO_COMMISSION,
        [],
    ),
    "the unit is closed": (
        reading(of(ROLE), commission(), units=[unit(NORTH, period=RawPeriod(end=PAST))]),
        NO,
        NO_COMMISSION,
        [],
    ),
    "two units, one role": (reading(of(ROLE), commission(), commission(SOUTH)), YES, None, [NORTH]),
    "two units, two roles": (
        reading(of(ROLE, ROLE_SOUTH), commission(), commission(SOUTH)),
        YES,
        None,
        [NORTH, SOUTH],
    ),
    "no person": (reading(None), NO, None, []),
    "roles not read": (
        reading(of(), commission(), problems=[problem(Part.SYSTEM_ROLES)]),
        UNKNOWN,
        None,
        [],
    ),
    "commissions not read": (reading(of(ROLE), problems=[problem(Part.COMMISSIONS)]), UNKNOWN, None, []),
    "nothing read": (Reading.failed(ANNA, "directory.refused", read_at=NOW), UNKNOWN, None, []),
}


@pytest.mark.parametrize("name", CASES)
def test_intygsbestallning_lets_in_and_shows(name: str):
    seen, answer, refusal, units = CASES[name]
    result = login(seen, at=NOW)
    assert (result.answer, result.refusal) == (answer, refusal)
    assert [access.id for access in result.units] == units
    assert {access.role for access in result.units} <= {VARDADMIN}


@pytest.mark.parametrize(
    ("roles", "near"),
    [
        ((), set()),
        ((REHAB_NORTH,), set()),
        ((ROLE.lower(),), {Code.ROLE_WRONG_CASE}),
        ((f"{ROLE} ",), {Code.ROLE_BLANKS}),
        ((ROLE_SOUTH,), {Code.ROLE_WRONG_UNIT}),
        ((f"INTYG;FMU-VARDADMIN-{REGION}",), {Code.ROLE_WRONG_KIND}),
    ],
)
def test_an_order_names_the_near_miss_and_the_value_to_set(roles: tuple[str, ...], near: set[Code]):
    found = assess(ORDER, reading(of(*roles), commission()), on=TODAY)

    assert found.codes == {Code.ROLE_MISSING} | near
    assert found.answer is NO
    assert [change.value for change in found.changes] == [ROLE]


def test_an_order_has_nothing_to_set_where_the_role_stands():
    found = assess(ORDER, reading(of(ROLE), commission()), on=TODAY)

    assert (found.answer, found.codes, found.changes) == (YES, frozenset(), ())


def test_a_role_that_nobody_ordered_is_found_where_the_service_is_offered():
    seen = reading(of(ROLE, f"INTYG;FMU-VARDADMIN-{REGION}"), commission())

    kinds = {drift.kind for drift in compare(seen, [], at=NOW).found}
    elsewhere = compare(seen, [], at=NOW, services=[Service.REHABSTOD, Service.INTYGSSTATISTIK])

    assert kinds == {DriftKind.ROLE_OUTSIDE, DriftKind.ROLE_WRONG_KIND}
    assert not elsewhere.found
