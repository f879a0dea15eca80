"""The two kinds of nodes our flows are made of: a person's step, and background work.

`Step` waits for an act on one of our own pages (or for the directory to show that it is done).
`Background` is work that asks the directory: claimed under lock, done with no transaction open,
recorded under lock. The task row, SCHEDULED and due, is the outbox; the broker only hurries it.
viewflow's open source has no Celery node; this is one, on its AbstractJob.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from django.utils import timezone
from viewflow import this
from viewflow.workflow.activation import Activation
from viewflow.workflow.nodes.job import AbstractJob, AbstractJobActivation
from viewflow.workflow.nodes.view import View, ViewActivation
from viewflow.workflow.signals import task_failed
from viewflow.workflow.status import STATUS

from provisioning import worker
from workflows.engine import leases

# A task that waits for its turn: what has begun is begun and over in one transaction.
OPEN_TASK = (STATUS.NEW, STATUS.ASSIGNED, STATUS.SCHEDULED)


class StepActivation(ViewActivation):
    """A person's step. Whoever may act is settled by the operation, not by viewflow's permissions."""

    @Activation.status.transition(source=[STATUS.NEW, STATUS.ASSIGNED], target=STATUS.STARTED)
    def begin(self, user: Any = None) -> None:
        """Somebody (None: the tool, on the directory's evidence) carries the step out now."""
        self.task.owner = user
        self.task.started = timezone.now()
        self.task.save()


class Step(View):
    """A step that waits for a person. `page` is the name of the page where it is done."""

    activation_class = StepActivation

    def __init__(self, *, page: str, **kwargs: Any) -> None:
        super().__init__(view=None, **kwargs)
        self.page = page


@dataclass(frozen=True, slots=True)
class InState:
    """The condition that what the process carries is in this state. Pictures of the flow read `state`."""

    state: Enum

    def __call__(self, activation: Any) -> bool:
        return activation.process.case.current_state is self.state


def is_in(state: Enum) -> InState:
    """A condition: what the process carries is in this state."""
    return InState(state)


@dataclass(frozen=True, slots=True)
class Again:
    """The work is not over: look again after this time."""

    delay: timedelta


class BackgroundActivation(AbstractJobActivation):
    """Background work: SCHEDULED until its outcome is recorded."""

    @Activation.status.transition(source=STATUS.NEW, target=STATUS.SCHEDULED)
    def activate(self) -> None:
        """Make the work due now, and nudge a worker."""
        delay = self.flow_task.first_delay(self)  # first: it may look at the clock itself
        self.task.scheduled = timezone.now() + delay
        self.task.data = {"attempts": 0}
        self.task.save()
        worker.wake("workflows.run_background", self.task.pk)

    def claim(self) -> str | None:
        """Take the work if it is due; returns the claim, or None if it is somebody else's or not due."""
        now = timezone.now()
        if self.task.status != STATUS.SCHEDULED or self.task.scheduled is None or self.task.scheduled > now:
            return None
        claim = uuid.uuid4().hex
        self.task.scheduled = now + leases.lease()
        data = self.task.data
        failing = {
            name: data[name] for name in (leases.FAILING_SINCE, leases.FAILURES, "error") if name in data
        }
        if "claim" in data:  # whoever had it is gone: killed, or the work itself kills
            failing |= leases.failing(data, is_ours=False)
        self.task.data = {"attempts": data.get("attempts", 0) + 1, "claim": claim, **failing}
        self.task.save(update_fields=["scheduled", "data"])
        return claim

    def holds(self, claim: str) -> bool:
        """Say whether the work is still open and still this claim's."""
        return bool(self.task.status == STATUS.SCHEDULED and self.task.data.get("claim") == claim)

    def put_off(self, delay: timedelta) -> None:
        """Give the work back, due after `delay`."""
        self.task.scheduled = timezone.now() + delay
        self.task.data = {"attempts": self.task.data.get("attempts", 0)}
        self.task.save(update_fields=["scheduled", "data"])

    def finish(self) -> None:
        """The outcome is recorded: go on."""
        self.start()
        self.complete()
        self.activate_next()

    @Activation.status.transition(source=[STATUS.SCHEDULED, STATUS.STARTED], target=STATUS.ERROR)
    def error(self, exception: BaseException) -> None:
        """Keep the exception's type only: viewflow would store the stack frame's locals, names and all."""
        self.task.data = {"_exception": {"type": type(exception).__name__}}
        self.task.finished = timezone.now()
        self.task.save()
        task_failed.send(sender=self.flow_class, process=self.process, task=self.task)

    @Activation.status.transition(source=[STATUS.NEW, STATUS.SCHEDULED], target=STATUS.CANCELED)
    def cancel(self) -> None:
        self.task.finished = timezone.now()
        self.task.save()


class Background(AbstractJob):
    """Work done by a worker.

    :param work: `(request) -> result`, called with no transaction open; may ask the directory.
    :param record: `(request, result) -> None | Again`, called under the flow's lock; None ends the node.
    :param first_delay: how long after the node is reached the work is due, or `(request) -> timedelta`.
    """

    activation_class = BackgroundActivation

    def __init__(
        self,
        *,
        work: Callable[..., Any],
        record: Callable[..., Again | None],
        first_delay: timedelta | Callable[..., timedelta] = timedelta(0),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.work = work
        self.record = record
        self._first_delay = first_delay

    def _resolve(self, instance: Any) -> None:
        super()._resolve(instance)
        self.work = this.resolve(instance, self.work)
        self.record = this.resolve(instance, self.record)

    def first_delay(self, activation: BackgroundActivation) -> timedelta:
        if isinstance(self._first_delay, timedelta):
            return self._first_delay
        return self._first_delay(activation.process.case)
