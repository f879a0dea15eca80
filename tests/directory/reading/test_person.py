"""Contract: one full reading for an assessment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from provisioning.directory import Directory
from provisioning.rules.hsa import HsaId, Part, RawPeriod, Reading
from tests import cast
from tests.directory import oddities

EVERYTHING = tuple(Part)


def couplings(reading: Reading) -> dict[str, str]:
    """Raw coupling by the commission's HSA-id."""
    return {
        commission.hsa_id.text if commission.hsa_id else "": coupling.raw
        for commission in reading.commissions
        for coupling in commission.couplings
    }


def test_a_person_is_read_with_commissions_units_and_providers(directory: Directory):
    reading = directory.read(cast.COORDINATOR, unit_ids=[cast.BJORKHAGA])
    assert reading.is_readable(*EVERYTHING)
    assert reading.person is not None and reading.person.hsa_id == cast.COORDINATOR
    assert reading.person.mail and reading.person.titles == ("Arbetsterapeut",)
    purposes = {c.purpose: c for c in reading.commissions}
    assert set(purposes) == {"Vård och behandling", "Statistik", "Administration"}
    assert [c.raw for c in purposes["Vård och behandling"].couplings] == [f"{cast.COORDINATOR};;"]
    assert purposes["Statistik"].couplings == ()
    assert all(c.unit_id == cast.BJORKHAGA and not c.is_under_provider for c in reading.commissions)
    unit = reading.units[cast.BJORKHAGA]
    assert unit is not None and unit.is_care_unit and unit.provider_id == cast.PROVIDER
    assert unit.member_ids == (cast.BJORKHAGA_BVC, cast.BJORKHAGA_REHAB)
    provider = reading.providers[cast.PROVIDER]
    assert provider is not None and provider.manager_id == cast.PROVIDER_HEAD


def test_a_reading_knows_when_it_was_made(directory: Directory):
    before = datetime.now(UTC)
    read_at = directory.read(cast.COORDINATOR).read_at
    assert before <= read_at <= datetime.now(UTC) + timedelta(seconds=1)


def test_other_members_of_a_commission_are_never_part_of_a_reading(directory: Directory):
    reading = directory.read(oddities.BEGINNING, unit_ids=[oddities.BIG_UNIT])
    named = {coupling.person_id for c in reading.commissions for coupling in c.couplings}
    assert named == {oddities.BEGINNING}


def test_a_longer_id_with_the_same_beginning_is_somebody_else(directory: Directory):
    assert couplings(directory.read(oddities.BEGINNING)) == {
        f"{oddities.PREFIX}MSTOR": f"{oddities.BEGINNING};;"
    }
    assert len(directory.read(oddities.BEGINNING).commissions) == 1
    assert set(couplings(directory.read(oddities.LONGER))) == {
        f"{oddities.PREFIX}MSTOR",
        f"{oddities.PREFIX}MLONGER",
    }


def test_a_coupling_is_found_in_every_form_it_may_have(directory: Directory):
    reading = directory.read(oddities.EVERY_FORM)
    found = {c.dn: c.couplings[0].period for c in reading.commissions}
    assert list(found.values()) == [
        RawPeriod(None, None),
        RawPeriod(None, None),
        RawPeriod("20240101", None),
        RawPeriod(None, "20991231235959Z"),
        RawPeriod("2024-01-01 00:00:00.0", None),
        RawPeriod("a", "b;c"),
    ]


def test_a_person_who_is_nowhere_is_absent_and_that_is_certain(directory: Directory):
    reading = directory.read(cast.NOBODY, unit_ids=[cast.BJORKHAGA])
    assert reading.person is None
    assert reading.is_readable(*EVERYTHING)


def test_an_id_that_is_nowhere_is_known_not_to_exist(directory: Directory):
    reading = directory.read(cast.COORDINATOR, unit_ids=[cast.NOWHERE])
    assert reading.units[cast.NOWHERE] is None
    assert reading.providers[cast.NOWHERE] is None
    assert reading.is_readable(*EVERYTHING)


def test_what_was_not_asked_is_not_concluded(directory: Directory):
    assert cast.EKLIDEN not in directory.read(cast.COORDINATOR, unit_ids=[cast.BJORKHAGA]).units


def test_all_commissions_of_the_ordered_unit_come_even_without_the_person(directory: Directory):
    reading = directory.read(cast.COORDINATOR_UNCOUPLED, unit_ids=[cast.BJORKHAGA])
    assert len(reading.commissions) == 3
    assert not couplings(reading)


def test_a_unit_without_commissions_has_none(directory: Directory):
    reading = directory.read(cast.COORDINATOR_NO_COMMISSION, unit_ids=[cast.ALMBY])
    assert reading.commissions == ()
    assert reading.is_readable(*EVERYTHING)


def test_for_a_sub_unit_the_care_unit_above_and_its_commissions_are_read(directory: Directory):
    reading = directory.read(cast.COORDINATOR_UNCOUPLED, unit_ids=[cast.BJORKHAGA_REHAB])
    sub_unit = reading.units[cast.BJORKHAGA_REHAB]
    assert sub_unit is not None and not sub_unit.is_care_unit
    assert [unit.hsa_id for unit in reading.parents[cast.BJORKHAGA_REHAB]] == [cast.BJORKHAGA]
    assert [c.unit_id for c in reading.commissions] == [cast.BJORKHAGA] * 3
    assert reading.providers[cast.PROVIDER] is not None


def test_other_ids_of_the_same_human_bring_commissions_and_roles(directory: Directory):
    reading = directory.read(cast.TWO_IDS, unit_ids=[cast.BJORKHAGA])
    (other,) = reading.other_identities
    assert other.hsa_id == cast.TWO_IDS_OTHER
    assert other.system_roles == (f"INTYG;Rehab-{cast.BJORKHAGA}",)
    assert couplings(reading) == {"SE0000000000-M000000011011": cast.TWO_IDS_OTHER.text}


def test_one_human_may_have_three_ids_and_an_awkward_number(directory: Directory):
    reading = directory.read(oddities.THREE[1])
    assert {person.hsa_id for person in reading.other_identities} == {oddities.THREE[0], oddities.THREE[2]}


def test_the_number_that_ties_identities_together_is_nowhere_in_a_reading(directory: Directory):
    assert "DEMO-" not in repr(directory.read(cast.TWO_IDS, unit_ids=[cast.BJORKHAGA]))


@pytest.mark.parametrize(
    ("person", "named"),
    [
        (cast.WRONG_UNIT, cast.EKLIDEN),
        (cast.SUBUNIT_ROLE, cast.BJORKHAGA_REHAB),
        (cast.WRONG_CASE, cast.BJORKHAGA),
    ],
)
def test_ids_that_roles_name_are_looked_up(directory: Directory, person: HsaId, named: HsaId):
    assert directory.read(person).units[named] is not None


def test_an_id_in_a_role_that_does_not_exist_is_known_not_to(directory: Directory):
    reading = directory.read(cast.UNKNOWN_ID)
    assert reading.units[cast.NOWHERE] is None
    assert reading.providers[cast.NOWHERE] is None


def test_a_provider_named_in_a_role_is_a_provider_and_no_unit(directory: Directory):
    reading = directory.read(cast.PROVIDER_ROLE)
    assert reading.units[cast.PROVIDER] is None
    assert reading.providers[cast.PROVIDER] is not None


def test_raw_roles_come_byte_for_byte(directory: Directory):
    right = f"INTYG;Rehab-{cast.BJORKHAGA}"
    expected = {
        cast.BLANKS: f"{right} ",
        cast.WRONG_CASE: right.lower(),
        cast.MALFORMED: right.replace(";", " "),
    }
    for person, raw in expected.items():
        read = directory.read(person).person
        assert read is not None and read.system_roles == (raw,)


def test_a_commission_directly_under_a_provider_has_no_unit(directory: Directory):
    (commission,) = directory.read(cast.UNDER_PROVIDER).commissions
    assert commission.unit_id is None
    assert commission.is_under_provider


def test_an_entry_that_is_unit_and_provider_is_both(directory: Directory):
    reading = directory.read(oddities.BARE, unit_ids=[oddities.BOTH])
    assert reading.units[oddities.BOTH] is not None
    assert reading.providers[oddities.BOTH] is not None
    (commission,) = reading.commissions
    assert commission.unit_id == oddities.BOTH
    assert not commission.is_under_provider


def test_a_plain_organisational_unit_with_an_hsa_id_is_a_unit(directory: Directory):
    reading = directory.read(oddities.LONGER, unit_ids=[oddities.PLAIN_UNIT])
    unit = reading.units[oddities.PLAIN_UNIT]
    assert unit is not None and not unit.is_care_unit
    assert oddities.PLAIN_UNIT in {commission.unit_id for commission in reading.commissions}


def test_a_missing_purpose_is_none_and_readable(directory: Directory):
    reading = directory.read(cast.NO_PURPOSE, unit_ids=[cast.GRANBY])
    assert [c.purpose for c in reading.commissions] == [None]
    assert reading.is_readable(*EVERYTHING)


def test_a_person_in_very_many_commissions_gets_every_unit(directory: Directory):
    reading = directory.read(oddities.BUSY)
    assert len(reading.commissions) == oddities.BUSY_COMMISSIONS
    assert all(commission.unit_id is not None for commission in reading.commissions)
    assert reading.providers[oddities.ODD_PROVIDER] is not None


@pytest.mark.parametrize(
    "person", [oddities.SPECIAL, oddities.COMMA, oddities.LENIENT], ids=["special", "comma", "lenient"]
)
def test_awkward_characters_are_taken_literally(directory: Directory, person: HsaId):
    reading = directory.read(person)
    assert reading.person is not None and reading.person.hsa_id == person
    assert reading.is_readable(*EVERYTHING)


def test_special_characters_in_an_id_find_only_their_own_commission(directory: Directory):
    (commission,) = directory.read(oddities.SPECIAL).commissions
    assert commission.unit_id == oddities.an_id("ESPECIAL")
    assert directory.read(HsaId("*")).person is None
    assert directory.read(HsaId("SE0000000000-*")).commissions == ()


def test_ids_compare_folded_and_keep_the_directorys_writing(directory: Directory):
    person = directory.read(oddities.FOLDED).person
    assert person is not None
    assert person.hsa_id.text == "TSTNMT0000000000-MIXED"


def test_of_two_entries_with_one_id_none_is_chosen(directory: Directory):
    reading = directory.read(oddities.DUPLICATE)
    assert reading.person is None
    assert not reading.is_readable(Part.PERSON)


def test_of_two_units_with_one_id_the_reading_says_so(directory: Directory):
    reading = directory.read(cast.COORDINATOR, unit_ids=[oddities.DUPLICATE_UNIT])
    assert not reading.is_readable(Part.UNITS)


def test_states_of_units_and_providers_come_raw(directory: Directory):
    ids = [cast.CLOSED_UNIT, cast.FUTURE_UNIT, cast.ARCHIVED_UNIT, cast.UNIT_OF_CLOSED_PROVIDER]
    reading = directory.read(cast.OUTSIDER, unit_ids=ids)
    units = {identity: reading.units[identity] for identity in ids}
    assert all(units.values())
    assert units[cast.CLOSED_UNIT].period.end == "20200101000000Z"  # type: ignore[union-attr]
    assert units[cast.FUTURE_UNIT].period.start == "20990101000000Z"  # type: ignore[union-attr]
    assert units[cast.ARCHIVED_UNIT].is_archived  # type: ignore[union-attr]
    provider = reading.providers[cast.CLOSED_PROVIDER]
    assert provider is not None and provider.period.end == "20200101000000Z"


def test_protected_archived_and_ended_persons_are_told_apart(directory: Directory):
    protected = directory.read(cast.PROTECTED).person
    archived = directory.read(cast.ARCHIVED).person
    ended = directory.read(cast.ENDED).person
    assert protected and protected.is_protected and protected.mail is None and not protected.is_archived
    assert archived and archived.is_archived and not archived.is_protected
    assert ended and ended.period.end == "20200101000000Z"


@pytest.mark.parametrize("text", ["", "  "])
def test_a_blank_id_is_nobodys(directory: Directory, text: str):
    reading = directory.read(HsaId(text), unit_ids=[cast.BJORKHAGA])
    assert reading.person is None
    assert not couplings(reading)
    assert directory.person(HsaId(text)) is None


def test_all_ids_of_a_human_are_told_and_nobody_elses(directory: Directory):
    three = frozenset(oddities.THREE)
    found = directory.identities([cast.TWO_IDS_OTHER, oddities.THREE[0], cast.HEAD, cast.NOBODY])
    assert found == {
        cast.TWO_IDS_OTHER: {cast.TWO_IDS, cast.TWO_IDS_OTHER},
        oddities.THREE[0]: three,
        cast.HEAD: {cast.HEAD},
        cast.NOBODY: {cast.NOBODY},
    }
    assert directory.identities([]) == {}
