"""Values where entries stand now: by name, and by HSA-id where somebody has moved. Mock and slapd."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from provisioning.demo.directory.make_demo import PERSONS
from provisioning.directory import Directory, ValuePlace
from provisioning.rules.hsa import Attribute, HsaId
from tests import cast
from tests.directory import oddities
from tests.directory.standins import Server

ROLE, MEMBER = Attribute.SYSTEM_ROLE, Attribute.COMMISSION_MEMBER
ELSEWHERE = f"cn=demo0,{PERSONS}"


@pytest.fixture
def settled(directory: Directory):
    found = directory.person(cast.SETTLED)
    assert found is not None
    return found


def test_a_person_under_the_name_is_found_there(directory: Directory, settled):
    place = ValuePlace(settled.dn, ROLE, cast.SETTLED)
    held = directory.held_at([place])[place]
    assert (held.dn, held.values) == (settled.dn, settled.system_roles)


def test_a_person_who_has_moved_is_found_by_the_id(directory: Directory, settled):
    place = ValuePlace(ELSEWHERE, ROLE, cast.SETTLED)
    held = directory.held_at([place])[place]
    assert (held.dn, held.values) == (settled.dn, settled.system_roles)


def test_somebody_else_under_the_name_is_not_taken_for_the_person(directory: Directory, settled):
    other = directory.person(cast.HEAD)
    assert other is not None
    place = ValuePlace(other.dn, ROLE, cast.SETTLED)
    held = directory.held_at([place])[place]
    assert held.dn == settled.dn


def test_a_commission_that_has_moved_is_found_by_its_id(directory: Directory):
    reading = directory.read(cast.SETTLED, unit_ids=[cast.BJORKHAGA])
    commission = next(one for one in reading.commissions if one.couplings and one.hsa_id is not None)
    place = ValuePlace("cn=borta," + commission.parent_dn, MEMBER, commission.hsa_id)
    held = directory.held_at([place], only=[cast.SETTLED])[place]
    assert held.dn == commission.dn
    assert held.values == tuple(one.raw for one in commission.couplings)


def test_a_person_who_is_nowhere_is_certainly_nowhere(directory: Directory):
    places = [ValuePlace(ELSEWHERE, ROLE, HsaId("SE0000000000-NOBODY")), ValuePlace(ELSEWHERE, ROLE)]
    found = directory.held_at(places)
    assert all(held.values is None and held.is_known for held in found.values())


def test_of_two_entries_with_one_id_none_is_chosen(directory: Directory):
    place = ValuePlace(ELSEWHERE, ROLE, oddities.DUPLICATE)
    assert not directory.held_at([place])[place].is_known


def test_an_id_that_may_not_be_searched_by_tells_nothing(
    server: Server, connect: Callable[..., Directory], settled
):
    with server.blind("hsaIdentity") as settings:
        place = ValuePlace(ELSEWHERE, ROLE, cast.SETTLED)
        assert not connect(settings).held_at([place])[place].is_known


def test_what_is_unknown_of_one_entry_is_known_of_the_others(
    server: Server, connect: Callable[..., Directory], settled
):
    with server.blind_in() as settings:
        directory = connect(settings)
        veiled = ValuePlace(oddities.VEILED_DNS[0], ROLE)
        mine = ValuePlace(settled.dn, ROLE, cast.SETTLED)
        found = directory.held_at([veiled, mine])
    assert not found[veiled].is_known
    assert found[mine].values == settled.system_roles
