"""Carrying the flow forward: placing orders, a person's acts, background work, what polls have seen.

Every function here takes the flow's lock first and then calls one domain operation; when that
raises, nothing has happened. The directory is always asked before, never under the lock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from provisioning import orders, requests
from provisioning.errors import WrongState
from provisioning.models import AccessRequest, Order, User
from provisioning.orders import Prepared
from provisioning.rules.lifecycle import State
from workflows.flows import AccessRequestFlow
from workflows.nodes import Again, BackgroundActivation, StepActivation

log = logging.getLogger(__name__)

Operation = Callable[[AccessRequest], Any]

# Where a request waits for a person, and in which step of the flow.
STEP_OF = {
    State.AWAITING_ATTESTATION: "attest",
    State.AWAITING_SECOND_ATTESTATION: "second_attest",
    State.AWAITING_CHOICE: "choose",
    State.AWAITING_KIV: "kiv",
}
_OPEN_TASK = (STATUS.NEW, STATUS.ASSIGNED, STATUS.SCHEDULED)


def place_order(prepared: Prepared, *, by: User) -> Order:
    """Write the order and start one process per request, all or nothing. Raises Invalid."""
    return orders.place(prepared, by=by, start=lambda request: AccessRequestFlow.start.run(request=request))


def act(request: AccessRequest, state: State, operation: Operation, *, by: User | None) -> AccessRequest:
    """Carry out the person's step that the request waits in, by one operation.

    The step ends if the operation has moved the request on; otherwise it stays open. Raises WrongState when
    the request is no longer in `state` (a double click, somebody was faster), and what the operation raises.
    """
    task = _open_task(request, STEP_OF[state])
    with task.activation() as activation:
        row = requests.lock(request.pk)
        if row.current_state is not state or task.status not in (STATUS.NEW, STATUS.ASSIGNED):
            raise WrongState
        operation(row)
        if row.current_state is not state:
            _finish_step(activation, row, by)
    return row


def withdraw(request: AccessRequest, *, by: User, reason: str) -> AccessRequest:
    """Withdraw the request wherever it is. Raises NotAllowed, WrongState."""
    with AccessRequestFlow.lock(request.process.pk):
        row = requests.lock(request.pk)
        requests.withdraw(row, by=by, reason=reason)
        task = _open_task(row)
        activation = task.flow_task.activation_class(task)
        activation.process.request = row
        if isinstance(activation, BackgroundActivation):
            activation.finish()
        else:
            _finish_step(activation, row, by)
    return row


def run_background(task_pk: int) -> bool:
    """Do one piece of background work, if it is due and nobody else has it. Returns whether it was done.

    Claimed under lock, worked with no transaction open, recorded under lock. A worker killed in between
    loses only its claim, which runs out.
    """
    task = Task.objects.filter(pk=task_pk, status=STATUS.SCHEDULED).first()
    if task is None or task.flow_task is None:
        return False
    with task.activation() as activation:
        claim = activation.claim()
    if claim is None:
        return False
    node = task.flow_task
    request = AccessRequest.objects.select_related("order__orderer").get(process=task.process_id)
    result = node.work(request)
    with task.activation() as activation:
        if not activation.holds(claim):
            return False  # withdrawn, or another worker took over: what we saw is not needed any more
        row = requests.lock(request.pk)
        activation.process.request = row
        outcome = node.record(row, result)
        if isinstance(outcome, Again):
            activation.put_off(outcome.delay)
        else:
            activation.finish()
    return True


def put_off_after_error(task_pk: int, error: Exception) -> None:
    """An unexpected error in background work: keep its type, and try again later and later."""
    log.error("background work %s failed: %s", task_pk, type(error).__name__)
    with transaction.atomic():
        task = Task.objects.select_for_update().filter(pk=task_pk, status=STATUS.SCHEDULED).first()
        if task is None:
            return
        attempts = task.data.get("attempts", 1)
        task.data = {"attempts": attempts, "error": type(error).__name__}
        task.scheduled = timezone.now() + timedelta(seconds=min(900, 10 * 2 ** min(attempts, 10)))
        task.save(update_fields=["scheduled", "data"])


def due_background(*, limit: int = 200) -> list[int]:
    """Keys of background work that is due: lost nudges, put-off work, lapsed claims."""
    rows = Task.objects.filter(flow_task_type="JOB", status=STATUS.SCHEDULED, scheduled__lte=timezone.now())
    return list(rows.order_by("scheduled").values_list("pk", flat=True)[:limit])


def _open_task(request: AccessRequest, node: str | None = None) -> Task:
    """The one task the request's process waits in. Raises WrongState if it is another than `node`."""
    tasks = Task.objects.filter(process=request.process, status__in=_OPEN_TASK).order_by("-pk")
    task = tasks.first()
    if task is None or (node is not None and task.flow_task.name != node):
        raise WrongState
    return task


def _finish_step(activation: StepActivation, row: AccessRequest, by: User | None) -> None:
    activation.process.request = row
    activation.begin(by)
    activation.execute()
