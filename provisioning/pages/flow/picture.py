"""The picture of a flow: where its boxes stand and its lines run, and which of them a case has passed.

The same nodes stand as a list beside the picture, for whoever does not see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from workflows import words
from workflows.engine.graph import Graph, NodeKind
from workflows.way import Passed

BOX_WIDTH, BOX_HEIGHT, ROW, CHANNEL, MARGIN = 370, 46, 78, 13, 14
_GOOD_ENDS = ("granted", "gone")  # where a flow goes when nothing stands in the way


@dataclass(frozen=True, slots=True)
class Box:
    """One node as it is drawn. `mark`: `done`, `now`, or blank where the case has not been."""

    name: str
    title: str
    kind: str
    x: int
    y: int
    mark: str
    leads_to: tuple[str, ...]
    came_at: datetime | None
    left_at: datetime | None
    times: int

    @property
    def middle(self) -> int:
        return self.y + BOX_HEIGHT // 2

    @property
    def text_x(self) -> int:
        return self.x + BOX_WIDTH // 2

    @property
    def text_y(self) -> int:
        return self.middle + 6


@dataclass(frozen=True, slots=True)
class Stroke:
    """One arrow as an SVG path. `is_taken`: the case went this way."""

    path: str
    is_taken: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """All that the template draws, in the units of the picture."""

    id: str
    title: str
    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Stroke, ...]
    box_width: int = BOX_WIDTH
    box_height: int = BOX_HEIGHT


def draw(graph: Graph, *, taken: Sequence[Passed] = ()) -> Picture:
    """The picture of a flow, with the way marked that a case has taken."""
    rows = {name: row for row, name in enumerate(_in_rows(graph))}
    arrows = [(node.name, arrow.to) for node in graph.steps for arrow in graph.steps_after(node.name)]
    # Lines to the same node share a channel. The farther the node, the farther out its channel.
    forward = sorted({to for one, to in arrows if rows[to] > rows[one] + 1}, key=rows.__getitem__)
    back = sorted({to for one, to in arrows if rows[to] <= rows[one]}, key=rows.__getitem__, reverse=True)
    x = MARGIN + CHANNEL * (len(back) + 1)
    right = x + BOX_WIDTH
    channel_of = {to: x - CHANNEL * number for number, to in enumerate(back, 1)}
    boxes = {name: _box(graph, name, x=x, y=MARGIN + row * ROW, taken=taken) for name, row in rows.items()}
    went = {(one.name, two.name) for one, two in zip(taken, taken[1:], strict=False)}

    def path(one: Box, to: Box) -> str:
        if rows[to.name] == rows[one.name] + 1:
            return f"M{one.text_x} {one.y + BOX_HEIGHT}V{to.y}"
        if to.name in channel_of and rows[to.name] <= rows[one.name]:
            return f"M{x} {one.middle - 9}H{channel_of[to.name]}V{to.middle + 9}H{x}"
        channel = right + CHANNEL * (forward.index(to.name) + 1)
        return f"M{right} {one.middle + 9}H{channel}V{to.middle - 9}H{right}"

    lines = [Stroke(path(boxes[one], boxes[to]), (one, to) in went) for one, to in arrows]
    return Picture(
        id=graph.name,
        title=words.title(graph),
        width=right + CHANNEL * (len(forward) + 1) + MARGIN,
        height=MARGIN + len(rows) * ROW,
        boxes=tuple(boxes.values()),
        lines=tuple(sorted(lines, key=lambda line: line.is_taken)),  # what was taken lies on top
    )


def _in_rows(graph: Graph) -> list[str]:
    """What happens, in the order of the main way; then where it ends, the good end first."""
    ends = sorted(graph.ends, key=lambda end: end.name not in _GOOD_ENDS)
    return [node.name for node in (*graph.steps, *ends)]


def _box(graph: Graph, name: str, *, x: int, y: int, taken: Sequence[Passed]) -> Box:
    node = graph.nodes[name]
    passed = [one for one in taken if one.name == name]
    is_now = bool(passed) and passed[-1].left_at is None and node.kind is not NodeKind.END
    return Box(
        name=name,
        title=str(node.title),
        kind=node.kind.value,
        x=x,
        y=y,
        mark="now" if is_now else "done" if passed else "",
        leads_to=tuple(str(graph.nodes[arrow.to].title) for arrow in graph.steps_after(name)),
        came_at=passed[-1].came_at if passed else None,
        left_at=passed[-1].left_at if passed else None,
        times=len(passed),
    )
