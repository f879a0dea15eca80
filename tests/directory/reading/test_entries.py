"""Contract: finding persons, units, heads and administrators; current values as proof."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from provisioning.directory import Directory
from provisioning.errors import DirectoryRefused
from provisioning.rules.hsa import Attribute, HsaId
from tests import cast
from tests.directory import oddities
from tests.directory.conftest import DEMO_LAYOUT
from tests.directory.standins import Server

BJORKHAGA_DN = "ou=Björkhaga vårdcentral,ou=Område Norr,ou=Demoregionens vård,ou=Org,o=Demoregionen"
NORTH_DN = BJORKHAGA_DN.partition(",")[2]
CARE_DN = f"cn=Vård och behandling 11011,{BJORKHAGA_DN}"
ROLE, MEMBER = Attribute.SYSTEM_ROLE, Attribute.COMMISSION_MEMBER


def test_a_person_is_found_by_the_whole_mail_address_alone(directory: Directory):
    found = directory.persons_by_mail("folke.sagolund@demo.invalid").items
    assert [person.hsa_id for person in found] == [cast.COORDINATOR]
    for text in ("folke.sagolund", "*", "folke*@demo.invalid"):
        assert not directory.persons_by_mail(text).items, text


def test_a_person_is_found_by_id_in_any_case(directory: Directory):
    person = directory.person(HsaId(cast.HEAD.text.lower()))
    assert person is not None and person.hsa_id.text == cast.HEAD.text


def test_nobody_is_none(directory: Directory):
    assert directory.person(cast.NOBODY) is None
    assert directory.unit(cast.NOWHERE) is None
    assert directory.provider(cast.NOWHERE) is None


def test_a_unit_is_no_person_and_a_provider_no_unit(directory: Directory):
    assert directory.person(cast.BJORKHAGA) is None
    assert directory.unit(cast.PROVIDER) is None
    assert directory.provider(cast.BJORKHAGA) is None


def test_all_care_units_come_and_nothing_else(directory: Directory):
    found = {unit.hsa_id: unit for unit in directory.care_units()}
    assert {cast.BJORKHAGA, cast.EKLIDEN, cast.PRIVATE_UNIT} <= set(found)
    assert found[cast.BJORKHAGA].provider_id == cast.PROVIDER
    assert found[cast.BJORKHAGA] == directory.unit(cast.BJORKHAGA)
    assert not {cast.AREA_NORTH, cast.PROVIDER, cast.BJORKHAGA_REHAB, cast.HEAD} & set(found)


def test_many_persons_come_in_one_call(directory: Directory):
    wanted = [HsaId(f"SE0000000000-{number}") for number in range(1001, 1300)]
    found = directory.persons(wanted)
    assert cast.HEAD in found and cast.NOBODY not in found
    assert len(found) > 100
    assert all(identity == person.hsa_id for identity, person in found.items())


def test_an_empty_question_gets_an_empty_answer(directory: Directory):
    assert directory.persons([]) == {}
    assert directory.units([]) == {}
    assert directory.values([]) == {}


def test_two_entries_with_one_id_are_neither_chosen_nor_absent(directory: Directory):
    with pytest.raises(DirectoryRefused) as caught:
        directory.person(oddities.DUPLICATE)
    assert caught.value.code == "directory.unreadable_attribute"
    with pytest.raises(DirectoryRefused):
        directory.unit(oddities.DUPLICATE_UNIT)


def test_a_name_is_made_of_its_parts_when_there_is_no_full_name(directory: Directory):
    person = directory.person(oddities.NAMELESS)
    assert person is not None and person.name == "Namn Lös"


def test_persons_are_found_by_parts_of_their_name_in_any_order(directory: Directory):
    coordinator = directory.person(cast.COORDINATOR)
    assert coordinator is not None
    text = f"{coordinator.surname[:5].upper()} {coordinator.given_name[:4].lower()}"
    assert cast.COORDINATOR in {person.hsa_id for person in directory.find_persons(text).items}


def test_persons_are_found_by_the_beginning_of_their_id(directory: Directory):
    found = directory.find_persons("SE0000000000-103", limit=50)
    assert {cast.PREFIX, cast.UNKNOWN_ID, cast.DEAD_RIGHT} <= {person.hsa_id for person in found.items}
    assert cast.HEAD not in {person.hsa_id for person in found.items}


def test_a_long_list_is_cut_and_says_so(directory: Directory):
    found = directory.find_persons("e", limit=7)
    assert len(found.items) == 7 and found.is_cut
    assert not directory.find_persons("SE0000000000-1001").is_cut


@pytest.mark.parametrize("text", ["*", "(", "\\", "a)(objectClass=*", "\x00"])
def test_searching_for_special_characters_finds_only_them(directory: Directory, text: str):
    assert {person.hsa_id for person in directory.find_persons(text, limit=500).items} <= {oddities.SPECIAL}


def test_searching_for_nothing_finds_nothing(directory: Directory):
    assert directory.find_persons("  ").items == ()


def test_units_are_found_by_name_without_commissions_and_providers(directory: Directory):
    assert [unit.hsa_id for unit in directory.find_units("björk vårdc").items] == [cast.BJORKHAGA]
    assert directory.find_units("Vård och behandling").items == ()


def test_units_and_providers_know_their_heads(directory: Directory):
    assert {unit.hsa_id for unit in directory.headed_by(cast.HEAD).units} == {cast.BJORKHAGA, cast.ALMBY}
    assert [unit.hsa_id for unit in directory.headed_by(cast.HEAD_ABOVE).units] == [cast.AREA_NORTH]
    assert [p.hsa_id for p in directory.headed_by(cast.PROVIDER_HEAD).providers] == [cast.PROVIDER]
    assert directory.headed_by(cast.PROVIDER_HEAD).units == ()
    assert directory.headed_by(cast.OUTSIDER).units == ()


def test_what_stands_above_a_unit_comes_nearest_first(directory: Directory):
    above = directory.units_above(BJORKHAGA_DN)
    assert [unit.hsa_id for unit in above] == [cast.AREA_NORTH, cast.PROVIDER]
    assert above[0].manager_id == cast.HEAD_ABOVE


def test_the_care_unit_that_lists_a_sub_unit_stands_nearest_above_it(directory: Directory):
    sub_unit = directory.unit(cast.BJORKHAGA_BVC)
    assert sub_unit is not None
    above = [unit.hsa_id for unit in directory.units_above(sub_unit.dn)]
    assert above == [cast.BJORKHAGA, cast.AREA_NORTH, cast.PROVIDER]


def test_administrators_of_a_unit_are_those_of_everything_above_too(directory: Directory):
    found = [person.hsa_id for person in directory.administrators_of(BJORKHAGA_DN)]
    assert found == [cast.KIV_ADMINISTRATOR, cast.KIV_ADMINISTRATOR_ABOVE]
    above = [person.hsa_id for person in directory.administrators_of(NORTH_DN)]
    assert above == [cast.KIV_ADMINISTRATOR_ABOVE]


def test_an_administrator_of_persons_is_none_of_units(directory: Directory):
    assert directory.managed_dns(cast.AUDITOR) == ()
    assert cast.AUDITOR not in {person.hsa_id for person in directory.administrators_of(BJORKHAGA_DN)}


def test_an_administrator_knows_what_is_theirs(directory: Directory):
    assert directory.managed_dns(cast.KIV_ADMINISTRATOR) == (BJORKHAGA_DN,)
    assert directory.managed_dns(cast.OUTSIDER) == ()


def test_current_values_come_by_entry_and_attribute(directory: Directory):
    settled, bare = (directory.person(who) for who in (cast.SETTLED, oddities.BARE))
    assert settled is not None and bare is not None
    nowhere = "cn=ingen,ou=Personal,o=Demoregionen"
    found = directory.values([(settled.dn, ROLE), (bare.dn, ROLE), (nowhere, ROLE), (CARE_DN, MEMBER)])
    right = f"INTYG;Rehab-{cast.BJORKHAGA}"
    assert set(found[settled.dn, ROLE] or ()) == {right, "BIF;Vårdpersonal"}
    assert found[bare.dn, ROLE] == ()
    assert found[nowhere, ROLE] is None
    assert f"{cast.COORDINATOR};;" in (found[CARE_DN, MEMBER] or ())


def test_of_a_commission_only_the_values_of_one_person_are_shown(directory: Directory):
    big = f"cn=stor,ou=Stor,{oddities.BASE}"
    found = directory.values([(big, MEMBER)], only=oddities.BEGINNING)
    assert found == {(big, MEMBER): (f"{oddities.BEGINNING};;",)}
    assert directory.values([(big, MEMBER)], only=cast.HEAD) == {(big, MEMBER): ()}


def test_values_of_many_entries_come_at_once(directory: Directory):
    ids = [HsaId(f"SE0000000000-{number}") for number in range(1001, 1300)]
    dns = [person.dn for person in directory.persons(ids).values()]
    found = directory.values([(dn, ROLE) for dn in dns])
    assert len(found) == len(dns) > 100
    assert None not in found.values()


def test_values_are_read_under_names_with_commas_and_quotes(directory: Directory):
    person = directory.person(oddities.COMMA)
    assert person is not None
    assert directory.values([(person.dn, ROLE)]) == {(person.dn, ROLE): ()}
    both = directory.values([(person.dn, ROLE), (f"cn=special,{DEMO_LAYOUT.person_base}", ROLE)])
    assert set(both.values()) == {()}


def test_entries_are_found_without_the_servers_help(
    server: Server, connect: Callable[..., Directory], monkeypatch: pytest.MonkeyPatch
):
    """A server that does not answer filters on entryDN gets asked container by container."""
    directory = connect(server.settings())
    monkeypatch.setattr(directory._lookups, "_knows_entry_dn", False)
    reading = directory.read(oddities.BUSY)
    assert all(commission.unit_id is not None for commission in reading.commissions)
    ids = [HsaId(f"SE0000000000-{number}") for number in range(1001, 1150)]
    dns = [person.dn for person in directory.persons(ids).values()]
    person = directory.person(oddities.COMMA)
    assert person is not None
    found = directory.values([(dn, ROLE) for dn in [*dns, person.dn, "cn=ingen,o=Demoregionen"]])
    assert [dn for (dn, _), values in found.items() if values is None] == ["cn=ingen,o=Demoregionen"]
