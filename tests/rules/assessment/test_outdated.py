"""Whether what an order wants set is still right, by one reading."""

from __future__ import annotations

import pytest

from provisioning.rules.assessment import outdated
from provisioning.rules.assessment.assess import Assessment, assess
from provisioning.rules.causes import Code
from provisioning.rules.hsa import Answer, Attribute, Change, HsaId, Level, Part, Reading, Service
from tests.rules import build
from tests.rules.build import ANNA, NORTH, NORTH_EAST, NOWHERE, REHAB_NORTH, REHAB_UNIT, TODAY

BEFORE = build.reading(build.person(), build.commission())
ROLE = Change(build.person().dn, Attribute.SYSTEM_ROLE, REHAB_NORTH)


def found(reading: Reading) -> Assessment:
    return assess(REHAB_UNIT, reading, on=TODAY)


def over(reading: Reading, sub_unit_id: HsaId | None = None) -> set[Code]:
    verdict = outdated.over(found(reading), reading, sub_unit_id=sub_unit_id)
    return set() if verdict is None else set(verdict.codes)


def test_a_unit_that_is_gone_makes_the_order_over():
    order = build.order(Service.REHABSTOD, Level.UNIT, NOWHERE)
    verdict = outdated.over(assess(order, BEFORE, on=TODAY), BEFORE, sub_unit_id=None)
    assert verdict is not None and Code.UNIT_UNKNOWN in verdict.codes


def test_an_order_that_only_waits_for_its_value_is_not_over():
    assert over(BEFORE) == set()
    assert not outdated.must_be_worked_out_anew([ROLE], found(BEFORE), BEFORE)


def test_a_sub_unit_that_is_still_there_is_not_over():
    reading = build.reading(
        build.person(), build.commission(), units=[build.unit(NORTH, member_ids=(NORTH_EAST,))]
    )
    assert over(reading, NORTH_EAST) == set()


def test_a_sub_unit_that_left_makes_the_order_over():
    reading = build.reading(build.person(), build.commission(), units=[build.unit(NORTH, member_ids=())])
    verdict = outdated.over(found(reading), reading, sub_unit_id=NORTH_EAST)
    assert verdict is not None
    assert verdict.answer is Answer.NO and verdict.changes == ()
    assert Code.ORDER_UNIT_CHANGED in verdict.codes


def test_what_the_directory_did_not_tell_makes_nothing_over():
    reading = build.reading(
        build.person(),
        build.commission(),
        units=[build.unit(NORTH, member_ids=())],
        problems=[build.problem(Part.UNITS)],
    )
    assert outdated.over(found(reading), reading, sub_unit_id=NORTH_EAST) is None


@pytest.mark.parametrize(
    ("value", "answer"),
    [(REHAB_NORTH, False), (REHAB_NORTH.replace("SE", "se"), True), ("INTYG;Rehab-SE0-ANOTHER", False)],
)
def test_only_another_spelling_of_the_same_id_is_worked_out_anew(value, answer):
    change = Change(ROLE.dn, ROLE.attribute, value)
    assert outdated.must_be_worked_out_anew([change], found(BEFORE), BEFORE) is answer


@pytest.mark.parametrize(("purpose", "answer"), [(build.CARE, False), ("Kvalitetsregister", True)])
def test_a_commission_for_something_else_is_worked_out_anew(purpose, answer):
    commission = build.commission(purpose=purpose)
    reading = build.reading(build.person(), commission)
    change = Change(commission.dn, Attribute.COMMISSION_MEMBER, f"{ANNA.text};;")
    assert outdated.must_be_worked_out_anew([change], found(reading), reading) is answer
