"""An open case of every kind, made by real operations: what a later version must migrate and finish."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from provisioning import dates
from provisioning.demo.directory.changes import Kiv
from provisioning.models import AccessRequest, Delegation, Finding, Grant, OutgoingMessage, Removal, Review
from provisioning.orders.draft import Choice
from provisioning.rules.drift.differences import DriftKind
from provisioning.rules.hsa import Attribute, HsaId, Level, Service
from provisioning.rules.states.request import OPEN
from provisioning.rules.states.right import REMOVAL_OPEN, GrantState
from tests import acts, cast
from tests.findings import drifting
from tests.findings.test_settle import adopt, explain
from tests.mandates import delegating
from tests.removals.test_leave_hsa import gone_from_kiv, in_both
from tests.reviews import sitting
from tests.rights import life

DAY = "2026-03-02"  # a Monday
STATISTICS: dict[str, Any] = {"service": Service.INTYGSSTATISTIK, "level": Level.UNIT}


def make(kiv: Kiv, sync: Kiv) -> None:
    """One day at a unit on which much is going on; two directories."""
    _delegations()
    _rights_and_removals(kiv, sync)
    _findings(kiv, sync)
    _requests(kiv)
    _what_the_tool_has(kiv, sync)
    assert not missing()


def missing() -> frozenset[object]:
    """The kinds of open cases of which there is none."""
    requests = {row.current_state for row in AccessRequest.objects.all()}
    removals = {row.current_state for row in Removal.objects.all()}
    rights = {row.current_state for row in Grant.objects.all()}
    findings = {row.state for row in Finding.objects.all()}
    others = {
        "review": Review.objects.filter(state="open").exists(),
        "delegation": Delegation.objects.filter(ended_at=None).exists(),
        "message that waits": OutgoingMessage.objects.filter(state="queued").exists(),
        "message that failed": OutgoingMessage.objects.filter(state="failed").exists(),
    }
    return (
        (OPEN - requests)
        | (REMOVAL_OPEN - removals)
        | (set(GrantState) - rights)
        | (set(Finding.State.values) - findings)
        | {name for name, is_there in others.items() if not is_there}
    )


def _delegations() -> None:
    delegating.give(to=cast.DELEGATE)
    delegating.give(to=cast.DOCTOR, starts_on=dates.today() + timedelta(days=60))


def _rights_and_removals(kiv: Kiv, sync: Kiv) -> None:
    """Rights in force, one of them in a review; one that has ended; removals on their way."""
    ended = gone_from_kiv(kiv, sync, person_id=cast.DOCTOR, **STATISTICS)
    life.take_away(sync, ended)
    acts.make_everything_due()
    life.work()
    sitting.begun(in_both(kiv, sync, person_id=cast.SETTLED))
    in_both(kiv, sync, person_id=cast.COORDINATOR)
    life.nearly_over(in_both(kiv, sync, person_id=cast.COORDINATOR, **STATISTICS))
    life.with_kiv(life.removal_by_head(in_both(kiv, sync, person_id=cast.DELEGATE)))
    gone_from_kiv(kiv, sync, person_id=cast.SETTLED, **STATISTICS)


def _findings(kiv: Kiv, sync: Kiv) -> None:
    """Open ones, one that is explained, one whose order is under way, one that is over."""
    over = in_both(kiv, sync, person_id=cast.DOCTOR)
    life.kiv_removes_role(kiv, over)
    assert drifting.swept(believes_losses=True).outcome == "complete"
    life.kiv_adds_role(kiv, over)
    assert drifting.swept(believes_losses=True).outcome == "complete"
    kiv.add_value(drifting.person_dn(cast.MALFORMED), Attribute.SYSTEM_ROLE, life.ROLE)
    assert drifting.swept(believes_losses=True).outcome == "complete"
    explain(drifting.finding(cast.WRONG_CASE, DriftKind.ROLE_WRONG_CASE))
    adopt(drifting.finding(cast.MALFORMED, DriftKind.ROLE_OUTSIDE))


def _requests(kiv: Kiv) -> None:
    """With each person who can have one, and with the directory."""
    acts.order(by=cast.PROTECTED, person_id=cast.PROTECTED)
    acts.order_for_process_leader()
    acts.order(person_id=cast.COORDINATOR_UNCOUPLED, **STATISTICS)
    waits = acts.order(person_id=cast.COORDINATOR_UNCOUPLED)
    acts.order(person_id=cast.PROVIDER_ROLE)
    on_its_way = acts.order(person_id=cast.SUBUNIT_ROLE)
    acts.work()
    waits.refresh_from_db()
    acts.choose(waits, Choice.WAIT)
    on_its_way.refresh_from_db()
    acts.set_values(on_its_way, kiv)
    acts.work()


def _messages() -> None:
    failed = OutgoingMessage.objects.filter(kind="attest").order_by("pk")[0]
    acts.send_mails()
    OutgoingMessage.objects.filter(pk=failed.pk).update(state="failed", attempts=8)


def _what_the_tool_has(kiv: Kiv, sync: Kiv) -> None:
    """Last, as any round of the worker would take these on."""
    to_look = in_both(kiv, sync, person_id=cast.DOCTOR_UNCOUPLED, **STATISTICS)
    removed = life.with_kiv(life.removal_by_head(_right_of(cast.COORDINATOR, Service.REHABSTOD)))
    set_now = acts.order(person_id=cast.WRONG_UNIT)
    acts.work()
    set_now.refresh_from_db()
    _messages()
    life.take_away(kiv, removed)
    life.report_done(removed)
    acts.set_values(set_now, kiv)
    acts.report_done(set_now)
    life.removal_by_head(to_look)
    acts.order(person_id=cast.UNKNOWN_ID)


def _right_of(person: HsaId, service: Service) -> Grant:
    return Grant.objects.get(subject_key=person.folded, service=service.value)
