"""Carrying the flow forward: placing orders, a person's acts, background work, what polls have seen.

Every function here takes the flow's lock first and then calls one domain operation; when that
raises, nothing has happened. The directory is always asked before, never under the lock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from provisioning import worker
from provisioning.cases.evidence import SeenUnwanted
from provisioning.errors import WrongState
from provisioning.findings import settle
from provisioning.mandates.current import Mandates
from provisioning.models import AccessRequest, Case, Finding, Order, Removal, User
from provisioning.orders import end, place
from provisioning.orders.draft import Prepared
from provisioning.removals import take_back
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import RemovalState
from workflows import watchdog
from workflows.engine import leases
from workflows.engine.nodes import OPEN_TASK, Again, BackgroundActivation, StepActivation
from workflows.orders.flow import AccessRequestFlow
from workflows.removals.flow import RemovalFlow

log = logging.getLogger(__name__)

AnyCase = TypeVar("AnyCase", AccessRequest, Removal)
MadeRemoval = TypeVar("MadeRemoval", Removal, Removal | None)
Operation = Callable[[AnyCase], Any]

# Where a request waits for a person, and in which step of the flow; a removal's state has the same word.
STEP_OF: dict[str, str] = {
    RequestState.AWAITING_ATTESTATION: "attest",
    RequestState.AWAITING_SECOND_ATTESTATION: "second_attest",
    RequestState.AWAITING_CHOICE: "choose",
    RequestState.AWAITING_KIV: "kiv",
}


def place_order(prepared: Prepared, *, by: User) -> Order:
    """Write the order and start one process per request, all or nothing. Raises Invalid."""
    return place.place(prepared, by=by, start=lambda request: AccessRequestFlow.start.run(request=request))


def order_for_finding(finding: Finding, prepared: Prepared, *, by: User, mandates: Mandates) -> AccessRequest:
    """Adopt what a finding is about, or order it again. Raises NotAllowed, WrongState, Invalid."""
    return settle.order(finding, by=by, mandates=mandates, place=lambda: place_order(prepared, by=by))


def begin_removal(begin: Callable[..., MadeRemoval], *args: Any, **kwargs: Any) -> MadeRemoval:
    """Begin a removal by one of the operations of `removals`, and its process with it, all or nothing."""
    return begin(*args, **kwargs, start=lambda removal: RemovalFlow.start.run(removal=removal))


def act(
    case: AnyCase, state: RequestState | RemovalState, operation: Operation[AnyCase], *, by: User | None
) -> AnyCase:
    """Carry out the person's step that the request or removal waits in, by one operation.

    The step ends if the operation has moved the case on; otherwise it stays open. Raises WrongState when
    the case is no longer in `state` (a double click, somebody was faster), and what the operation raises.
    """
    task = _open_task(case, STEP_OF[state])
    with task.activation() as activation:
        row: AnyCase = activation.process.lock_carried()
        if row.current_state is not state or task.status not in (STATUS.NEW, STATUS.ASSIGNED):
            raise WrongState
        operation(row)
        if row.current_state is not state:
            _finish_step(activation, by)
    return row


def withdraw(
    request: AccessRequest,
    *,
    by: User,
    reason: str,
    mandates: Mandates | None = None,
    is_gone: bool = False,
) -> AccessRequest:
    """Withdraw the request wherever it is. Raises NotAllowed, WrongState."""
    return _take_back(
        AccessRequestFlow,
        request,
        lambda row: end.withdraw(row, by=by, reason=reason, mandates=mandates, is_gone=is_gone),
        by=by,
    )


def end_for_leaver(request: AccessRequest, *, code: str) -> AccessRequest:
    """End the request of somebody who has left, wherever it is. Raises WrongState."""
    return _take_back(AccessRequestFlow, request, lambda row: end.person_left(row, code=code), by=None)


def end_late(request: AccessRequest) -> AccessRequest:
    """End a request whose own last day has passed, wherever it is. Raises WrongState."""
    return _take_back(AccessRequestFlow, request, end.last_day_passed, by=None)


def end_for_reorganisation(request: AccessRequest, reason: str) -> AccessRequest:
    """End the request of a unit that is reorganised, wherever it is. Raises WrongState."""
    return _take_back(
        AccessRequestFlow, request, lambda row: end.unit_reorganised(row, reason=reason), by=None
    )


def withdraw_removal(
    removal: Removal, *, by: User, mandates: Mandates, seen: SeenUnwanted | None, reason: str
) -> Removal:
    """Take a removal back. Raises as `removals.withdraw`."""
    return _take_back(
        RemovalFlow,
        removal,
        lambda row: take_back.withdraw(row, by=by, mandates=mandates, seen=seen, reason=reason),
        by=by,
    )


def _take_back(flow: Any, case: AnyCase, operation: Operation[AnyCase], *, by: User | None) -> AnyCase:
    """End the process by an operation, wherever it is."""
    with flow.lock(case.process.pk):
        row: AnyCase = case.process.lock_carried()
        operation(row)
        task = _open_task(row)
        activation = task.flow_task.activation_class(task)  # reads the row as the operation left it
        if isinstance(activation, BackgroundActivation):
            activation.finish()
        else:
            _finish_step(activation, by)
        watchdog.goes_on(row)
    return row


def run_background(task_pk: int) -> bool:
    """Do one piece of background work, if it is due and nobody else has it. Returns whether it was done.

    Claimed under lock, worked with no transaction open, recorded under lock. A worker killed in between
    loses only its claim, which runs out within seconds.
    """
    task = Task.objects.filter(pk=task_pk, status=STATUS.SCHEDULED).first()
    if task is None or task.flow_task is None:
        return False
    with task.activation() as activation:
        claim = activation.claim()
        case = activation.process.carried()
    if claim is None:
        return False
    node = task.flow_task
    with leases.kept(task_pk, claim):
        result = node.work(case)
    with task.activation() as activation:
        if not activation.holds(claim):
            return False  # withdrawn, or another worker took over: what we saw is not needed any more
        row = activation.process.lock_carried()
        outcome = node.record(row, result)
        if isinstance(outcome, Again):
            activation.put_off(outcome.delay)
        else:
            activation.finish()
        watchdog.goes_on(row)
    return True


def put_off_after_error(task_pk: int, error: Exception) -> None:
    """An unexpected error in background work: keep its type, and try again later and later.

    A database that was away is back, or this could not be written: then soon, however often it was tried.
    After so many failures in a row the operators have the case.
    """
    log.error("background work %s failed: %s", task_pk, type(error).__name__)
    with transaction.atomic():
        task = Task.objects.select_for_update().filter(pk=task_pk, status=STATUS.SCHEDULED).first()
        if task is None:
            return
        attempts = task.data.get("attempts", 1)
        is_ours = not isinstance(error, (OperationalError, InterfaceError))
        failing = leases.failing(task.data, is_ours=is_ours)
        task.data = {"attempts": attempts, "error": type(error).__name__, **failing}
        delay = timedelta(seconds=min(900, 10 * 2 ** min(attempts, 10)))
        if not is_ours:
            delay = min(delay, leases.lease())
        task.scheduled = timezone.now() + delay
        task.save(update_fields=["scheduled", "data"])
    watchdog.look_of(task.process_id)


def try_again(case: Case) -> None:
    """Do the case's background work as soon as a worker is free, as if it had not failed before.

    Raises WrongState where it waits for no background work. Inside a transaction.
    """
    jobs = Task.objects.select_for_update().filter(process=case.process, flow_task_type="JOB")
    task = jobs.filter(status__in=(STATUS.SCHEDULED, STATUS.ERROR)).order_by("-pk").first()
    if task is None:
        raise WrongState
    if task.status == STATUS.SCHEDULED and "claim" in task.data and task.scheduled > timezone.now():
        return  # a worker has it just now
    kept = {
        name: value for name, value in task.data.items() if name in (leases.FAILING_SINCE, leases.FAILURES)
    }
    task.status, task.scheduled, task.finished = STATUS.SCHEDULED, timezone.now(), None
    task.data = {"attempts": 0, **kept}
    task.save(update_fields=["status", "scheduled", "finished", "data"])
    worker.wake("workflows.run_background", task.pk)


def due_background(*, limit: int = 200) -> list[int]:
    """Keys of background work that is due: lost nudges, put-off work, lapsed claims."""
    rows = Task.objects.filter(flow_task_type="JOB", status=STATUS.SCHEDULED, scheduled__lte=timezone.now())
    return list(rows.order_by("scheduled").values_list("pk", flat=True)[:limit])


def oldest_due() -> datetime | None:
    """Since when the background work has been due that has waited longest; None where none is."""
    rows = Task.objects.filter(flow_task_type="JOB", status=STATUS.SCHEDULED, scheduled__lte=timezone.now())
    return rows.order_by("scheduled").values_list("scheduled", flat=True).first()


def _open_task(case: Case, node: str | None = None) -> Task:
    """The one task the case's process waits in. Raises WrongState if it is another than `node`."""
    tasks = Task.objects.filter(process=case.process, status__in=OPEN_TASK).order_by("-pk")
    task = tasks.first()
    if task is None or (node is not None and task.flow_task.name != node):
        raise WrongState
    return task


def _finish_step(activation: StepActivation, by: User | None) -> None:
    activation.begin(by)
    activation.execute()
