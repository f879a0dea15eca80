"""Rehabstöd's own login rule, row by row (domain page §3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from provisioning.rules.hsa import Answer, HsaId, Part, RawPeriod, Reading
from provisioning.rules.services import rehabstod
from tests.rules.build import (
    ABROAD,
    ANNA,
    ANNA_TOO,
    CARE,
    FUTURE,
    NORTH,
    NORTH_EAST,
    NOW,
    OTHER_REGION,
    PAST,
    REGION,
    REHAB_NORTH,
    SOUTH,
    STATISTICS,
    commission,
    person,
    problem,
    provider,
    reading,
    unit,
)

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
NO_PERSON, NO_COMMISSION = "MissingHsaEmployeeInformation", "MissingMedarbetaruppdrag"
NO_ROLE = "MissingUnitWithRehabSystemRole"
C, R, L = commission, "rehabkoordinator", "lakare"
REHAB_SOUTH, REHAB_SUB = f"INTYG;Rehab-{SOUTH}", f"INTYG;Rehab-{NORTH_EAST}"


def coordinator(*roles: str):
    return person(ANNA, *roles)


def doctor(*roles: str):
    return person(ANNA, *roles, doctor=True)


def with_dates(raw: str):
    return reading(coordinator(REHAB_NORTH), C(NORTH, f"{ANNA};{raw}"))


def with_unit(**fields: object):
    return reading(coordinator(REHAB_NORTH), C(), units=[unit(NORTH, **fields)])  # type: ignore[arg-type]


def with_provider(**fields: object):
    return reading(coordinator(REHAB_NORTH), C(), providers=[provider(REGION, **fields)])


CASES = {
    # The table of §3, in its order.
    "no person entry": (reading(None), NO, NO_PERSON, []),
    "no person entry but a commission": (reading(None, C()), NO, NO_PERSON, []),
    "no commission": (reading(coordinator(REHAB_NORTH)), NO, NO_COMMISSION, []),
    "a doctor without commission": (reading(doctor(REHAB_NORTH)), NO, NO_COMMISSION, []),
    "a doctor without role": (reading(doctor(), C()), YES, None, [(NORTH, L)]),
    "a doctor with role": (reading(doctor(REHAB_NORTH), C()), YES, None, [(NORTH, R)]),
    "a doctor with a role on one of two units": (
        reading(doctor(REHAB_SOUTH), C(), C(SOUTH, number=2)),
        YES,
        None,
        [(NORTH, L), (SOUTH, R)],
    ),
    "a doctor with a role elsewhere only": (reading(doctor(REHAB_SOUTH), C()), YES, None, [(NORTH, L)]),
    "a coordinator without role": (reading(coordinator(), C()), NO, NO_ROLE, []),
    "a coordinator with role": (reading(coordinator(REHAB_NORTH), C()), YES, None, [(NORTH, R)]),
    "a coordinator with a role on one of two units": (
        reading(coordinator(REHAB_SOUTH), C(), C(SOUTH, number=2)),
        YES,
        None,
        [(SOUTH, R)],
    ),
    "a coordinator with a role elsewhere only": (reading(coordinator(REHAB_SOUTH), C()), NO, NO_ROLE, []),
    # §3.2: what counts as a commission.
    "purpose in another case": (
        reading(coordinator(REHAB_NORTH), C(purpose="VÅRD OCH BEHANDLING")),
        YES,
        None,
        [(NORTH, R)],
    ),
    "purpose with blanks": (
        reading(coordinator(REHAB_NORTH), C(purpose=f" {CARE} ")),
        YES,
        None,
        [(NORTH, R)],
    ),
    "another purpose": (reading(coordinator(REHAB_NORTH), C(purpose=STATISTICS)), NO, NO_COMMISSION, []),
    "a purpose that only begins alike": (
        reading(coordinator(REHAB_NORTH), C(purpose=CARE + " m.m.")),
        NO,
        NO_COMMISSION,
        [],
    ),
    "no purpose": (reading(coordinator(REHAB_NORTH), C(purpose=None)), NO, NO_COMMISSION, []),
    "no right": (reading(coordinator(REHAB_NORTH), C(rights=())), YES, None, [(NORTH, R)]),
    "another right": (
        reading(coordinator(REHAB_NORTH), C(rights=("Läsa;alla;VE",))),
        YES,
        None,
        [(NORTH, R)],
    ),
    "no name": (reading(coordinator(REHAB_NORTH), C(name=" ")), NO, NO_COMMISSION, []),
    "no id": (reading(coordinator(REHAB_NORTH), C(hsa_id=None)), NO, NO_COMMISSION, []),
    "a blank id": (reading(coordinator(REHAB_NORTH), C(hsa_id=HsaId(" "))), NO, NO_COMMISSION, []),
    "no unit": (reading(coordinator(REHAB_NORTH), C(None)), NO, NO_COMMISSION, []),
    "under the provider": (
        reading(coordinator(REHAB_NORTH), C(REGION, is_under_provider=True)),
        NO,
        NO_COMMISSION,
        [],
    ),
    "somebody else's": (reading(coordinator(REHAB_NORTH), C(NORTH, f"{ANNA_TOO};;")), NO, NO_COMMISSION, []),
    "a longer id": (reading(coordinator(REHAB_NORTH), C(NORTH, f"{ANNA}0;;")), NO, NO_COMMISSION, []),
    "own id in another case": (
        reading(coordinator(REHAB_NORTH), C(NORTH, f"{ANNA.folded};;")),
        YES,
        None,
        [(NORTH, R)],
    ),
    "coupling without dates": (
        reading(coordinator(REHAB_NORTH), C(NORTH, str(ANNA))),
        YES,
        None,
        [(NORTH, R)],
    ),
    "started": (with_dates(f"{PAST};"), YES, None, [(NORTH, R)]),
    "not started": (with_dates(f"{FUTURE};"), NO, NO_COMMISSION, []),
    "not ended": (with_dates(f";{FUTURE}"), YES, None, [(NORTH, R)]),
    "ended": (with_dates(f";{PAST}"), NO, NO_COMMISSION, []),
    "starts this instant": (with_dates("20260318110000Z;"), NO, NO_COMMISSION, []),
    "ends this instant": (with_dates(";20260318110000Z"), NO, NO_COMMISSION, []),
    "unreadable start": (with_dates("igår;"), UNKNOWN, None, []),
    "ended and active": (
        reading(coordinator(REHAB_NORTH), C(NORTH, f"{ANNA};;{PAST}", f"{ANNA};{PAST};")),
        YES,
        None,
        [(NORTH, R)],
    ),
    "unreadable and active": (
        reading(coordinator(REHAB_NORTH), C(NORTH, f"{ANNA};igår;", f"{ANNA};;")),
        YES,
        None,
        [(NORTH, R)],
    ),
    "unit closed": (with_unit(period=RawPeriod(None, PAST)), NO, NO_COMMISSION, []),
    "unit opens later": (with_unit(period=RawPeriod(FUTURE, None)), NO, NO_COMMISSION, []),
    "unit closes later": (with_unit(period=RawPeriod(PAST, FUTURE)), YES, None, [(NORTH, R)]),
    "unit with an unreadable date": (with_unit(period=RawPeriod("?", None)), UNKNOWN, None, []),
    "unit without provider": (with_unit(provider=None), NO, NO_COMMISSION, []),
    "unit of a provider that does not exist": (
        with_unit(provider=HsaId("SE0000000000-U999")),
        NO,
        NO_COMMISSION,
        [],
    ),
    "unit of a provider not asked for": (with_unit(provider=HsaId("SE0000000000-E777")), UNKNOWN, None, []),
    "provider closed": (with_provider(period=RawPeriod(None, PAST)), NO, NO_COMMISSION, []),
    "provider opens later": (with_provider(period=RawPeriod(FUTURE, None)), NO, NO_COMMISSION, []),
    "provider with an unreadable date": (with_provider(period=RawPeriod(None, "?")), UNKNOWN, None, []),
    "unit that does not exist": (
        reading(coordinator(REHAB_NORTH), C(HsaId("SE0000000000-U999"))),
        NO,
        NO_COMMISSION,
        [],
    ),
    "unit not asked for": (
        reading(coordinator(REHAB_NORTH), C(HsaId("SE0000000000-U777"))),
        UNKNOWN,
        None,
        [],
    ),
    "two commissions on one unit": (
        reading(coordinator(REHAB_NORTH), C(), C(number=2)),
        YES,
        None,
        [(NORTH, R)],
    ),
    "two care providers": (
        reading(coordinator(REHAB_NORTH, f"INTYG;Rehab-{ABROAD}"), C(), C(ABROAD, number=2)),
        YES,
        None,
        [(NORTH, R), (ABROAD, R)],
    ),
    "ended employment is not looked at": (
        reading(person(ANNA, REHAB_NORTH, period=RawPeriod(None, PAST)), C()),
        YES,
        None,
        [(NORTH, R)],
    ),
    "an archived person is not looked at": (
        reading(person(ANNA, REHAB_NORTH, is_archived=True), C()),
        YES,
        None,
        [(NORTH, R)],
    ),
    # §3.4: roles are compared exactly.
    "role prefix in another case": (
        reading(coordinator(f"intyg;rehab-{NORTH}"), C()),
        NO,
        NO_ROLE,
        [],
    ),
    "role id in another case": (reading(coordinator(REHAB_NORTH.lower()), C()), NO, NO_ROLE, []),
    "role with a leading blank": (reading(coordinator(" " + REHAB_NORTH), C()), NO, NO_ROLE, []),
    "role with a trailing blank": (reading(coordinator(REHAB_NORTH + " "), C()), NO, NO_ROLE, []),
    "role of three parts": (reading(coordinator(REHAB_NORTH + ";"), C()), NO, NO_ROLE, []),
    "role as the unit's entry writes the id": (
        reading(coordinator("INTYG;Rehab-se0000000000-U001"), C(), units=[unit(HsaId("se0000000000-U001"))]),
        YES,
        None,
        [(NORTH, R)],
    ),
    # §3.5 and §3.6: sub-units.
    "a coordinator with a role on a sub-unit only": (reading(coordinator(REHAB_SUB), C()), NO, NO_ROLE, []),
    "a doctor with a role on a sub-unit": (reading(doctor(REHAB_SUB), C()), YES, None, [(NORTH, L)]),
    # Gaps.
    "person not read": (reading(None, problems=[problem(Part.PERSON)]), UNKNOWN, None, []),
    "roles not read": (reading(coordinator(), C(), problems=[problem(Part.SYSTEM_ROLES)]), UNKNOWN, None, []),
    "roles not read, but one was": (
        reading(coordinator(REHAB_NORTH), C(), problems=[problem(Part.SYSTEM_ROLES)]),
        YES,
        None,
        [(NORTH, R)],
    ),
    "a doctor's roles not read": (
        reading(doctor(), C(), problems=[problem(Part.SYSTEM_ROLES)]),
        YES,
        None,
        [(NORTH, L)],
    ),
    "profession not read, no role": (
        reading(coordinator(), C(), problems=[problem(Part.PROFESSION)]),
        UNKNOWN,
        None,
        [],
    ),
    "profession not read, role": (
        reading(coordinator(REHAB_NORTH), C(), problems=[problem(Part.PROFESSION)]),
        YES,
        None,
        [(NORTH, R)],
    ),
    "commissions not read": (
        reading(coordinator(REHAB_NORTH), problems=[problem(Part.COMMISSIONS)]),
        UNKNOWN,
        None,
        [],
    ),
    "a doctor's commissions not read": (
        reading(doctor(), problems=[problem(Part.COMMISSIONS)]),
        UNKNOWN,
        None,
        [],
    ),
    "commissions not read and no role at all": (
        reading(coordinator(), problems=[problem(Part.COMMISSIONS)]),
        NO,
        None,
        [],
    ),
    "commissions not all read and no role at all": (
        reading(coordinator(), C(), problems=[problem(Part.COMMISSIONS)]),
        NO,
        NO_ROLE,
        [],
    ),
    "commissions not all read": (
        reading(coordinator(REHAB_NORTH), C(), problems=[problem(Part.COMMISSIONS)]),
        YES,
        None,
        [(NORTH, R)],
    ),
    "units not read": (
        reading(coordinator(REHAB_NORTH), C(), problems=[problem(Part.UNITS)]),
        UNKNOWN,
        None,
        [],
    ),
    "a unit without provider, units not read": (
        reading(
            coordinator(REHAB_NORTH), C(), units=[unit(NORTH, provider=None)], problems=[problem(Part.UNITS)]
        ),
        UNKNOWN,
        None,
        [],
    ),
    "a missing unit, units not read": (
        reading(coordinator(REHAB_NORTH), C(HsaId("SE0000000000-U999")), problems=[problem(Part.UNITS)]),
        UNKNOWN,
        None,
        [],
    ),
    "providers not read": (
        reading(coordinator(REHAB_NORTH), C(), problems=[problem(Part.PROVIDERS)]),
        UNKNOWN,
        None,
        [],
    ),
    "a missing provider, providers not read": (
        reading(
            coordinator(REHAB_NORTH),
            C(),
            units=[unit(NORTH, provider=HsaId("SE0000000000-U999"))],
            problems=[problem(Part.PROVIDERS)],
        ),
        UNKNOWN,
        None,
        [],
    ),
    "other identities not read": (
        reading(coordinator(REHAB_NORTH), C(), problems=[problem(Part.IDENTITIES)]),
        YES,
        None,
        [(NORTH, R)],
    ),
    "nothing read": (Reading.failed(ANNA, "directory.refused", read_at=NOW), UNKNOWN, None, []),
}


@pytest.mark.parametrize("name", CASES)
def test_rehabstod_lets_in_and_shows(name: str):
    seen, answer, refusal, units = CASES[name]
    result = rehabstod.login(seen, at=NOW)
    assert (result.answer, result.refusal) == (answer, refusal)
    assert [(access.id, access.role) for access in result.units] == units


def test_there_are_enough_cases_to_mean_something():
    assert len(CASES) >= 60


@pytest.mark.parametrize("lapse", [timedelta(microseconds=-1), timedelta(0), timedelta(microseconds=1)])
def test_a_coupling_ends_at_its_instant_and_not_a_moment_later(lapse: timedelta):
    seen = with_dates(";20260318110000Z")
    expected = YES if lapse < timedelta(0) else NO
    assert rehabstod.login(seen, at=NOW + lapse).answer is expected


def test_sub_units_follow_their_care_unit():
    (access,) = rehabstod.login(reading(coordinator(REHAB_NORTH), C()), at=NOW).units
    assert access.sub_unit_ids == (NORTH_EAST,)
    assert access.coordinated_sub_unit_ids == ()


def test_a_doctor_with_a_role_on_a_sub_unit_coordinates_there_only():
    (access,) = rehabstod.login(reading(doctor(REHAB_SUB), C()), at=NOW).units
    assert access.role == L
    assert access.coordinated_sub_unit_ids == (NORTH_EAST,)


@pytest.mark.parametrize(
    ("fields", "is_doctor"),
    [
        ({"titles": ("Läkare",)}, True),
        ({"titles": ("Tandläkare",)}, True),
        ({"titles": ("Sjuksköterska", "Läkare")}, True),
        ({"titles": ("Läkarsekreterare",)}, False),
        ({"titles": ("läkare",)}, False),
        ({"title_codes": ("204010",)}, True),
        ({"title_codes": ("203020",)}, True),
        ({"title_codes": ("203090",)}, False),
        ({"title_codes": ("203090",), "group_prescription_codes": ("9300005",)}, True),
        ({"title_codes": ("203090",), "group_prescription_codes": ("9400003",)}, True),
        ({"title_codes": ("203090",), "group_prescription_codes": ("9100009",)}, False),
        ({"title_codes": ("204090",), "group_prescription_codes": ("9100009",)}, True),
        ({"title_codes": ("204090",), "group_prescription_codes": ("9300005",)}, False),
        ({"group_prescription_codes": ("9300005", "9400003", "9100009")}, False),
        ({"title_codes": ("999999", "204090"), "group_prescription_codes": ("1", "9100009")}, True),
    ],
)
def test_who_is_a_doctor(fields: dict[str, tuple[str, ...]], is_doctor: bool):
    who = replace(person(ANNA, titles=()), **fields)  # type: ignore[arg-type]
    expected = YES if is_doctor else NO  # without a role only a doctor gets in
    assert rehabstod.login(reading(who, C()), at=NOW).answer is expected


def test_another_care_providers_closing_harms_nobody_else():
    seen = reading(
        coordinator(REHAB_NORTH),
        C(),
        C(ABROAD, number=2),
        providers=[provider(OTHER_REGION, period=RawPeriod(None, PAST))],
    )
    assert [access.id for access in rehabstod.login(seen, at=NOW).units] == [NORTH]
