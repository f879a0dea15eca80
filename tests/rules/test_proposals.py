"""What could be ordered next: certain gaps alone, each once."""

from __future__ import annotations

from provisioning.rules import proposals
from provisioning.rules.assessment.assess import assess
from provisioning.rules.hsa import Level, OrderedAccess, Reading, Service
from tests.rules import build

WHOLE, OWN = (Service.REHABSTOD, Level.UNIT), (Service.REHABSTOD, Level.OWN)
WORKS = build.reading(build.person(build.ANNA, build.REHAB_NORTH), build.commission())
NO_ROLE = build.reading(build.person(), build.commission())
AT = {"on": build.TODAY, "at": build.NOW}


def lacked(reading, *wanted, **given):
    return proposals.lacking(reading, wanted, **AT, **given)


def test_what_is_missing_is_proposed_and_what_works_is_not():
    order = OrderedAccess(build.ANNA, *WHOLE, build.NORTH)
    assert lacked(NO_ROLE, (WHOLE, build.NORTH)) == [order]
    assert lacked(WORKS, (WHOLE, build.NORTH)) == []
    assert lacked(NO_ROLE, (WHOLE, build.NORTH), under_way=[order]) == []


def test_what_is_not_known_or_cannot_be_is_not_proposed():
    silent = Reading.failed(build.ANNA, "directory.unavailable", read_at=build.NOW)
    assert lacked(silent, (WHOLE, build.NORTH)) == []
    assert lacked(build.reading(None), (WHOLE, build.NORTH)) == []
    assert lacked(build.reading(build.person()), (OWN, build.NORTH)) == []


def test_the_whole_unit_takes_own_cases_in():
    doctor = build.reading(build.person(doctor=True))
    found = lacked(doctor, (OWN, build.NORTH), (WHOLE, build.NORTH))
    assert [one.level for one in found] == [Level.UNIT]


def test_the_role_alone_is_told_from_the_commission():
    order = OrderedAccess(build.ANNA, *WHOLE, build.NORTH)
    with_neither = build.reading(build.person())
    assert proposals.lacks_the_role_alone(assess(order, NO_ROLE, **AT))
    assert not proposals.lacks_the_role_alone(assess(order, with_neither, **AT))


def test_what_somebody_gets_in_with_is_named_with_its_unit():
    found = proposals.held(WORKS, [WHOLE, OWN], [build.NORTH, build.NOWHERE], **AT)
    assert found == [(WHOLE, build.NORTH)]


def test_units_of_one_care_unit_are_proposed_once():
    found = lacked(NO_ROLE, (WHOLE, build.NORTH_EAST), (WHOLE, build.NORTH))
    assert [one.unit_id for one in found] == [build.NORTH]
