"""Contract: an id with a blank at its end is found as LDAP finds it, and a name however it was typed."""

from __future__ import annotations

import unicodedata

import pytest

from provisioning.directory import Directory
from provisioning.rules.causes import Code
from provisioning.rules.hsa import Answer, HsaId, Level, Service
from tests import cast
from tests.directory import oddities
from tests.directory.reading.test_near_misses import judge, said

BLANKS = [
    (oddities.BLANK_AT_END, oddities.BLANK_UNIT),
    (oddities.HARD_BLANK_AT_END, oddities.HARD_BLANK_UNIT),
]
each_blank = pytest.mark.parametrize(("person_id", "unit_id"), BLANKS, ids=["blank", "hard blank"])


@each_blank
def test_an_id_with_a_blank_at_its_end_is_found_and_kept(
    directory: Directory, person_id: HsaId, unit_id: HsaId
):
    for asked in (HsaId(person_id.bare), person_id, HsaId(person_id.bare.lower())):
        person = directory.person(asked)
        assert person is not None and person.mail
        assert person.hsa_id.text == person_id.text, "written byte for byte as the directory has it"
    for asked in (HsaId(unit_id.bare), unit_id):
        unit = directory.unit(asked)
        assert unit is not None and unit.hsa_id.text == unit_id.text
    assert [unit.hsa_id for unit in directory.headed_by(person_id).units] == [HsaId(unit_id.bare)]


@each_blank
def test_a_blank_at_an_ids_end_is_a_near_miss_and_no_absence(
    directory: Directory, person_id: HsaId, unit_id: HsaId
):
    order = (Service.REHABSTOD, Level.UNIT, HsaId(unit_id.bare))
    found = judge(directory, HsaId(person_id.bare), *order)
    assert found.answer is Answer.NO
    assert said(found) == {"role.missing", "identity.blanks"}
    abouts = {cause.about for cause in found.warnings if cause.code is Code.IDENTITY_BLANKS}
    assert abouts == {person_id.text, unit_id.text}
    assert [change.value for change in found.changes] == [f"INTYG;Rehab-{unit_id.text}"]


@each_blank
def test_a_sweep_finds_them_as_one_look_does(directory: Directory, person_id: HsaId, unit_id: HsaId):
    [reading] = directory.read_many([(HsaId(person_id.bare), (HsaId(unit_id.bare),))])
    assert reading.person is not None
    assert [one.unit_id for one in reading.commissions] == [unit_id]
    assert reading.units[unit_id] is not None


def test_a_name_is_found_whichever_way_its_letters_are_composed(directory: Directory):
    unit = directory.unit(cast.BJORKHAGA)
    assert unit is not None and unit.name != unicodedata.normalize("NFD", unit.name)
    for text in (unicodedata.normalize("NFD", unit.name), unit.name[:4] + "\u00ad\u200b" + unit.name[4:]):
        found = directory.find_units(text)
        assert [each.hsa_id for each in found.items] == [cast.BJORKHAGA]
