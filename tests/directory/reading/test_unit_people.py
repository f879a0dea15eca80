"""Contract: the people of a unit read in one go are told what a reading of each of them tells there."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from provisioning.directory import Directory
from provisioning.directory.ldap.connection import Connections
from provisioning.rules.assessment.assess import assess
from provisioning.rules.causes import Code
from provisioning.rules.hsa import Answer, HsaId, Level, OrderedAccess, Part, Service
from provisioning.rules.services import catalogue
from tests import cast
from tests.directory import oddities
from tests.directory.everybody import PEOPLE
from tests.directory.standins import Server

UNITS = [
    cast.BJORKHAGA, cast.BJORKHAGA_BVC, cast.EKLIDEN, cast.ALMBY, cast.GRANBY, cast.KVARNANGEN,
    cast.CLOSED_UNIT, cast.PRIVATE_UNIT, cast.AREA_NORTH, cast.NOWHERE, cast.PROVIDER,
    oddities.BLANK_UNIT, oddities.BIG_UNIT, oddities.PLAIN_UNIT, oddities.BOTH, oddities.DUPLICATE_UNIT,
    oddities.DOUBLE_BLANK_PURPOSE, oddities.DECOMPOSED_PURPOSE, oddities.ILLEGIBLE_PURPOSE,
]  # fmt: skip
ACCESSES = [
    (service, level)
    for service in Service
    for level in catalogue.words(service).levels
    if level is not Level.PROVIDER
]
ON, AT = date(2026, 3, 2), datetime(2026, 3, 2, 11, tzinfo=UTC)
# What is odd about a commission elsewhere, said beside the commission that is missing here.
ABOUT_ELSEWHERE = {Code.COMMISSION_UNDER_PROVIDER, Code.COMMISSION_INCOMPLETE}


@pytest.mark.parametrize("unit_id", UNITS, ids=str)
def test_each_persons_answer_at_the_unit_is_that_of_a_whole_reading(directory: Directory, unit_id: HsaId):
    wholes = list(directory.read_many((one, (unit_id,)) for one in PEOPLE))
    heres = list(directory.people_of(unit_id).readings(PEOPLE))
    for whole, here in zip(wholes, heres, strict=True):
        assert whole.person_id == here.person_id and whole.person == here.person
        assert {one.dn for one in here.commissions} <= {one.dn for one in whole.commissions}
        for service, level in ACCESSES:
            order = OrderedAccess(whole.person_id, service, level, unit_id)
            expected, found = (assess(order, one, on=ON, at=AT) for one in (whole, here))
            who = f"{whole.person_id} {service} {level}"
            if here.is_readable(Part.COMMISSIONS) and not whole.is_readable(Part.COMMISSIONS):
                # Something unreadable elsewhere leaves open what is certain here.
                assert whole.person_id == oddities.ILLEGIBLE
                assert expected.answer in (Answer.UNKNOWN, found.answer), who
                continue
            elsewhere = {one for one in expected.causes if one.code in ABOUT_ELSEWHERE}
            assert set(expected.causes) - elsewhere <= set(found.causes) <= set(expected.causes), who
            assert found.answer is expected.answer and found.causes[:1] == expected.causes[:1], who
            assert (found.warnings, found.changes) == (expected.warnings, expected.changes), who


def test_commissions_elsewhere_are_left_out(directory: Directory):
    (whole,) = directory.read_many([(oddities.BUSY, (cast.BJORKHAGA,))])
    (here,) = directory.people_of(cast.BJORKHAGA).readings([oddities.BUSY])
    assert len(whole.commissions) == oddities.BUSY_COMMISSIONS and not here.commissions
    assert here.is_readable(Part.COMMISSIONS)


def test_everybody_in_a_commission_of_the_unit_is_named_once(directory: Directory):
    people = directory.people_of(oddities.BIG_UNIT)
    assert people.unit is not None and people.unit.hsa_id == oddities.BIG_UNIT
    assert len(people.coupled) == len(set(people.coupled)) > oddities.BIG_MEMBERS
    assert directory.people_of(cast.NOWHERE).unit is None
    assert directory.people_of(cast.NOWHERE).coupled == ()


def test_many_commissions_elsewhere_take_no_search_more(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
):
    asked: list[Any] = []
    answer = Connections._answer

    def counted(self: Connections, question: Any, **how: Any) -> Any:
        asked.append(question)
        return answer(self, question, **how)

    def searches(persons: list[HsaId]) -> int:
        asked.clear()
        people = directory.people_of(cast.BJORKHAGA)
        assert people.coupled and len(list(people.readings(persons))) == len(persons)
        return len(asked)

    searches([cast.COORDINATOR])
    monkeypatch.setattr(Connections, "_answer", counted)
    plain = searches([cast.COORDINATOR, cast.DOCTOR])
    assert searches([cast.COORDINATOR, oddities.BUSY]) == plain <= 4


def test_members_we_may_not_read_are_a_gap_for_all(own_server: Server, connect: Callable[..., Directory]):
    with own_server.blind("hsaCommissionMember") as settings:
        people = connect(settings).people_of(cast.BJORKHAGA)
        assert people.unit is not None and people.coupled == ()
        (reading,) = people.readings([cast.COORDINATOR])
    assert not reading.is_readable(Part.COMMISSIONS)
