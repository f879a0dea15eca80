"""What of a right may be removed: by examples, and by properties over persons with many rights."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.rules.hsa import (
    Answer,
    Attribute,
    Change,
    Commission,
    Coupling,
    HsaId,
    Level,
    Part,
    Person,
    Problem,
    RawPeriod,
    Reading,
    Service,
)
from provisioning.rules.removal import (
    Nothing,
    Right,
    StoredValue,
    is_covered,
    is_gone,
    is_removable,
    needs,
    plan,
    plan_for,
    set_for,
    stands,
    still_there,
)

AT = datetime(2026, 6, 15, 12, tzinfo=UTC)
PERSON = HsaId("SE0000000000-1")
UNITS = [HsaId(f"SE0000000000-E{number}") for number in (1, 2, 3)]
PROVIDER = HsaId("SE0000000000-P1")
CARE, STATISTICS = "Vård och behandling", "Statistik"


def coupling(start: str = "", end: str = "") -> Coupling:
    return Coupling(PERSON, RawPeriod(start, end), f"{PERSON};{start};{end}")


def commission(unit: HsaId, purpose: str, *couplings: Coupling) -> Commission:
    dn = f"cn={purpose} {unit},ou={unit}"
    return Commission(HsaId(f"{unit}-{purpose}"), dn, purpose, purpose, unit_id=unit, couplings=couplings)


def reading(roles: tuple[str, ...] = (), commissions: tuple[Commission, ...] = ()) -> Reading:
    person = Person(PERSON, "cn=person", "Name", system_roles=roles)
    return Reading(read_at=AT, person_id=PERSON, person=person, commissions=commissions)


def rehab(unit: HsaId = UNITS[0], level: Level = Level.UNIT) -> Right:
    return Right(PERSON, Service.REHABSTOD, level, unit)


def statistics(unit: HsaId = UNITS[0]) -> Right:
    return Right(PERSON, Service.INTYGSSTATISTIK, Level.UNIT, unit)


LEADER = Right(PERSON, Service.INTYGSSTATISTIK, Level.PROVIDER, PROVIDER)
ROLE = f"INTYG;Rehab-{UNITS[0]}"


def values(found) -> list[str]:
    return [held.value for held in found.remove]


def test_a_role_right_gives_up_exactly_its_role():
    found = plan(rehab(), reading((ROLE, "OTHER;Thing", f"INTYG;Rehab-{UNITS[1]}")), living=(), at=AT)
    assert (found.answer, values(found)) == (Answer.YES, [ROLE])


def test_near_misses_are_left_to_a_human():
    near = (f"intyg;rehab-{UNITS[0]}", f" {ROLE}")
    found = plan(rehab(), reading(near), living=(), at=AT)
    assert (found.answer, found.why_nothing) == (Answer.NO, Nothing.ALREADY_GONE)


def test_a_process_leaders_role_goes_in_every_form_that_the_service_takes():
    forms = (f"INTYG;Statistik-{PROVIDER}", f"intyg;statistik-{PROVIDER.folded} ")
    assert values(plan(LEADER, reading(forms), living=(), at=AT)) == list(forms)


def test_a_doctors_own_cases_rest_on_a_commission_that_stays():
    cared = reading((), (commission(UNITS[0], CARE, coupling()),))
    found = plan(rehab(level=Level.OWN), cared, living=(), at=AT)
    assert (found.answer, found.why_nothing) == (Answer.NO, Nothing.COMMISSION_STAYS)


@pytest.mark.parametrize(
    ("period", "is_removed"),
    [
        (("", ""), True),
        (("20270101", ""), True),  # would begin to count later
        (("", "garbage"), True),
        (("20250101", "20260101"), False),  # over: history
    ],
)
def test_a_statistics_right_gives_up_the_coupling_as_it_stands(period, is_removed):
    one = coupling(*period)
    found = plan(
        statistics(),
        reading((), (commission(UNITS[0], STATISTICS, one), commission(UNITS[0], CARE, coupling()))),
        living=(),
        at=AT,
    )
    assert values(found) == ([one.raw] if is_removed else [])


def test_a_value_that_another_right_needs_stays():
    found = plan(rehab(), reading((ROLE,)), living=[rehab()], at=AT)
    assert (found.answer, found.why_nothing) == (Answer.NO, Nothing.NEEDED_BY_ANOTHER)
    assert [held.value for held in found.kept] == [ROLE]


def test_a_sub_units_role_goes_with_the_right_that_was_ordered_for_it():
    sub = HsaId("SE0000000000-E11")
    right = replace(rehab(), sub_unit_id=sub)
    assert values(plan(right, reading((f"INTYG;Rehab-{sub}",)), living=(), at=AT)) == [f"INTYG;Rehab-{sub}"]


@pytest.mark.parametrize(
    ("right", "part"),
    [
        (rehab(), Part.PERSON),
        (rehab(), Part.SYSTEM_ROLES),
        (statistics(), Part.COMMISSIONS),
        (statistics(), Part.UNITS),
    ],
)
def test_what_was_not_read_completely_gives_no_plan(right, part):
    gap = replace(reading((ROLE,)), problems=(Problem("directory.truncated", part),))
    assert plan(right, gap, living=(), at=AT).answer is Answer.UNKNOWN
    assert stands(right, replace(gap, person=None), at=AT) is Answer.UNKNOWN


def test_a_coupling_to_care_is_never_removed_even_when_it_is_asked_for():
    cared = reading((), (commission(UNITS[0], CARE, coupling()),))
    (held,) = still_there(cared, at=AT)
    found = plan_for([held], cared, living=(), at=AT)
    assert (found.answer, found.why_nothing) == (Answer.NO, Nothing.COMMISSION_STAYS)


def test_only_what_is_asked_for_and_stands_is_removed_outside_rights():
    person = reading((ROLE, "INTYG;Rehab"))
    malformed = StoredValue("CN=Person", Attribute.SYSTEM_ROLE, "INTYG;Rehab")
    absent = StoredValue("cn=person", Attribute.SYSTEM_ROLE, "INTYG;Rehab-gone")
    assert values(plan_for([malformed, absent], person, living=(), at=AT)) == ["INTYG;Rehab"]


@pytest.mark.parametrize(
    ("value", "held_now", "expected"),
    [
        (ROLE, None, True),
        (ROLE, (), True),
        (ROLE, (ROLE,), False),
        (ROLE, (ROLE + " ",), True),
    ],
)
def test_a_role_is_gone_when_not_one_byte_for_byte_is_left(value, held_now, expected):
    assert is_gone(StoredValue("cn=person", Attribute.SYSTEM_ROLE, value), held_now, at=AT) is expected


WRITTEN = ["cn=c,ou=x", "CN=C,OU=X", "cn=c, ou=x", "cn = c,ou= x", r"cn=\63,ou=x"]  # one and the same name


@pytest.mark.parametrize("dn", WRITTEN)
def test_a_name_written_otherwise_is_the_same_place(dn):
    one = StoredValue("cn=c,ou=x", Attribute.COMMISSION_MEMBER, str(PERSON))
    other = replace(one, dn=dn)
    assert one.place == other.place and one.is_same(other)
    assert not one.is_same(replace(one, dn="cn=c,ou=y"))


@pytest.mark.parametrize("dn", WRITTEN)
def test_what_a_change_brought_is_known_however_its_name_is_written(dn):
    there = replace(commission(UNITS[0], "Statistik", coupling()), dn="cn=c,ou=x")
    found = reading(commissions=(there,))
    change = Change(dn, Attribute.COMMISSION_MEMBER, str(PERSON))
    earlier = (dn, "hsaCommissionMember", there.couplings[0].raw)
    assert len(set_for([change], found, before=(), at=AT)) == 1
    assert set_for([change], found, before=[earlier], at=AT) == ()
    elsewhere = replace(change, dn="cn=c,ou=y")
    assert set_for([elsewhere], found, before=(), at=AT) == ()


def test_a_coupling_that_has_ended_since_is_gone():
    held = StoredValue("cn=c", Attribute.COMMISSION_MEMBER, f"{PERSON};;20260616")
    assert not is_gone(held, [held.value], at=AT)
    assert is_gone(held, [held.value], at=datetime(2026, 6, 17, tzinfo=UTC))


# -- properties ----------------------------------------------------------------------------------------------

RIGHTS = st.one_of(
    st.builds(rehab, st.sampled_from(UNITS), st.sampled_from([Level.OWN, Level.UNIT])),
    st.builds(statistics, st.sampled_from(UNITS)),
    st.just(LEADER),
)
COUPLINGS = st.builds(
    coupling, st.sampled_from(["", "20250101", "20270101"]), st.sampled_from(["", "20260101", "x"])
)
COMMISSIONS = st.builds(
    lambda unit, purpose, couplings: commission(unit, purpose, *couplings),
    st.sampled_from(UNITS),
    st.sampled_from([CARE, STATISTICS, "statistik", ""]),
    st.lists(COUPLINGS, max_size=2),
)
ROLES = st.sampled_from(
    [*(f"INTYG;Rehab-{unit}" for unit in UNITS), f"INTYG;Statistik-{PROVIDER}", "INTYG;Rehab", "OTHER;Role"]
)
READINGS = st.builds(
    lambda roles, commissions: reading(tuple(roles), tuple(commissions)),
    st.lists(ROLES, unique=True),
    st.lists(COMMISSIONS, max_size=4, unique_by=lambda one: one.dn),
)
LIVING = st.lists(RIGHTS, max_size=4)


def without(read: Reading, removed: tuple[StoredValue, ...]) -> Reading:
    """The directory after exactly these values have been removed."""
    places = {held.place for held in removed}
    assert read.person is not None
    roles = [
        raw
        for raw in read.person.system_roles
        if StoredValue(read.person.dn, Attribute.SYSTEM_ROLE, raw).place not in places
    ]
    commissions = [
        replace(
            one,
            couplings=tuple(
                two
                for two in one.couplings
                if StoredValue(one.dn, Attribute.COMMISSION_MEMBER, two.raw).place not in places
            ),
        )
        for one in read.commissions
    ]
    return replace(
        read, person=replace(read.person, system_roles=tuple(roles)), commissions=tuple(commissions)
    )


@given(RIGHTS, READINGS, LIVING)
def test_no_value_is_ever_removed_that_a_living_right_needs(right, read, living):
    found = plan(right, read, living=living, at=AT)
    assert not any(needs(one, held) for held in found.remove for one in living)
    assert all(is_removable(held) for held in found.remove)
    assert set(found.remove) <= set(still_there(read, at=AT))


@given(RIGHTS, READINGS, LIVING)
def test_after_exactly_the_plan_nothing_more_is_to_be_removed(right, read, living):
    found = plan(right, read, living=living, at=AT)
    after = without(read, found.remove)
    again = plan(right, after, living=living, at=AT)
    assert again.answer is Answer.NO
    assert again.kept == found.kept
    for other in living:
        assert stands(other, after, at=AT) is stands(other, read, at=AT)


@given(READINGS, LIVING)
def test_what_is_asked_for_outside_rights_spares_them_too(read, living):
    found = plan_for(still_there(read, at=AT), read, living=living, at=AT)
    assert not any(needs(one, held) for held in found.remove for one in living)
    assert all(is_removable(held) for held in found.remove)


# -- covered by others ---------------------------------------------------------------------------------------


def through(sub_unit: HsaId, unit: HsaId = UNITS[0]) -> Right:
    return replace(rehab(unit), sub_unit_id=sub_unit)


@pytest.mark.parametrize(
    ("right", "others", "covered"),
    [
        (rehab(), [], False),
        (rehab(UNITS[1]), [through(UNITS[1])], True),
        (rehab(UNITS[1]), [rehab(UNITS[0]), rehab(UNITS[2])], False),
        (through(UNITS[1]), [rehab(UNITS[0])], False),  # the sub-unit's role would go
        (through(UNITS[1]), [rehab(UNITS[0]), rehab(UNITS[1])], True),
        (rehab(), [rehab(level=Level.OWN)], False),
        (rehab(level=Level.OWN), [rehab()], False),  # rests on no role
        (statistics(), [statistics(), LEADER], False),
        (LEADER, [statistics()], False),
        (Right(PERSON, Service.REHABSTOD, Level.UNIT, PROVIDER), [LEADER], False),
    ],
)
def test_a_right_is_covered_when_others_need_all_that_it_needs(right, others, covered):
    assert is_covered(right, others) is covered


@given(st.sets(st.sampled_from(UNITS)), st.sampled_from(UNITS), st.sampled_from([None, *UNITS]))
def test_the_end_of_a_covered_right_removes_nothing(units, unit, sub_unit):
    right, others = replace(rehab(unit), sub_unit_id=sub_unit), [rehab(one) for one in units]
    roles = tuple(f"INTYG;Rehab-{one}" for one in UNITS)
    if is_covered(right, others):
        assert plan(right, reading(roles), living=others, at=AT).remove == ()
