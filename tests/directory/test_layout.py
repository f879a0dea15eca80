"""Contract: another region is a matter of settings; little configuration is enough."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from provisioning.directory import Directory, Layout
from provisioning.directory.layout import Administrators
from provisioning.rules.hsa import Attribute, Part
from tests import cast
from tests.directory import oddities
from tests.directory.conftest import DEMO_LAYOUT
from tests.directory.oddities import FOREIGN_LAYOUT, an_id
from tests.directory.standins import Server


@pytest.fixture
def foreign(server: Server, connect: Callable[..., Directory]) -> Directory:
    return connect(server.settings(), FOREIGN_LAYOUT)


def test_another_regions_person_is_read_whole(foreign: Directory):
    reading = foreign.read(an_id("F2"), unit_ids=[an_id("FUNIT")])
    assert reading.is_readable(*Part)
    assert reading.person is not None
    assert reading.person.dn == f"uid=f2,{FOREIGN_LAYOUT.person_base}"
    assert reading.person.name == "Främling 2"
    assert reading.person.title_codes == ("204010",)
    assert reading.person.period.end == "20990101000000Z"
    (commission,) = reading.commissions
    assert commission.unit_id == an_id("FUNIT") and commission.couplings
    unit = reading.units[an_id("FUNIT")]
    assert unit is not None and unit.name == "Främmande enheten"
    assert reading.providers[an_id("FPROVIDER")] is not None


def test_administrators_in_groups_are_found_nearest_first(foreign: Directory):
    unit = foreign.unit(an_id("FUNIT"))
    assert unit is not None
    assert [person.hsa_id for person in foreign.administrators_of(unit.dn)] == [an_id("F3"), an_id("F4")]


def test_a_member_of_the_group_administers_what_the_group_stands_below(foreign: Directory):
    above = f"ou=F,{FOREIGN_LAYOUT.unit_base}"
    assert set(foreign.managed_dns(an_id("F3"))) == {f"ou=F1,{above}", above}
    assert foreign.managed_dns(an_id("F4")) == (above,)


def test_a_member_of_another_group_administers_nothing(foreign: Directory):
    assert foreign.managed_dns(an_id("F2")) == ()


def test_values_and_names_work_in_another_region(foreign: Directory):
    dn = f"uid=f1,{FOREIGN_LAYOUT.person_base}"
    assert foreign.values([(dn, Attribute.SYSTEM_ROLE)]) == {(dn, Attribute.SYSTEM_ROLE): ()}
    assert [person.hsa_id for person in foreign.find_persons("främling 3").items] == [an_id("F3")]


def test_without_bases_everything_the_server_holds_is_searched(
    server: Server, connect: Callable[..., Directory]
):
    """slapd names its suffixes in the root DSE; the tree with referrals is one of them, so ask for less."""
    whole = connect(server.settings(), Layout(unit_base="", person_base=oddities.DEMO_TOP))
    assert whole.person(cast.HEAD) is not None


def test_one_base_for_everything_is_enough(server: Server, connect: Callable[..., Directory]):
    base = oddities.DEMO_TOP
    directory = connect(server.settings(), Layout(person_base=base, unit_base=base))
    reading = directory.read(cast.COORDINATOR, unit_ids=[cast.BJORKHAGA])
    assert reading.person is not None and len(reading.commissions) == 3
    assert reading.is_readable(*Part)


def test_a_provider_above_the_units_base_is_found(server: Server, connect: Callable[..., Directory]):
    base = "ou=Område Norr,ou=Demoregionens vård,ou=Org,o=Demoregionen"
    directory = connect(server.settings(), Layout(person_base=oddities.DEMO_TOP, unit_base=base))
    reading = directory.read(cast.COORDINATOR, unit_ids=[cast.BJORKHAGA])
    assert reading.providers[cast.PROVIDER] is not None
    assert directory.provider(cast.PROVIDER) is not None
    assert [p.hsa_id for p in directory.headed_by(cast.PROVIDER_HEAD).providers] == [cast.PROVIDER]


def test_the_mandate_of_a_care_provider_may_stand_elsewhere(
    server: Server, connect: Callable[..., Directory]
):
    """One search asks for both; what it finds by the one attribute is nothing by the other."""
    layout = dataclasses.replace(DEMO_LAYOUT, provider_manager=("description",))
    directory = connect(server.settings(), layout)
    assert directory.headed_by(cast.PROVIDER_HEAD).providers == ()
    assert len(directory.headed_by(cast.HEAD).units) == 2
    layout = dataclasses.replace(DEMO_LAYOUT, unit_manager="description")
    assert connect(server.settings(), layout).headed_by(cast.HEAD).units == ()


def test_other_attribute_names_are_a_matter_of_settings():
    layout = Layout.from_mapping(
        {"system_roles": "regionRole", "start": "validFrom", "administrators": "group"}, unit_base="o=X"
    )
    assert (layout.system_roles, layout.start, layout.unit_base) == ("regionRole", ("validFrom",), "o=X")
    assert layout.administrators is Administrators.GROUP


@pytest.mark.parametrize(
    "overrides", [{"system_role": "x"}, {"start": 3}, {"system_roles": ["a"]}, {"administrators": "queue"}]
)
def test_a_wrong_layout_is_refused(overrides: dict[str, object]):
    with pytest.raises(ValueError, match=r"layout name|system_role|Administrators"):
        Layout.from_mapping(overrides)
