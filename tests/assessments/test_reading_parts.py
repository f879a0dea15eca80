"""A part of an attribute is not the attribute: the rest is fetched, or nothing is concluded from it.

Big directories answer `hsaCommissionMember;range=0-1499` for a commission with more than 1500 members.
"""

from __future__ import annotations

import pytest

from provisioning.assessments import reading as assessments_reading
from provisioning.directory import open_directory
from provisioning.directory.ldap.connection import BASE
from provisioning.errors import DirectoryTruncated
from provisioning.rules.hsa import Answer, Attribute, Level, OrderedAccess, Part, Service
from tests import cast
from tests.assessments import partly
from tests.findings import drifting

ORDER = OrderedAccess(cast.SETTLED, Service.REHABSTOD, Level.UNIT, cast.BJORKHAGA)

pytestmark = pytest.mark.django_db


def test_the_rest_of_a_long_attribute_is_fetched(directory):
    dn = partly.crowd(directory)
    directory.faults.range_size = partly.IN_ONE_ANSWER
    connections = open_directory()._connections
    (entry,) = connections.search(dn, "(objectClass=*)", ["hsaCommissionMember"], scope=BASE)
    assert len(entry.values("hsaCommissionMember")) == len(
        directory.store.get(dn).values("hsacommissionmember")
    )


def test_a_member_in_the_last_part_is_a_certain_yes(directory):
    partly.crowd(directory)
    directory.faults.range_size = partly.IN_ONE_ANSWER
    reading = assessments_reading.read_for(ORDER)
    assert assessments_reading.assess_now(ORDER, reading).answer is Answer.YES
    assert reading.is_readable(Part.COMMISSIONS, Part.UNIT_COMMISSIONS)


@pytest.mark.parametrize("way", partly.WAYS)
def test_a_part_alone_is_never_a_certain_no(directory, way):
    partly.crowd(directory)
    partly.answer(directory, way)
    reading = assessments_reading.read_for(ORDER, afresh=True)
    found = assessments_reading.assess_now(ORDER, reading)
    assert found.answer is Answer.UNKNOWN
    assert assessments_reading.silence(found) == "directory.truncated"


def test_only_persons_the_part_concerns_are_unknown(directory):
    partly.crowd(directory)
    directory.faults.range_size, directory.faults.withholds_rest = partly.IN_ONE_ANSWER, True
    ids = [cast.SETTLED, cast.COORDINATOR_NO_COMMISSION, cast.KIV_ADMINISTRATOR]
    settled, *others = open_directory().read_many((one, ()) for one in ids)
    assert not settled.is_readable(Part.COMMISSIONS)
    assert all(each.is_readable(Part.PERSON, Part.COMMISSIONS) for each in others)


@pytest.mark.parametrize("way", partly.WAYS)
def test_values_of_a_part_are_not_told(directory, way):
    dn = partly.crowd(directory)
    partly.answer(directory, way)
    with pytest.raises(DirectoryTruncated):
        open_directory().values([(dn, Attribute.COMMISSION_MEMBER)], only=cast.SETTLED)


def test_an_administrator_with_many_entries_keeps_the_mandate(directory):
    dn = drifting.person_dn(cast.KIV_ADMINISTRATOR)
    own = directory.store.get(dn).values("vgrmanagedobjects")
    others = [f"ou=Enhet {number},o=Region,c=SE".encode() for number in range(1600)]
    directory.store.modify(dn, [(2, "vgrManagedObjects", others + own)])
    directory.faults.range_size = partly.IN_ONE_ANSWER
    assert own[0].decode() in open_directory().managed_dns(cast.KIV_ADMINISTRATOR)
    directory.faults.withholds_rest = True
    with pytest.raises(DirectoryTruncated):
        open_directory().managed_dns(cast.KIV_ADMINISTRATOR)
    unit = drifting.unit_dn(cast.BJORKHAGA)
    directory.faults.clear()
    directory.faults.range_size = partly.IN_ONE_ANSWER
    found = [person.hsa_id for person in open_directory().administrators_of(unit)]
    assert cast.KIV_ADMINISTRATOR in found


def test_a_language_tag_says_nothing_of_parts(directory):
    directory.faults.options = {"cn": "lang-sv", "hsaSystemRole": "lang-sv"}
    person = open_directory().person(cast.SETTLED)
    assert person is not None and person.system_roles


def test_an_unknown_option_makes_a_role_unknown(directory):
    directory.faults.options = {"hsaSystemRole": "x-old"}
    reading = assessments_reading.read_for(ORDER)
    assert assessments_reading.assess_now(ORDER, reading).answer is Answer.UNKNOWN


def test_a_server_that_never_reaches_the_end_is_left(directory, monkeypatch):
    dn = partly.crowd(directory)
    directory.faults.range_size = 1
    monkeypatch.setattr("provisioning.directory.ldap.connection._MAX_PARTS", 5)
    with pytest.raises(DirectoryTruncated):
        open_directory().values([(dn, Attribute.COMMISSION_MEMBER)], only=cast.SETTLED)
