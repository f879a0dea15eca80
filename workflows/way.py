"""The way that one case has taken through its flow, as the engine's tasks tell it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from provisioning.models import AccessRequest, Case
from workflows.engine import graph
from workflows.engine.graph import Graph, NodeKind
from workflows.orders.flow import AccessRequestFlow
from workflows.removals.flow import RemovalFlow

_OPEN = (STATUS.NEW, STATUS.ASSIGNED, STATUS.STARTED, STATUS.SCHEDULED)


@dataclass(frozen=True, slots=True)
class Passed:
    """A node that a case has come to. `left_at` is None while the case stands there."""

    name: str
    came_at: datetime
    left_at: datetime | None


def orders() -> Graph:
    """How an order goes."""
    return graph.read(AccessRequestFlow)


def removals() -> Graph:
    """How a removal goes."""
    return graph.read(RemovalFlow)


def graph_of(case: Case) -> Graph:
    return orders() if isinstance(case, AccessRequest) else removals()


def taken(case: Case) -> tuple[Passed, ...]:
    """The steps, work and ends that the case has come to, the first first; gates are no places to stand."""
    nodes = graph_of(case).nodes
    found = []
    for task in Task.objects.filter(process_id=case.process.pk).order_by("pk"):
        node = nodes.get(task.flow_task.name)
        if node is None or node.kind is NodeKind.GATE:
            continue
        left_at = None if task.status in _OPEN else task.finished
        found.append(Passed(node.name, task.created, left_at))
    return tuple(found)
