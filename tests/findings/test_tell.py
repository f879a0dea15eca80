"""Findings that their own owner cannot settle: about the head herself, or the directory names nobody."""

from __future__ import annotations

import pytest

from provisioning import access
from provisioning.directory import open_directory
from provisioning.errors import NotAllowed
from provisioning.findings import settle
from provisioning.mandates import current
from provisioning.models import Finding, OutgoingMessage
from provisioning.rules.drift.differences import DriftKind, NextStep
from provisioning.rules.hsa import Attribute, HsaId
from tests import acts, cast
from tests.findings import drifting
from tests.findings.drifting import swept
from tests.findings.test_settle import adopt, explain, remove
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)

MANAGER = "hsaHealthCareUnitManager"


@pytest.fixture(autouse=True)
def operator(settings) -> HsaId:
    settings.OPERATORS = (cast.OUTSIDER.text,)
    return cast.OUTSIDER


@pytest.fixture
def about_the_head(directory, kiv) -> Finding:
    """The head of the unit has a role on it that nobody attested."""
    kiv.add_value(drifting.person_dn(cast.HEAD), Attribute.SYSTEM_ROLE, life.ROLE)
    swept()
    return Finding.objects.not_over().get(subject_key=cast.HEAD.folded, value=life.ROLE)


@pytest.fixture
def no_head(directory, kiv) -> None:
    """The unit has no head, nor has anything above it."""
    for place in (cast.BJORKHAGA, cast.AREA_NORTH):
        drifting.replace(kiv, drifting.unit_dn(place), MANAGER, [])
    provider = open_directory().provider(cast.PROVIDER)
    assert provider is not None
    drifting.replace(kiv, provider.dn, MANAGER, [])


def told(person_id: HsaId) -> bool:
    return OutgoingMessage.objects.filter(kind="findings", recipient_key=person_id.folded).exists()


def sees(person_id: HsaId, finding: Finding) -> bool:
    return access.visible_findings(acts.user(person_id)).filter(pk=finding.pk).exists()


def steps_of(person_id: HsaId, finding: Finding) -> tuple[NextStep, ...]:
    return settle.steps_of(finding, current.read(person_id), acts.user(person_id))


def test_what_is_about_the_head_is_settled_by_the_next_head_up(about_the_head):
    assert told(cast.HEAD_ABOVE)
    assert sees(cast.HEAD_ABOVE, about_the_head)
    assert steps_of(cast.HEAD_ABOVE, about_the_head) == (NextStep.REMOVE, NextStep.EXPLAIN)
    removal = life.with_kiv(remove(about_the_head, cast.HEAD_ABOVE))
    assert [change["remove"] for change in removal.changes] == [life.ROLE]


def test_the_next_head_up_attests_no_order_on_a_unit_that_is_not_hers(about_the_head):
    with pytest.raises(NotAllowed):
        settle.order(
            about_the_head,
            by=acts.user(cast.HEAD_ABOVE),
            mandates=current.read(cast.HEAD_ABOVE),
            place=lambda: pytest.fail("an order was placed"),
        )


@pytest.mark.parametrize("who", [cast.HEAD, cast.OUTSIDER, cast.PROVIDER_HEAD, cast.KIV_ADMINISTRATOR])
def test_what_is_passed_on_to_the_head_above_is_nobody_elses(about_the_head, who):
    is_above_too = who == cast.PROVIDER_HEAD
    assert sees(who, about_the_head) is is_above_too
    assert bool(steps_of(who, about_the_head)) is is_above_too


def test_what_the_head_can_settle_stays_hers_alone(directory, kiv):
    swept()
    strange = drifting.finding(cast.SETTLED, DriftKind.ROLE_OUTSIDE)
    assert steps_of(cast.HEAD, strange) and strange.passed_to == ""
    for who in (cast.HEAD_ABOVE, cast.PROVIDER_HEAD, cast.OUTSIDER):
        assert not sees(who, strange) and not steps_of(who, strange)


def test_where_the_unit_has_no_head_the_next_head_up_is_told(directory, kiv):
    drifting.replace(kiv, drifting.unit_dn(cast.BJORKHAGA), MANAGER, [])
    swept()
    strange = drifting.finding(cast.SETTLED, DriftKind.ROLE_OUTSIDE)
    assert told(cast.HEAD_ABOVE) and sees(cast.HEAD_ABOVE, strange)
    assert explain(strange, cast.HEAD_ABOVE).state == Finding.State.EXPLAINED


def test_where_the_head_named_has_no_entry_the_next_head_up_is_told(directory, kiv):
    drifting.replace(kiv, drifting.unit_dn(cast.BJORKHAGA), MANAGER, [cast.NOWHERE.text])
    swept()
    assert steps_of(cast.HEAD_ABOVE, drifting.finding(cast.SETTLED, DriftKind.ROLE_OUTSIDE))


def test_operators_see_and_explain_a_finding_that_nobody_owns(no_head, operator):
    swept()
    strange = drifting.finding(cast.SETTLED, DriftKind.ROLE_OUTSIDE)
    assert told(operator) and sees(operator, strange)
    assert steps_of(operator, strange) == (NextStep.EXPLAIN,)
    assert explain(strange, operator).state == Finding.State.EXPLAINED


def test_a_head_who_is_named_later_finds_it_in_her_list(no_head, directory, kiv):
    swept()
    strange = drifting.finding(cast.SETTLED, DriftKind.ROLE_OUTSIDE)
    assert not sees(cast.HEAD, strange)
    drifting.replace(kiv, drifting.unit_dn(cast.BJORKHAGA), MANAGER, [cast.HEAD.text])
    current.forget_copy(acts.user(cast.HEAD))
    assert sees(cast.HEAD, strange)
    assert adopt(strange, cast.HEAD).attester_id == cast.HEAD.folded


def test_a_value_that_leads_to_no_unit_is_seen_by_those_who_are_told_of_it(directory, kiv, operator):
    """Mistyped beyond recognition: no unit, so neither head nor KIV administrator can be found by it."""
    value = f"INTYG;Rehab-{cast.NOWHERE};x"
    kiv.add_value(drifting.person_dn(cast.COORDINATOR), Attribute.SYSTEM_ROLE, value)
    swept()
    mistyped = Finding.objects.not_over().get(value=value)
    assert told(operator) and sees(operator, mistyped)
    assert steps_of(operator, mistyped) == (NextStep.EXPLAIN,)


@pytest.mark.parametrize("comma", [", ", " ,", ",", ";"])
def test_those_above_read_it_however_its_unit_is_written(about_the_head, comma):
    """The directory may write a name otherwise from one day to the next."""
    finding = about_the_head
    written = finding.unit_dn.upper().replace(",", comma)
    Finding.objects.filter(pk=finding.pk).update(passed_to=Finding.PassedTo.ABOVE, unit_dn=written)
    assert sees(cast.HEAD_ABOVE, finding)
    assert not sees(cast.DOCTOR, finding)
    Finding.objects.filter(pk=finding.pk).update(unit_dn=written + "x")
    assert not sees(cast.HEAD_ABOVE, finding)
