"""A flow as nodes and arrows, read from its class: what pictures, BPMN and descriptions are made of."""

from __future__ import annotations

import enum
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from viewflow.workflow.base import Flow
from viewflow.workflow.nodes import End, StartHandle, Switch

from workflows.engine.nodes import Background, InState, Step


class NodeKind(enum.StrEnum):
    """What happens at a node."""

    START = "start"
    STEP = "step"  # a person's
    WORK = "work"  # automatic
    GATE = "gate"  # decides where to go, and nothing happens there
    END = "end"


@dataclass(frozen=True, slots=True)
class Arrow:
    """From a node to the next. `state`: the state of the case that leads this way; None: every other."""

    to: str
    state: enum.Enum | None = None


@dataclass(frozen=True, slots=True)
class FlowNode:
    """A node of a flow, by the name that its tasks are stored with. `title` is translated when shown."""

    name: str
    kind: NodeKind
    title: Any
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """A flow's nodes in the order in which the flow declares them, which is the order of its main way."""

    name: str
    nodes: Mapping[str, FlowNode]

    @property
    def steps(self) -> tuple[FlowNode, ...]:
        """What happens on the way: the start, people's steps and automatic work."""
        return tuple(one for one in self.nodes.values() if one.kind not in (NodeKind.GATE, NodeKind.END))

    @property
    def ends(self) -> tuple[FlowNode, ...]:
        return tuple(one for one in self.nodes.values() if one.kind is NodeKind.END)

    def steps_after(self, name: str) -> tuple[Arrow, ...]:
        """Where the way goes on from a node, gates passed over: each next node once."""
        found: dict[str, Arrow] = {}
        for arrow in self.nodes[name].arrows:
            is_gate = self.nodes[arrow.to].kind is NodeKind.GATE
            for next_arrow in self.nodes[arrow.to].arrows if is_gate else (arrow,):
                found.setdefault(next_arrow.to, next_arrow)
        return tuple(found.values())


_KINDS = {
    StartHandle: NodeKind.START,
    Step: NodeKind.STEP,
    Background: NodeKind.WORK,
    Switch: NodeKind.GATE,
    End: NodeKind.END,
}


@functools.cache
def read(flow: type[Flow]) -> Graph:
    """The graph of a flow class, which never changes while the process lives."""
    known = {node.name: node for node in flow.instance.nodes()}
    nodes = {name: _node(known[name]) for name in vars(flow) if name in known}
    return Graph(flow.__name__, nodes)


def _node(node: Any) -> FlowNode:
    kind = next(kind for of, kind in _KINDS.items() if isinstance(node, of))
    return FlowNode(node.name, kind, node.task_title or node.name, _arrows(node, kind))


def _arrows(node: Any, kind: NodeKind) -> tuple[Arrow, ...]:
    if kind is NodeKind.GATE:
        branches = [(to.name, condition) for to, condition in node._branches]
        return tuple(Arrow(to, _state(condition)) for to, condition in branches)
    return tuple(Arrow(edge.dst.name) for edge in node._outgoing())


def _state(condition: Any) -> enum.Enum | None:
    return condition.state if isinstance(condition, InState) else None
