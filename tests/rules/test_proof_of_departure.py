"""Whether HSA still holds something of a right that has been removed in KIV, by examples of two readings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from provisioning.rules.hsa import Answer, Attribute, Commission, HsaId, Part, Problem, Reading
from provisioning.rules.proof_in_hsa import left_of, left_of_values
from provisioning.rules.removal import StoredValue, still_there
from tests.rules.test_removal import (
    AT,
    CARE,
    LEADER,
    PERSON,
    ROLE,
    STATISTICS,
    UNITS,
    commission,
    coupling,
    reading,
    rehab,
    statistics,
)

OTHER = f"INTYG;Rehab-{UNITS[1]}"


def elsewhere(one: Commission, **changed) -> Commission:
    """The same commission in HSA's own tree."""
    return replace(one, dn=f"hsaIdentity={one.hsa_id},c=SE", **changed)


def unread(part: Part, *, of: Reading) -> Reading:
    return replace(of, problems=(Problem("directory.truncated", part),))


@pytest.mark.parametrize(
    ("roles", "answer"),
    [
        ((), Answer.NO),
        ((OTHER, "OTHER;Thing"), Answer.NO),
        ((ROLE,), Answer.YES),
        ((OTHER, ROLE), Answer.YES),
        ((ROLE.lower(),), Answer.NO),  # opens nothing: the service compares case-sensitively
    ],
)
def test_a_role_counts_while_it_opens_the_service(roles, answer):
    assert left_of(rehab(), reading(roles), living=()).answer is answer


def test_an_entry_that_is_gone_from_hsa_holds_nothing():
    assert left_of(rehab(), replace(reading(), person=None), living=()).answer is Answer.NO


@pytest.mark.parametrize("part", [Part.PERSON, Part.SYSTEM_ROLES])
@pytest.mark.parametrize("roles", [(), (ROLE,)])
def test_what_hsa_did_not_tell_is_not_known(part, roles):
    hsa = unread(part, of=reading(roles))
    held = StoredValue("cn=person", Attribute.SYSTEM_ROLE, ROLE)
    assert left_of(rehab(), hsa, living=()).answer is Answer.UNKNOWN
    assert left_of_values([held], kiv=reading(), hsa=hsa, living=()).answer is Answer.UNKNOWN


def test_commissions_and_roles_say_nothing_of_each_other_unread():
    assert left_of(rehab(), unread(Part.COMMISSIONS, of=reading()), living=()).answer is Answer.NO
    assert left_of(statistics(), unread(Part.COMMISSIONS, of=reading()), living=()).answer is Answer.UNKNOWN
    assert left_of(statistics(), unread(Part.SYSTEM_ROLES, of=reading()), living=()).answer is Answer.NO


def test_what_another_right_needs_may_stay_in_hsa():
    found = left_of(rehab(), reading((ROLE,)), living=(rehab(),))
    assert (found.answer, [held.value for held in found.kept]) == (Answer.NO, [ROLE])


@pytest.mark.parametrize(
    ("end", "answer"), [("", Answer.YES), ("20270101", Answer.YES), ("20260101", Answer.NO)]
)
def test_a_coupling_counts_until_it_is_over(end, answer):
    hsa = reading(commissions=(elsewhere(commission(UNITS[0], STATISTICS, coupling(end=end))),))
    assert left_of(statistics(), hsa, living=()).answer is answer


def test_couplings_for_care_and_to_other_units_are_none_of_the_rights():
    others = (commission(UNITS[0], CARE, coupling()), commission(UNITS[1], STATISTICS, coupling()))
    assert left_of(statistics(), reading(commissions=others), living=()).answer is Answer.NO


def test_a_process_leaders_role_is_read_as_the_service_reads_it():
    role = f"INTYG;Statistik-{LEADER.unit_id}"
    assert left_of(LEADER, reading((role.lower(),)), living=()).answer is Answer.YES


# -- values that belong to no right --------------------------------------------------------------------------


@pytest.mark.parametrize(("role", "answer"), [(ROLE, Answer.YES), (f" {ROLE}", Answer.NO)])
def test_a_loose_role_is_found_again_byte_for_byte_and_by_no_dn(role, answer):
    held = StoredValue("cn=person,ou=KIV", Attribute.SYSTEM_ROLE, ROLE)
    assert left_of_values([held], kiv=reading(), hsa=reading((role,)), living=()).answer is answer


@pytest.mark.parametrize("has_id", [True, False])
def test_a_loose_coupling_is_found_again_by_its_commission(has_id):
    in_kiv = commission(UNITS[0], STATISTICS)
    in_hsa = elsewhere(replace(in_kiv, couplings=(coupling("20260101"),)))
    if not has_id:
        in_hsa = replace(in_hsa, hsa_id=None)
    (held,) = still_there(reading(commissions=(replace(in_kiv, couplings=(coupling(),)),)), at=AT)
    kiv, hsa = reading(commissions=(in_kiv,)), reading(commissions=(in_hsa,))
    assert left_of_values([held], kiv=kiv, hsa=hsa, living=()).answer is Answer.YES
    gone = reading(commissions=(replace(in_hsa, couplings=()),))
    assert left_of_values([held], kiv=kiv, hsa=gone, living=()).answer is Answer.NO


def test_a_second_commission_for_the_same_is_another_one():
    """Two commissions for statistics on one unit: the coupling in the one says nothing of the other."""
    asked = commission(UNITS[0], STATISTICS)
    second = replace(asked, hsa_id=HsaId("SE0000000000-C9"), dn="cn=second", couplings=(coupling(),))
    (held,) = still_there(reading(commissions=(replace(asked, couplings=(coupling(),)),)), at=AT)
    kiv = reading(commissions=(asked, second))
    hsa = reading(commissions=(elsewhere(asked), elsewhere(second)))
    assert left_of_values([held], kiv=kiv, hsa=hsa, living=()).answer is Answer.NO
    both_left = reading(commissions=(elsewhere(replace(asked, couplings=(coupling(),))),))
    assert left_of_values([held], kiv=kiv, hsa=both_left, living=()).answer is Answer.YES


def test_a_commission_that_kiv_has_lost_is_found_again_by_unit_and_purpose():
    was = commission(UNITS[0], STATISTICS, coupling())
    (held,) = still_there(reading(commissions=(was,)), at=AT)
    hsa = reading(commissions=(elsewhere(was),))
    assert held.value.startswith(str(PERSON))
    assert left_of_values([held], kiv=reading(), hsa=hsa, living=()).answer is Answer.YES
    elsewhere_only = reading(commissions=(elsewhere(commission(UNITS[1], STATISTICS, coupling())),))
    assert left_of_values([held], kiv=reading(), hsa=elsewhere_only, living=()).answer is Answer.NO
