"""Whatever happens, in whatever order: what must hold of rights, removals and findings always holds.

Orders, attestations, changes in KIV, silence, expiry, removals and sweeps in any order, through the real
operations, against a directory over the wire. Few and long runs: each step is a whole round of work.
"""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from viewflow.workflow.models import Task

from provisioning import findings, mandates, removal_looks
from provisioning.directory import open_directory
from provisioning.directory.mock.kiv import Kiv
from provisioning.directory.mock.server import MockDirectory
from provisioning.errors import DirectoryError, ProvisioningError
from provisioning.finding_models import Finding
from provisioning.grant_models import Grant, Removal
from provisioning.models import AccessRequest, AuditEntry
from provisioning.rules.hsa import Attribute, HsaId
from provisioning.rules.lifecycle import State
from provisioning.rules.right_lifecycle import REMOVAL_OPEN, RemovalState
from tests import cast
from tests.findings import drifting
from tests.grants import life
from tests.workflows import acts
from workflows import comparing, expiry

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

PEOPLE = st.sampled_from([cast.COORDINATOR, cast.DOCTOR, cast.SETTLED])
PAST = "20200101000000Z"
WHY = "Behövs inte längre på enheten."
AUTOMATIC = (State.CHECKING, State.WAITING_FOR_COMMISSION, State.VERIFYING)


class Life(RuleBasedStateMachine):
    """One unit, three people, the head, the KIV administrator and the tool."""

    mock: MockDirectory  # the directory of the run, and the tool that changes it
    kiv: Kiv

    def __init__(self) -> None:
        super().__init__()
        self.dns = {
            person: drifting.person_dn(person) for person in (cast.COORDINATOR, cast.DOCTOR, cast.SETTLED)
        }

    @rule(person=PEOPLE, by_head=st.booleans())
    def order(self, person: HsaId, by_head: bool) -> None:
        with contextlib.suppress(ProvisioningError):
            acts.order(by=cast.HEAD if by_head else person, person_id=person)

    @rule()
    def attest(self) -> None:
        for request in AccessRequest.objects.filter(state=State.AWAITING_ATTESTATION.value)[:1]:
            with contextlib.suppress(ProvisioningError):
                acts.attest(request, cast.HEAD)

    @rule(person=PEOPLE)
    def attest_oneself(self, person: HsaId) -> None:
        for request in AccessRequest.objects.filter(state=State.AWAITING_ATTESTATION.value)[:1]:
            with contextlib.suppress(ProvisioningError):
                acts.attest(request, person)

    @rule(person=PEOPLE)
    def somebody_sets_the_role(self, person: HsaId) -> None:
        with contextlib.suppress(DirectoryError):
            self.kiv.add_value(self.dns[person], Attribute.SYSTEM_ROLE, life.ROLE)

    @rule(person=PEOPLE)
    def somebody_takes_the_role(self, person: HsaId) -> None:
        with contextlib.suppress(DirectoryError):
            self.kiv.remove_value(self.dns[person], Attribute.SYSTEM_ROLE, life.ROLE)

    @rule(person=PEOPLE, is_over=st.booleans())
    def employment(self, person: HsaId, is_over: bool) -> None:
        with contextlib.suppress(DirectoryError):
            drifting.replace(self.kiv, self.dns[person], "hsaEndDate", [PAST] if is_over else [])

    @rule(is_busy=st.booleans())
    def outage(self, is_busy: bool) -> None:
        self.mock.faults.is_busy = is_busy

    @rule()
    def time_runs_out(self) -> None:
        for grant in Grant.objects.active()[:1]:
            life.has_run_out(grant)
        expiry.end_due()

    @rule()
    def the_head_ends_one(self) -> None:
        for grant in Grant.objects.active()[:1]:
            with contextlib.suppress(ProvisioningError):
                life.removal_by_head(grant)

    @rule()
    def kiv_removes(self) -> None:
        for removal in Removal.objects.filter(state=RemovalState.AWAITING_KIV.value)[:1]:
            self.work()
            removal.refresh_from_db()
            if removal.current_state is RemovalState.AWAITING_KIV and not self.mock.faults.is_busy:
                # The tool has had its look: what it still asks for, no right that goes on needs.
                assert not removal_looks.is_needed_again(removal)
                life.take_away(self.kiv, removal)

    @rule()
    def kiv_says_it_is_done(self) -> None:
        for removal in Removal.objects.filter(state=RemovalState.AWAITING_KIV.value)[:1]:
            with contextlib.suppress(ProvisioningError):
                life.report_done(removal)

    @rule()
    def work(self) -> None:
        acts.make_everything_due()
        life.work()

    @rule()
    def sweep(self) -> None:
        before = set(Finding.objects.standing().values_list("pk", flat=True))
        result = comparing.sweep(is_full=True, directory=open_directory())
        assert result is not None
        if self.mock.faults.is_busy:
            assert set(Finding.objects.standing().values_list("pk", flat=True)) == before

    @rule(number=st.integers(0, 3))
    def explain(self, number: int) -> None:
        with contextlib.suppress(ProvisioningError):
            held = mandates.read(cast.HEAD)
            for finding in Finding.objects.to_settle().order_by("pk")[number : number + 1]:
                findings.explain(finding, by=acts.user(cast.HEAD), held=held, reason=WHY)

    # What always holds

    @invariant()
    def no_right_without_attestation_by_somebody_else(self) -> None:
        for grant in Grant.objects.select_related("origin"):
            assert grant.origin.attester_id not in (None, grant.subject_key)

    @invariant()
    def every_done_removal_was_seen_gone(self) -> None:
        for removal in Removal.objects.filter(state=RemovalState.DONE.value):
            seen = removal.evidence.filter(moment="verification").order_by("-pk").first()
            assert removal.verified_at and seen is not None
            held = [value for place in seen.values for value in place["values"] or ()]
            assert not {change["remove"] for change in removal.changes} & set(held)

    @invariant()
    def nothing_waits_for_the_tool_without_a_next_nudge(self) -> None:
        for request in AccessRequest.objects.filter(state__in=[state.value for state in AUTOMATIC]):
            assert Task.objects.filter(process=request.process, status="SCHEDULED").exists()
        for removal in Removal.objects.filter(state__in=[state.value for state in REMOVAL_OPEN]):
            if removal.current_state is RemovalState.AWAITING_KIV:
                assert removal.next_poll_at is not None or removal.handlers.exists()
            else:
                assert Task.objects.filter(process=removal.process, status="SCHEDULED").exists()

    @invariant()
    def every_change_of_state_is_recorded(self) -> None:
        facts = set(AuditEntry.objects.values_list("about", "action"))
        for finding in Finding.objects.all():
            assert (finding.public_id, "finding.found") in facts
            if finding.state == Finding.State.OVER:
                assert (finding.public_id, "finding.over") in facts
        for removal in Removal.objects.all():
            assert (removal.public_id, "removal.started") in facts
            if removal.current_state is RemovalState.DONE:
                assert (removal.public_id, "removal.done") in facts
        for grant in Grant.objects.all():
            assert (grant.public_id, "grant.created") in facts

    @invariant()
    def nobody_who_left_and_was_swept_has_an_order_that_goes_on(self) -> None:
        ended = AccessRequest.objects.filter(end_code__startswith="person.")
        assert not [request for request in ended if request.is_open]


def test_whatever_the_order_what_must_hold_holds(directory, kiv):
    class Run(Life):
        def __init__(self) -> None:
            _begin_anew(directory)
            type(self).mock, type(self).kiv = directory, kiv
            super().__init__()

    run_state_machine_as_test(
        Run,
        settings=settings(
            max_examples=6,
            stateful_step_count=14,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def _begin_anew(directory) -> None:
    """Each run begins with what the one before left, but for faults: a longer life, not a shorter one."""
    directory.faults.clear()
