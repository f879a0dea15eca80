"""Two people at once, on PostgreSQL: real threads, real row locks."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection
from viewflow.workflow.models import Task

from provisioning.errors import ProvisioningError
from provisioning.models import AccessRequest, AuditEntry, OutgoingMessage
from provisioning.rules.hsa import Attribute
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from workflows import steps
from workflows.sweeps import kiv_tasks

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def at_once(*acts_to_do: Callable[[], object]) -> list[object]:
    """Do all of these at the same moment, each in a thread and on a connection of its own."""
    start = threading.Barrier(len(acts_to_do))
    results: list[object] = [None] * len(acts_to_do)

    def run(number: int, act: Callable[[], object]) -> None:
        try:
            start.wait(60)
            results[number] = act()
        except ProvisioningError as exc:
            results[number] = exc
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts_to_do)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(240)
    return results


def errors(results: list[object]) -> list[ProvisioningError]:
    return [result for result in results if isinstance(result, ProvisioningError)]


def test_this_runs_on_postgresql():
    assert connection.vendor == "postgresql"


def test_a_double_click_on_attest_is_one_attestation_and_one_next_step(directory):
    request = acts.order(by=cast.COORDINATOR)
    twins = [AccessRequest.objects.get(pk=request.pk) for _click in range(4)]
    results = at_once(*[lambda twin=twin: acts.attest(twin, cast.HEAD) for twin in twins])
    assert [error.code for error in errors(results)] == ["wrong_state"] * 3
    assert AuditEntry.objects.filter(request=request, action="request.attested").count() == 1
    assert Task.objects.filter(process=request.process, flow_task_type="JOB").count() == 1


def test_attesting_and_rejecting_at_once_is_one_of_them(directory):
    request = acts.order(by=cast.COORDINATOR)
    one, other = (AccessRequest.objects.get(pk=request.pk) for _person in range(2))
    results = at_once(lambda: acts.attest(one, cast.HEAD), lambda: acts.reject(other, cast.HEAD))
    assert len(errors(results)) == 1
    request.refresh_from_db()
    assert request.current_state in (RequestState.CHECKING, RequestState.REJECTED)
    assert (request.attester_id is None) is (request.current_state is RequestState.REJECTED)


def test_two_administrators_at_once_close_the_task_once(directory, kiv):
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    kiv.add_value(request.changes[0]["dn"], Attribute.SYSTEM_ROLE, request.changes[0]["add"])
    one, other = (AccessRequest.objects.get(pk=request.pk) for _person in range(2))
    AccessRequest.objects.filter(pk=request.pk).update(next_poll_at=request.state_since)
    results = at_once(
        lambda: acts.report_done(one, cast.KIV_ADMINISTRATOR),
        lambda: acts.report_done(other, cast.KIV_ADMINISTRATOR_ABOVE),
        kiv_tasks.poll_due,
    )
    assert len(errors(results)) <= 2
    assert AuditEntry.objects.filter(request=request, action="request.values_seen").count() == 1
    assert Task.objects.filter(process=request.process, flow_task_type="JOB", status="SCHEDULED").count() == 1


def test_the_same_background_work_by_many_workers_is_recorded_once(directory):
    request = acts.order()
    task = Task.objects.get(process=request.process, status="SCHEDULED")
    results = at_once(*[lambda: steps.run_background(task.pk)] * 6)
    assert sorted(map(str, results)) == ["False"] * 5 + ["True"]
    assert AuditEntry.objects.filter(request=request, action="request.checked").count() == 1
    assert (
        OutgoingMessage.objects.filter(kind="kiv", recipient_key=cast.KIV_ADMINISTRATOR.folded).count() == 1
    )


def test_withdrawing_while_a_worker_records_leaves_one_truth(directory):
    request = acts.order()
    task = Task.objects.get(process=request.process, status="SCHEDULED")
    orderer = acts.user(cast.HEAD)
    mine = AccessRequest.objects.get(pk=request.pk)
    at_once(lambda: steps.run_background(task.pk), lambda: steps.withdraw(mine, by=orderer, reason=""))
    request.refresh_from_db()
    open_tasks = Task.objects.filter(process=request.process, status__in=["NEW", "SCHEDULED"])
    assert request.current_state is RequestState.WITHDRAWN
    assert not open_tasks.exists()


def test_fifty_identical_submissions_are_one_order(directory):
    from provisioning.orders.prepare import prepare

    orderer = acts.user(cast.HEAD)
    prepared = prepare(acts.draft(), by=orderer)
    results = at_once(*[lambda: steps.place_order(prepared, by=orderer)] * 50)
    assert len(set(results)) == 1
    assert AccessRequest.objects.count() == 1


def test_the_same_right_ordered_by_two_at_once_is_ordered_once(directory):
    from provisioning.orders.prepare import prepare

    head, coordinator = acts.user(cast.HEAD), acts.user(cast.COORDINATOR)
    by_head = prepare(acts.draft(), by=head)
    by_herself = prepare(acts.draft(), by=coordinator)
    results = at_once(
        lambda: steps.place_order(by_head, by=head), lambda: steps.place_order(by_herself, by=coordinator)
    )
    assert [error.code for error in errors(results)] == ["order.duplicate"]
    assert AccessRequest.objects.count() == 1
