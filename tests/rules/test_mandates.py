"""Four eyes and delegation limits, each from both sides (domain page §7)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from provisioning.rules import mandates
from provisioning.rules.hsa import HsaId, Level, Service
from provisioning.rules.mandates import Act, Conflict, Delegable, DelegatedMandate, DelegationProblem

SUBJECT, SUBJECT_TOO = HsaId("SE0000000000-P001"), HsaId("SE0000000000-P901")
ATTESTER, SOMEBODY = HsaId("SE0000000000-P002"), HsaId("SE0000000000-P003")
TODAY = date(2026, 3, 18)


@pytest.mark.parametrize("act", Act)
@pytest.mark.parametrize("by", [SUBJECT, SUBJECT_TOO, HsaId("se0000000000-p001")])
def test_nobody_acts_in_their_own_case_under_any_of_their_ids(act: Act, by: HsaId):
    own_ids = [by, SUBJECT, SUBJECT_TOO]
    for subject_id in (SUBJECT, SUBJECT_TOO):
        assert mandates.conflict(act, own_ids=own_ids, subject_id=subject_id) is Conflict.OWN_CASE


@pytest.mark.parametrize("act", Act)
def test_somebody_else_may(act: Act):
    found = mandates.conflict(act, own_ids=[SOMEBODY], subject_id=SUBJECT, attested_by=[ATTESTER])
    assert found is None


@pytest.mark.parametrize(
    ("act", "conflict"),
    [
        (Act.CARRY_OUT, Conflict.OWN_ATTESTATION),
        (Act.SECOND_ATTEST, Conflict.OWN_ATTESTATION),
        (Act.ATTEST, None),
        (Act.REVIEW, None),
    ],
)
def test_who_attested_neither_carries_out_nor_attests_twice(act: Act, conflict: Conflict | None):
    for own_ids in ([ATTESTER], [SOMEBODY, ATTESTER]):  # the same human by another id
        found = mandates.conflict(act, own_ids=own_ids, subject_id=SUBJECT, attested_by=[ATTESTER])
        assert found is conflict


@pytest.mark.parametrize(
    ("is_head", "orderer", "is_attestation"),
    [(True, SOMEBODY, True), (True, SUBJECT, False), (False, SOMEBODY, False), (False, SUBJECT, False)],
)
def test_only_the_heads_order_for_somebody_else_is_its_own_attestation(
    is_head: bool, orderer: HsaId, is_attestation: bool
):
    found = mandates.order_is_attestation(
        orderer_is_head=is_head, own_ids=[orderer, ATTESTER], subject_id=SUBJECT
    )
    assert found is is_attestation


@pytest.mark.parametrize("service", Service)
@pytest.mark.parametrize("level", Level)
def test_only_a_process_leader_needs_a_second_attester(service: Service, level: Level):
    expected = service is Service.INTYGSSTATISTIK and level is Level.PROVIDER
    assert mandates.needs_second_attester(service, level) is expected


DELEGATION = DelegatedMandate(
    ATTESTER, SOMEBODY, HsaId("SE0000000000-U001"), Delegable.ATTESTING, TODAY, date(2027, 3, 18)
)


@pytest.mark.parametrize(
    ("changes", "is_head", "problem"),
    [
        ({}, True, None),
        ({}, False, DelegationProblem.NOT_HEAD),
        ({"delegate_id": ATTESTER}, True, DelegationProblem.TO_ONESELF),
        ({"end": date(2026, 3, 17)}, True, DelegationProblem.BEFORE_START),
        ({"start": date(2026, 1, 1), "end": date(2026, 3, 17)}, True, DelegationProblem.PASSED),
        ({"end": date(2027, 3, 19)}, True, DelegationProblem.TOO_LONG),
    ],
)
def test_the_head_delegates_for_at_most_a_year(changes, is_head: bool, problem: DelegationProblem | None):
    wanted = replace(DELEGATION, **changes)
    assert mandates.delegation_problem(wanted, is_head=is_head, on=TODAY) is problem
