"""What people do about a finding: adopt, order again, remove, explain; and who may not."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from provisioning.directory import open_directory
from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.findings import settle
from provisioning.mandates import current
from provisioning.models import AccessRequest, AuditEntry, Finding, Grant, Removal
from provisioning.orders import prepare
from provisioning.pages.findings import words
from provisioning.rules.drift.differences import DriftKind, NextStep
from provisioning.rules.hsa import Attribute, HsaId, Level, Service
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import EndCause, GrantState
from tests import acts, cast
from tests.findings import drifting
from tests.findings.drifting import found_of, swept
from tests.rights import life
from workflows import steps
from workflows.sweeps import directory as sweeps_directory

pytestmark = pytest.mark.django_db(transaction=True)

WHO = cast.COORDINATOR
WHY = "Gäller under ombyggnaden av enheten."


def adopt(finding: Finding, by: HsaId = cast.HEAD) -> AccessRequest:
    user = acts.user(by)
    draft = acts.draft(
        finding.subject_id,
        service=Service(finding.service),
        level=Level(finding.level),
        units=[finding.unit_id],
    )
    mandates = current.read(by)
    return steps.order_for_finding(finding, prepare.prepare(draft, by=user), by=user, mandates=mandates)


def explain(finding: Finding, by: HsaId = cast.HEAD, reason: str = WHY) -> Finding:
    return settle.explain(finding, by=acts.user(by), mandates=current.read(by), reason=reason)


def reconsider(finding: Finding, by: HsaId = cast.HEAD, reason: str = WHY) -> Finding:
    return settle.reconsider(finding, by=acts.user(by), mandates=current.read(by), reason=reason)


def remove(finding: Finding, by: HsaId = cast.HEAD, reason: str = WHY) -> Removal:
    directory = open_directory()
    return steps.begin_removal(
        settle.begin_removal,
        finding,
        by=acts.user(by),
        mandates=current.read(by),
        reason=reason,
        person=directory.person(finding.subject_id),
        unit=directory.unit(finding.unit_id),
    )


@pytest.fixture
def strange(directory, kiv) -> Finding:
    """A role that works, and that nobody ordered here."""
    swept()
    return drifting.finding(cast.SETTLED, DriftKind.ROLE_OUTSIDE)


@pytest.fixture
def lost(directory, kiv) -> Finding:
    """A right whose role somebody has taken away in KIV."""
    life.granted(kiv)
    kiv.remove_value(drifting.person_dn(WHO), Attribute.SYSTEM_ROLE, life.ROLE)
    swept()
    return drifting.finding(WHO, DriftKind.ROLE_MISSING)


def test_the_heads_attestation_adopts_a_strange_role_as_a_right(strange):
    request = adopt(strange)
    strange.refresh_from_db()
    assert strange.state == Finding.State.SETTLING and strange.request == request
    assert request.attester_id == cast.HEAD.folded
    assert not Grant.objects.exists()  # attested, not yet verified
    acts.work()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE
    grant = Grant.objects.get()
    assert grant.origin == request and grant.origin.findings.get() == strange
    swept()
    assert found_of(cast.SETTLED) == []
    told = AuditEntry.objects.get(about=strange.public_id, action="finding.ordered")
    assert told.request == request and told.data["step"] == "adopt"


def test_a_lost_right_is_ordered_again(lost, kiv):
    request = adopt(lost)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    swept()
    assert found_of(WHO) == [DriftKind.ROLE_MISSING]  # being settled, and not found a second time
    acts.set_values(request, kiv)
    acts.work()
    acts.work()
    swept()
    assert found_of(WHO) == []
    assert Grant.objects.active().count() == 1


def test_an_order_that_comes_to_nothing_opens_the_finding_again(lost):
    request = adopt(lost)
    steps.withdraw(request, by=drifting.head(), reason="Fel person.")
    swept()
    lost.refresh_from_db()
    assert lost.state == Finding.State.OPEN


def test_a_strange_role_is_removed_by_a_case_of_its_own_and_proven_gone(strange, kiv):
    removal = life.with_kiv(remove(strange))
    assert removal.cause == EndCause.FINDING.value and removal.grant is None
    assert [change["remove"] for change in removal.changes] == [strange.value]
    swept()
    strange.refresh_from_db()
    assert strange.state == Finding.State.SETTLING
    life.take_away(kiv, removal)
    life.work()
    life.work()
    removal.refresh_from_db()
    assert removal.verified_at
    swept()
    strange.refresh_from_db()
    assert strange.state == Finding.State.OVER


def test_a_right_that_is_lost_can_be_ended(lost):
    grant = Grant.objects.get()
    remove(lost)
    grant.refresh_from_db()
    assert grant.current_state is GrantState.ENDING and grant.end_cause == EndCause.FINDING.value


def test_an_explanation_closes_the_finding_while_nothing_changes(lost, kiv):
    explain(lost)
    swept()
    lost.refresh_from_db()
    assert lost.state == Finding.State.EXPLAINED and lost.explanation == WHY
    kiv.add_value(drifting.person_dn(WHO), Attribute.SYSTEM_ROLE, f"INTYG;Rehab-{cast.EKLIDEN}")
    swept()
    lost.refresh_from_db()
    assert lost.state == Finding.State.OPEN and lost.explanation == ""


def test_an_explained_profession_is_the_new_ground(directory, kiv):
    life.granted(kiv)
    swept()
    drifting.replace(kiv, drifting.person_dn(WHO), "hsaTitle", ["Läkare"])
    swept()
    explain(drifting.finding(WHO, DriftKind.BECAME_DOCTOR))
    swept()
    assert found_of(WHO) == []


@pytest.mark.parametrize("act", [adopt, explain, remove])
@pytest.mark.parametrize("who", [cast.OUTSIDER, cast.SETTLED, cast.AUDITOR, cast.KIV_ADMINISTRATOR])
def test_only_a_head_settles_and_never_an_own_finding(strange, act, who):
    with pytest.raises(NotAllowed):
        act(strange, who)
    strange.refresh_from_db()
    assert strange.state == Finding.State.OPEN
    assert not AccessRequest.objects.exists() and not Removal.objects.exists()


def test_a_kiv_administrator_removes_and_explains_but_adopts_nothing(directory):
    swept()
    mistyped = drifting.finding(cast.BLANKS, DriftKind.ROLE_BLANKS)
    administrator = acts.user(cast.KIV_ADMINISTRATOR)
    mandates = current.read(cast.KIV_ADMINISTRATOR)
    assert settle.steps_of(mistyped, mandates, administrator) == (NextStep.REMOVE, NextStep.EXPLAIN)
    assert explain(mistyped, cast.KIV_ADMINISTRATOR).state == Finding.State.EXPLAINED


def test_without_a_reason_nothing_is_explained_or_removed(strange):
    for act in (explain, remove):
        with pytest.raises(Invalid):
            act(strange, reason="  ")
    assert not Removal.objects.exists()


def test_what_is_settled_is_not_settled_twice(strange):
    explain(strange)
    for act in (explain, remove, adopt):
        with pytest.raises(WrongState):
            act(strange)
    assert not Removal.objects.exists() and not AccessRequest.objects.exists()


def test_an_order_for_something_else_settles_nothing(strange):
    head = drifting.head()
    prepared = prepare.prepare(acts.draft(), by=head)
    with pytest.raises(WrongState):
        steps.order_for_finding(strange, prepared, by=head, mandates=current.read(cast.HEAD))
    assert not AccessRequest.objects.exists()
    strange.refresh_from_db()
    assert strange.state == Finding.State.OPEN


def test_the_database_refuses_own_settling_and_empty_explanations(strange):
    for change in ({"settled_by": acts.user(cast.SETTLED)}, {"state": "explained", "explanation": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Finding.objects.filter(pk=strange.pk).update(**change)


def test_the_command_says_what_it_found_and_a_dry_run_writes_nothing(directory, capsys):
    call_command("sweep", "--dry-run", "--full")
    assert "would find role.outside" in capsys.readouterr().out
    assert not Finding.objects.exists()
    call_command("sweep", "--full")
    assert "complete: everybody" in capsys.readouterr().out
    assert Finding.objects.exists()


def test_the_command_fails_loudly_when_the_directory_does_not_answer(directory):
    directory.stop()
    with pytest.raises(CommandError):
        call_command("sweep")


def test_a_process_leaders_role_is_adopted_by_two_attesters(directory, kiv):
    """Who holds the mandate and is told is head of no unit: she is told who orders, and attests after her."""
    role = f"INTYG;Statistik-{cast.PROVIDER}"
    kiv.add_value(drifting.person_dn(WHO), Attribute.SYSTEM_ROLE, role)
    swept()
    row = next(one for one in Finding.objects.not_over().filter(subject_key=WHO.folded))
    assert (row.what, row.level) == (DriftKind.ROLE_OUTSIDE, Level.PROVIDER.value)
    holder, mandates = acts.user(cast.PROVIDER_HEAD), current.read(cast.PROVIDER_HEAD)
    assert settle.steps_of(row, mandates, holder) == (NextStep.REMOVE, NextStep.EXPLAIN)
    assert "verksamhetschef hos vårdgivaren" in str(words.facts(holder, row))
    with pytest.raises(NotAllowed):
        adopt(row, cast.PROVIDER_HEAD)
    request = acts.order(
        person_id=WHO, service=Service.INTYGSSTATISTIK, level=Level.PROVIDER, units=[cast.PROVIDER]
    )
    assert request.current_state is RequestState.AWAITING_SECOND_ATTESTATION
    acts.attest(request, cast.PROVIDER_HEAD)
    acts.work()
    swept()
    row.refresh_from_db()
    assert row.state == Finding.State.OVER


@pytest.mark.parametrize(("level", "title"), [(Level.OWN, "Arbetsterapeut"), (Level.UNIT, "Läkare")])
def test_only_what_can_be_done_is_offered_where_the_profession_has_changed(directory, kiv, level, title):
    """The one cannot be ordered any more, and the other works as it is."""
    person = cast.DOCTOR if level is Level.OWN else WHO
    life.granted(kiv, person_id=person, level=level)
    swept()
    drifting.replace(kiv, drifting.person_dn(person), "hsaTitle", [title])
    swept()
    [row] = Finding.objects.not_over().filter(subject_key=person.folded)
    offered = settle.steps_of(row, current.read(cast.HEAD), drifting.head())
    assert offered == (NextStep.REMOVE, NextStep.EXPLAIN)


def test_the_right_given_anew_since_the_finding_is_ended(lost, kiv):
    """Ended and ordered anew between two sweeps, and lost again: the same finding, and another right."""
    old = Grant.objects.get()
    life.removal_by_head(old)
    life.work()
    new = life.granted(kiv)
    kiv.remove_value(drifting.person_dn(WHO), Attribute.SYSTEM_ROLE, life.ROLE)
    swept()
    assert new != old and drifting.finding(WHO, DriftKind.ROLE_MISSING) == lost
    assert remove(lost).grant == new


def test_a_sweep_after_a_crash_looks_twice_before_it_removes(directory, kiv, monkeypatch):
    """What it rests on is still something not being there."""
    grant = life.granted(kiv)
    drifting.couple(kiv, WHO, cast.EKLIDEN)
    drifting.uncouple(kiv, WHO, cast.BJORKHAGA)
    with monkeypatch.context() as patch:
        patch.setattr(sweeps_directory, "_begin_leavers_removal", lambda finding, reading: None)
        swept()
    assert drifting.finding(WHO, DriftKind.COMMISSION_MOVED).state == Finding.State.OPEN
    shared = open_directory()
    asked_again = []
    read_again = shared.read_again
    monkeypatch.setattr(
        shared, "read_again", lambda wanted: read_again([asked_again.append(one) or one for one in wanted])
    )
    swept(directory=shared)
    assert WHO in [person_id for person_id, _places in asked_again]
    assert grant.removals.count() == 1


def test_an_explanation_is_taken_back_and_the_finding_settled_anew(strange):
    """Explained by mistake, or for as long as it was so: nobody waits for the directory to change."""
    explain(strange)
    reconsider(strange)
    strange.refresh_from_db()
    assert (strange.state, strange.explanation, strange.settled_by) == (Finding.State.OPEN, "", None)
    told = AuditEntry.objects.get(about=strange.public_id, action="finding.reconsidered")
    assert (told.actor_id, told.reason) == (cast.HEAD.folded, WHY)
    assert remove(strange).grant is None


@pytest.mark.parametrize("who", [cast.OUTSIDER, cast.SETTLED, cast.AUDITOR, cast.HEAD_ABOVE])
def test_an_explanation_is_taken_back_by_who_may_settle_and_nobody_else(strange, who):
    with pytest.raises(WrongState):
        reconsider(strange)  # there is none yet
    explain(strange)
    with pytest.raises(NotAllowed):
        reconsider(strange, who)
    with pytest.raises(Invalid):
        reconsider(strange, reason=" ")
    strange.refresh_from_db()
    assert strange.state == Finding.State.EXPLAINED
