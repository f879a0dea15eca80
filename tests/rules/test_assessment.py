"""What an order needs, and what the assessment says of it (domain page §5)."""

from __future__ import annotations

from provisioning.rules.assessment import assess
from provisioning.rules.hsa import Answer, Attribute, Change
from tests.rules import build
from tests.rules.build import NORTH, REHAB_NORTH, REHAB_UNIT, TODAY, commission, person, reading


def test_a_coordinator_with_commission_but_without_role_gets_the_exact_value_to_set():
    verdict = assess(REHAB_UNIT, reading(person(), commission()), on=TODAY)
    assert verdict.answer is Answer.NO
    assert [cause.code.value for cause in verdict.causes] == ["role.missing"]
    assert verdict.changes == (Change(person().dn, Attribute.SYSTEM_ROLE, REHAB_NORTH),)
    assert verdict.is_only_role_missing
    assert verdict.can_be_granted_by_changes
    assert not verdict.needs_coupling
    assert not verdict.is_settled_no
    assert verdict.login.refusal == "MissingUnitWithRehabSystemRole"
    assert verdict.effective_unit_id == NORTH


def test_the_proposed_role_turns_the_answer_into_yes():
    before = reading(person(), commission())
    after = build.apply(assess(REHAB_UNIT, before, on=TODAY).changes, before)
    verdict = assess(REHAB_UNIT, after, on=TODAY)
    assert verdict.answer is Answer.YES
    assert verdict.causes == ()
    assert verdict.changes == ()
    assert [access.role.value for access in verdict.login.units] == ["rehabkoordinator"]
