"""Where rights and directory no longer agree: each kind, from both sides, and what is never concluded."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioning.rules.drift import compare as drift_compare
from provisioning.rules.drift import differences
from provisioning.rules.drift.compare import compare
from provisioning.rules.drift.differences import DriftKind, NextStep, Owner
from provisioning.rules.hsa import HsaId, Level, Part, Problem, RawPeriod, Reading, Service
from provisioning.rules.removal import Right
from tests.rules.build import (
    ANNA,
    LEADER,
    NORTH,
    NORTH_EAST,
    NOW,
    NOWHERE,
    PAST,
    REGION,
    REHAB_NORTH,
    SOUTH,
    STATISTICS,
    commission,
    empty,
    person,
    provider,
    reading,
    unit,
)

WHOLE_NORTH = Right(ANNA, Service.REHABSTOD, Level.UNIT, NORTH)
WHOLE_SOUTH = Right(ANNA, Service.REHABSTOD, Level.UNIT, SOUTH)
OWN_NORTH = Right(ANNA, Service.REHABSTOD, Level.OWN, NORTH)
STATISTICS_NORTH = Right(ANNA, Service.INTYGSSTATISTIK, Level.UNIT, NORTH)
LEADS_REGION = Right(ANNA, Service.INTYGSSTATISTIK, Level.PROVIDER, REGION)
REHAB_SOUTH = f"INTYG;Rehab-{SOUTH}"


def kinds(what: Reading, *rights: Right, **context: object) -> list[DriftKind]:
    found = compare(what, rights, at=NOW, **context)  # type: ignore[arg-type]
    return [one.kind for one in found.found]


def in_order(*roles: str, **fields: object) -> Reading:
    """Anna with a commission on North, and these roles."""
    return reading(person(ANNA, *roles, **fields), commission())  # type: ignore[arg-type]


# -- nothing to find -----------------------------------------------------------------------------------------


def test_a_right_that_stands_is_no_finding():
    found = compare(in_order(REHAB_NORTH), [WHOLE_NORTH], at=NOW)
    assert found.found == () and found.unknown == frozenset()


def test_rights_without_a_role_need_none():
    statistics = commission(purpose=STATISTICS)
    assert kinds(reading(person(), statistics), STATISTICS_NORTH) == []
    assert kinds(in_order(doctor=True), OWN_NORTH) == []


def test_a_process_leader_needs_no_commission():
    assert kinds(reading(person(ANNA, LEADER)), LEADS_REGION) == []


def test_roles_of_other_systems_are_nobodys_business():
    assert kinds(in_order("BIF;Spärradministratör", "INTYG;Annat-x")) == []


# -- rights that have lost their ground ----------------------------------------------------------------------


def test_a_person_whose_entry_is_gone():
    assert kinds(reading(None), WHOLE_NORTH) == [DriftKind.PERSON_MISSING]


def test_a_person_whose_employment_is_over_and_only_then():
    assert kinds(in_order(REHAB_NORTH, period=RawPeriod(None, "20260317")), WHOLE_NORTH) == [
        DriftKind.PERSON_ENDED
    ]
    assert kinds(in_order(REHAB_NORTH, period=RawPeriod(None, "20260318")), WHOLE_NORTH) == []


def test_a_person_who_is_archived():
    assert kinds(in_order(REHAB_NORTH, is_archived=True), WHOLE_NORTH) == [DriftKind.PERSON_ARCHIVED]


def test_every_right_of_a_leaver_is_named():
    found = compare(reading(None), [WHOLE_NORTH, LEADS_REGION], at=NOW).found
    assert [one.right for one in found] == [WHOLE_NORTH, LEADS_REGION]


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"period": RawPeriod(None, PAST)}, DriftKind.UNIT_CLOSED),
        ({"is_archived": True}, DriftKind.UNIT_ARCHIVED),
    ],
)
def test_a_unit_that_is_closed_or_archived(changed, kind: DriftKind):
    what = reading(person(ANNA, REHAB_NORTH), commission(), units=[unit(NORTH, **changed)])
    assert kinds(what, WHOLE_NORTH) == [kind]


def test_a_unit_that_no_longer_exists():
    nowhere = Right(ANNA, Service.REHABSTOD, Level.UNIT, NOWHERE)
    assert kinds(in_order(), nowhere) == [DriftKind.UNIT_UNKNOWN]


@pytest.mark.parametrize("right", [WHOLE_NORTH, LEADS_REGION])
def test_a_care_provider_that_is_closed(right: Right):
    closed = provider(REGION, period=RawPeriod(None, PAST))
    what = reading(person(ANNA, REHAB_NORTH, LEADER), commission(), providers=[closed])
    assert DriftKind.PROVIDER_CLOSED in kinds(what, right)


def test_a_commission_that_is_over():
    what = reading(person(ANNA, REHAB_NORTH), commission(NORTH, f"{ANNA};;{PAST}"))
    assert kinds(what, WHOLE_NORTH) == [DriftKind.COMMISSION_ENDED]


def test_a_person_who_is_taken_out_of_the_commission():
    assert kinds(reading(person(ANNA, REHAB_NORTH), empty(commission())), WHOLE_NORTH) == [
        DriftKind.COMMISSION_MISSING
    ]


def test_a_person_who_has_moved_to_another_unit():
    elsewhere = commission(SOUTH, number=2)
    for here in ((), (commission(NORTH, f"{ANNA};;{PAST}"),)):
        what = reading(person(ANNA, REHAB_NORTH), *here, elsewhere)
        assert kinds(what, WHOLE_NORTH) == [DriftKind.COMMISSION_MOVED]


def test_a_commission_for_something_else_elsewhere_is_no_move():
    what = reading(person(ANNA, REHAB_NORTH), commission(SOUTH, purpose=STATISTICS))
    assert kinds(what, WHOLE_NORTH) == [DriftKind.COMMISSION_MISSING]


def test_a_commission_that_has_lost_its_purpose():
    what = reading(person(ANNA, REHAB_NORTH), commission(purpose=None))
    assert kinds(what, WHOLE_NORTH) == [DriftKind.COMMISSION_PURPOSE_MISSING]


def test_a_role_that_is_lost_names_the_value_that_belongs_there():
    found = compare(in_order(), [WHOLE_NORTH], at=NOW).found
    assert [(one.kind, one.expected) for one in found] == [(DriftKind.ROLE_MISSING, REHAB_NORTH)]
    assert kinds(reading(person()), LEADS_REGION) == [DriftKind.ROLE_MISSING]


def test_a_doctor_who_is_no_longer_one_loses_the_own_cases():
    assert kinds(in_order(), OWN_NORTH) == [DriftKind.NO_LONGER_DOCTOR]


@pytest.mark.parametrize(
    ("was", "now", "kind"),
    [(False, True, DriftKind.BECAME_DOCTOR), (True, False, DriftKind.NO_LONGER_DOCTOR)],
)
def test_a_changed_profession_is_found_where_it_was_known(was: bool, now: bool, kind: DriftKind):
    what = in_order(REHAB_NORTH, doctor=now)
    assert kinds(what, WHOLE_NORTH, was_doctor=was) == [kind]
    assert kinds(what, WHOLE_NORTH, was_doctor=now) == []
    assert kinds(what, WHOLE_NORTH, was_doctor=None) == []


def test_the_gravest_is_named_alone():
    """On a closed unit the missing role is not worth a finding of its own."""
    what = reading(person(), units=[unit(NORTH, period=RawPeriod(None, PAST))])
    assert kinds(what, WHOLE_NORTH) == [DriftKind.UNIT_CLOSED]


# -- role values that no right explains ----------------------------------------------------------------------


def test_a_role_from_outside_the_tool_that_opens():
    found = compare(in_order(REHAB_NORTH), [], at=NOW).found
    assert [(one.kind, one.value, one.unit_id, one.right) for one in found] == [
        (DriftKind.ROLE_OUTSIDE, REHAB_NORTH, NORTH, None)
    ]
    assert kinds(reading(person(ANNA, LEADER))) == [DriftKind.ROLE_OUTSIDE]


def test_a_doctors_own_cases_do_not_explain_the_role_for_the_whole_unit():
    assert kinds(in_order(REHAB_NORTH, doctor=True), OWN_NORTH) == [DriftKind.ROLE_OUTSIDE]


def test_a_right_on_its_way_explains_its_role():
    """Given or taken away just now: the value stands and belongs to it, and nothing is compared."""
    assert kinds(in_order(REHAB_NORTH), explained=[WHOLE_NORTH]) == []
    assert kinds(reading(person()), explained=[WHOLE_NORTH]) == []


def test_a_dead_role():
    assert kinds(reading(person(ANNA, REHAB_SOUTH), commission())) == [DriftKind.ROLE_WITHOUT_COMMISSION]


def test_a_role_on_the_wrong_unit_names_the_one_that_is_missing():
    found = compare(in_order(REHAB_SOUTH), [WHOLE_NORTH], at=NOW).found
    assert [(one.kind, one.value, one.expected) for one in found] == [
        (DriftKind.ROLE_MISSING, "", REHAB_NORTH),
        (DriftKind.ROLE_WRONG_UNIT, REHAB_SOUTH, REHAB_NORTH),
    ]


def test_a_role_for_another_unit_is_not_wrong_while_the_own_one_stands():
    what = reading(person(ANNA, REHAB_NORTH, REHAB_SOUTH), commission(), commission(SOUTH, number=2))
    assert kinds(what, WHOLE_NORTH) == [DriftKind.ROLE_OUTSIDE]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (f"INTYG;Rehab-{NORTH_EAST}", DriftKind.ROLE_SUBUNIT),
        (f"INTYG;Rehab-{REGION}", DriftKind.ROLE_PROVIDER_IN_REHAB),
        (f"INTYG;Statistik-{NORTH}", DriftKind.ROLE_UNIT_IN_STATISTIK),
        (f"INTYG;Rehab-{NOWHERE}", DriftKind.ROLE_UNKNOWN_ID),
        (f"INTYG;Statistik-{NOWHERE}", DriftKind.ROLE_UNKNOWN_ID),
        (f"intyg;rehab-{NORTH}", DriftKind.ROLE_WRONG_CASE),
        (f"INTYG;Rehab-{NORTH} ", DriftKind.ROLE_BLANKS),
        (f"INTYG;Rehab_{NORTH}", DriftKind.ROLE_MALFORMED),
    ],
)
def test_near_misses_are_named_by_what_is_wrong_with_them(value: str, kind: DriftKind):
    assert kinds(in_order(value)) == [kind]


def test_intygsstatistik_takes_any_case_and_so_do_we():
    assert kinds(reading(person(ANNA, LEADER.lower())), LEADS_REGION) == []


# -- what is never concluded ---------------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["directory.unavailable", "directory.refused", "directory.truncated"])
def test_a_directory_that_does_not_answer_tells_nothing(code: str):
    failed = Reading.failed(ANNA, code, read_at=NOW)
    found = compare(failed, [WHOLE_NORTH, LEADS_REGION], at=NOW)
    assert found.found == ()
    assert found.unknown == frozenset(DriftKind)


@pytest.mark.parametrize(
    ("part", "kept"),
    [
        (Part.PERSON, DriftKind.PERSON_MISSING),
        (Part.SYSTEM_ROLES, DriftKind.ROLE_MISSING),
        (Part.SYSTEM_ROLES, DriftKind.ROLE_OUTSIDE),
        (Part.COMMISSIONS, DriftKind.COMMISSION_MISSING),
        (Part.COMMISSIONS, DriftKind.ROLE_WITHOUT_COMMISSION),
        (Part.UNITS, DriftKind.UNIT_UNKNOWN),
        (Part.UNITS, DriftKind.COMMISSION_MOVED),
        (Part.PROVIDERS, DriftKind.PROVIDER_CLOSED),
        (Part.PROFESSION, DriftKind.NO_LONGER_DOCTOR),
    ],
)
def test_a_part_that_could_not_be_read_finds_nothing_and_ends_nothing(part: Part, kept: DriftKind):
    """Anna has lost everything, as far as can be seen; what could not be read is not said of her."""
    gap = Problem("directory.truncated", part)
    found = compare(reading(person(), problems=[gap]), [WHOLE_NORTH, OWN_NORTH, LEADS_REGION], at=NOW)
    assert kept in found.unknown and not found.decides(kept)
    assert not {one.kind for one in found.found} & found.unknown


def test_an_unreadable_date_of_a_coupling_is_not_an_end():
    what = reading(person(ANNA, REHAB_NORTH), commission(NORTH, f"{ANNA};;soon"))
    found = compare(what, [WHOLE_NORTH], at=NOW)
    assert found.found == ()
    assert DriftKind.COMMISSION_ENDED in found.unknown


def test_an_unreadable_end_of_employment_makes_nobody_a_leaver():
    what = in_order(REHAB_NORTH, period=RawPeriod(None, "soon"))
    assert compare(what, [WHOLE_NORTH], at=NOW).found == ()
    assert drift_compare.leaves(what, at=NOW) is None


def test_an_id_that_was_never_asked_for_is_not_unknown():
    what = reading(person(ANNA, f"INTYG;Rehab-{NOWHERE}"), unasked=[NOWHERE])
    found = compare(what, [], at=NOW)
    assert found.found == ()
    assert DriftKind.ROLE_UNKNOWN_ID in found.unknown


# -- leavers, explanations, owners ---------------------------------------------------------------------------


def test_who_leaves_and_who_does_not():
    assert drift_compare.leaves(reading(None), at=NOW) is DriftKind.PERSON_MISSING
    assert drift_compare.leaves(in_order(period=RawPeriod(None, PAST)), at=NOW) is DriftKind.PERSON_ENDED
    assert drift_compare.leaves(in_order(), at=NOW) is None
    assert drift_compare.leaves(Reading.failed(ANNA, "directory.unavailable", read_at=NOW), at=NOW) is None


def test_an_explanation_rests_on_the_situation_it_was_given_in():
    gone = compare(reading(person(ANNA, REHAB_NORTH), empty(commission())), [WHOLE_NORTH], at=NOW).found[0]
    same = compare(
        reading(person(ANNA, REHAB_NORTH), empty(commission())), [WHOLE_NORTH], at=NOW + timedelta(days=30)
    ).found[0]
    moved = compare(
        reading(person(ANNA, REHAB_NORTH), commission(SOUTH, number=2)), [WHOLE_NORTH], at=NOW
    ).found[0]
    assert gone.situation == same.situation
    assert gone.situation != moved.situation


def test_only_a_role_that_opens_can_be_adopted():
    assert [kind for kind in DriftKind if NextStep.ADOPT in differences.steps_for(kind)] == [
        DriftKind.ROLE_OUTSIDE
    ]


def test_every_kind_has_an_owner_and_can_be_explained():
    for kind in DriftKind:
        assert differences.owner_of(kind) in Owner
        assert differences.steps_for(kind)[-1] is NextStep.EXPLAIN


def test_one_lost_commission_counts_as_a_loss_and_a_strange_role_does_not():
    lost = compare(reading(person(ANNA, REHAB_NORTH)), [WHOLE_NORTH], at=NOW).found
    strange = compare(in_order(REHAB_NORTH), [], at=NOW).found
    assert drift_compare.counts_as_loss(lost) and not drift_compare.counts_as_loss(strange)


def test_an_id_is_written_as_its_entry_has_it():
    shouted = Right(ANNA, Service.REHABSTOD, Level.UNIT, HsaId(NORTH.text.lower()))
    assert kinds(in_order(REHAB_NORTH), shouted) == []
