"""Whether what was set in KIV has arrived in HSA: entries are found again by HSA-id, not by DN."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioning.rules.hsa import Answer, Attribute, Change, Part, Problem
from provisioning.rules.proof_in_hsa import has_arrived, held
from tests.rules import build


def kiv_with(*commissions):
    return build.reading(build.person(), *commissions)


KIV = build.reading(build.person())


def elsewhere(commission):
    """The same commission in a directory that is laid out differently."""
    return replace(commission, dn=f"cn={commission.hsa_id},o=Elsewhere", parent_dn="o=Elsewhere")


ROLE = Change(build.person().dn, Attribute.SYSTEM_ROLE, build.REHAB_NORTH)
MINE = build.commission(build.NORTH, f"{build.ANNA};;")
COUPLING = Change(MINE.dn, Attribute.COMMISSION_MEMBER, f"{build.ANNA};;")


def hsa_person(*roles):
    return replace(build.person(build.ANNA, *roles), dn="cn=anna,o=Elsewhere")


def test_a_role_has_arrived_byte_for_byte_or_not_at_all():
    def ask(*roles):
        return has_arrived([ROLE], kiv=KIV, hsa=build.reading(hsa_person(*roles)))

    assert ask(build.REHAB_NORTH) is Answer.YES
    assert ask(build.REHAB_NORTH.lower()) is Answer.NO
    assert ask(build.REHAB_NORTH + " ") is Answer.NO
    assert ask() is Answer.NO


def test_a_person_unknown_to_hsa_has_not_arrived():
    nobody = build.reading(None)
    assert has_arrived([ROLE], kiv=KIV, hsa=nobody) is Answer.NO
    assert held(ROLE, kiv=KIV, hsa=nobody) is None


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (ROLE, Part.PERSON),
        (ROLE, Part.SYSTEM_ROLES),
        (COUPLING, Part.COMMISSIONS),
        (COUPLING, Part.UNIT_COMMISSIONS),
    ],
)
def test_what_hsa_did_not_let_be_read_is_unknown(change, part):
    hsa = build.reading(hsa_person(), problems=(Problem("directory.unreadable_attribute", part),))
    assert has_arrived([change], kiv=kiv_with(MINE), hsa=hsa) is Answer.UNKNOWN


def test_a_coupling_is_found_in_a_renamed_commission():
    other = build.commission(build.NORTH, f"{build.ANNA};;", number=2)
    hsa = build.reading(hsa_person(), elsewhere(MINE))
    assert has_arrived([COUPLING], kiv=kiv_with(MINE), hsa=hsa) is Answer.YES
    assert held(COUPLING, kiv=kiv_with(MINE), hsa=hsa) == (f"{build.ANNA};;",)
    assert other.hsa_id != MINE.hsa_id
    hsa = build.reading(hsa_person(), elsewhere(other))
    assert has_arrived([COUPLING], kiv=kiv_with(MINE), hsa=hsa) is Answer.NO


def test_a_commission_without_an_id_is_known_by_unit_and_purpose():
    nameless = replace(MINE, hsa_id=None)
    assert (
        has_arrived([COUPLING], kiv=kiv_with(nameless), hsa=build.reading(hsa_person(), elsewhere(MINE)))
        is Answer.YES
    )
    wrong = replace(elsewhere(MINE), purpose=build.STATISTICS)
    assert (
        has_arrived([COUPLING], kiv=kiv_with(nameless), hsa=build.reading(hsa_person(), wrong)) is Answer.NO
    )


def test_a_coupling_whose_date_cannot_be_read_is_unknown():
    odd = build.commission(build.NORTH, f"{build.ANNA};when?;")
    hsa = build.reading(hsa_person(), elsewhere(odd))
    assert has_arrived([COUPLING], kiv=kiv_with(MINE), hsa=hsa) is Answer.UNKNOWN


def test_one_change_that_is_missing_is_enough_for_no_and_none_for_yes():
    hsa = build.reading(hsa_person(build.REHAB_NORTH))
    assert has_arrived([ROLE, COUPLING], kiv=kiv_with(MINE), hsa=hsa) is Answer.NO
    assert has_arrived([], kiv=KIV, hsa=hsa) is Answer.YES
