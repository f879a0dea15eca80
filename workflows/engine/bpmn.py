"""A flow as BPMN 2.0, with a diagram, so that it opens in any BPMN tool.

Source of elements and their order: OMG, Business Process Model and Notation 2.0.2 (formal/2013-12-09), and
its schema files BPMN20.xsd, BPMNDI.xsd, DC.xsd and DI.xsd.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from xml.etree import ElementTree as Xml

from workflows.engine.graph import Arrow, FlowNode, Graph, NodeKind

MODEL = "http://www.omg.org/spec/BPMN/20100524/MODEL"
DIAGRAM = "http://www.omg.org/spec/BPMN/20100524/DI"
BOUNDS = "http://www.omg.org/spec/DD/20100524/DC"
POINTS = "http://www.omg.org/spec/DD/20100524/DI"
TARGET = "urn:behorighetsvagen:process"

Words = Callable[[Enum], str]

_ELEMENT = {
    NodeKind.START: "startEvent",
    NodeKind.STEP: "userTask",
    NodeKind.WORK: "serviceTask",
    NodeKind.GATE: "exclusiveGateway",
    NodeKind.END: "endEvent",
}
_SIZE = {  # width and height in the diagram's units
    NodeKind.START: (36, 36),
    NodeKind.STEP: (220, 80),
    NodeKind.WORK: (220, 80),
    NodeKind.GATE: (50, 50),
    NodeKind.END: (36, 36),
}
_STEPS_AT, _GATES_AT, _CHANNELS_AT = 200, 420, 520  # the middle of a column; where the first channel runs
_ROW, _CHANNEL, _TOP = 150, 14, 80


@dataclass(frozen=True, slots=True)
class Flowing:
    """An arrow with both its ends and its number, by which the document names it."""

    number: int
    source: FlowNode
    arrow: Arrow

    @property
    def id(self) -> str:
        return f"flow_{self.number}"


def document(graph: Graph, *, title: str, words: Words) -> str:
    """The flow as a BPMN 2.0 document. `words`: what a state is called, in the language of the title."""
    flows = [
        Flowing(number, node, arrow)
        for number, (node, arrow) in enumerate(
            ((node, arrow) for node in graph.nodes.values() for arrow in node.arrows), 1
        )
    ]
    for prefix, space in (("bpmn", MODEL), ("bpmndi", DIAGRAM), ("dc", BOUNDS), ("di", POINTS)):
        Xml.register_namespace(prefix, space)
    root = Xml.Element(f"{{{MODEL}}}definitions", id=f"{graph.name}_definitions", targetNamespace=TARGET)
    process = Xml.SubElement(root, f"{{{MODEL}}}process", id=graph.name, name=title, isExecutable="false")
    for node in graph.nodes.values():
        _add_node(process, node, flows)
    for flow in flows:
        _add_flow(process, flow, words)
    _add_diagram(root, graph, flows)
    Xml.indent(root)
    return Xml.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _add_node(process: Xml.Element, node: FlowNode, flows: list[Flowing]) -> None:
    leaving = [flow for flow in flows if flow.source is node]
    attributes = {"id": node.name, "name": str(node.title)}
    if node.kind is NodeKind.GATE:
        attributes["default"] = next(flow.id for flow in leaving if flow.arrow.state is None)
    element = Xml.SubElement(process, f"{{{MODEL}}}{_ELEMENT[node.kind]}", attributes)
    for flow in flows:
        if flow.arrow.to == node.name:
            Xml.SubElement(element, f"{{{MODEL}}}incoming").text = flow.id
    for flow in leaving:
        Xml.SubElement(element, f"{{{MODEL}}}outgoing").text = flow.id


def _add_flow(process: Xml.Element, flow: Flowing, words: Words) -> None:
    attributes = {"id": flow.id, "sourceRef": flow.source.name, "targetRef": flow.arrow.to}
    if flow.arrow.state is not None:
        attributes["name"] = words(flow.arrow.state)
    Xml.SubElement(process, f"{{{MODEL}}}sequenceFlow", attributes)


def _add_diagram(root: Xml.Element, graph: Graph, flows: list[Flowing]) -> None:
    diagram = Xml.SubElement(root, f"{{{DIAGRAM}}}BPMNDiagram", id=f"{graph.name}_diagram")
    plane = Xml.SubElement(
        diagram, f"{{{DIAGRAM}}}BPMNPlane", id=f"{graph.name}_plane", bpmnElement=graph.name
    )
    places = dict(_places(graph, channels=len(flows)))
    for name, (x, y) in places.items():
        width, height = _SIZE[graph.nodes[name].kind]
        shape = Xml.SubElement(plane, f"{{{DIAGRAM}}}BPMNShape", id=f"{name}_shape", bpmnElement=name)
        box = {"x": x - width // 2, "y": y - height // 2, "width": width, "height": height}
        Xml.SubElement(shape, f"{{{BOUNDS}}}Bounds", {side: str(value) for side, value in box.items()})
    for flow in flows:
        edge = Xml.SubElement(plane, f"{{{DIAGRAM}}}BPMNEdge", id=f"{flow.id}_edge", bpmnElement=flow.id)
        for x, y in _points(graph, flow, places, flows):
            Xml.SubElement(edge, f"{{{POINTS}}}waypoint", x=str(x), y=str(y))


def _places(graph: Graph, *, channels: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """The middle of each node: what happens in one column, each gate beside it, and the ends on the right."""
    for row, node in enumerate(graph.steps):
        y = _TOP + row * _ROW
        yield node.name, (_STEPS_AT, y)
        for arrow in node.arrows:
            if graph.nodes[arrow.to].kind is NodeKind.GATE:
                yield arrow.to, (_GATES_AT, y)
    for row, node in enumerate(graph.ends):
        yield node.name, (_CHANNELS_AT + (channels + 4) * _CHANNEL, _TOP + row * _ROW)


def _points(
    graph: Graph, flow: Flowing, places: Mapping[str, tuple[int, int]], flows: list[Flowing]
) -> list[tuple[int, int]]:
    """The bends of an arrow: straight to a gate, else through a channel of its own to the next node."""
    source, target = flow.source, graph.nodes[flow.arrow.to]
    (x, y), (to_x, to_y) = places[source.name], places[target.name]
    right = x + _SIZE[source.kind][0] // 2
    width, height = _SIZE[target.kind]
    if target.kind is NodeKind.GATE:
        return [(right, y), (to_x - width // 2, to_y)]
    channel = _CHANNELS_AT + flow.number * _CHANNEL
    if target.kind is NodeKind.END:
        return [(right, y), (channel, y), (channel, to_y), (to_x - width // 2, to_y)]
    coming = [one for one in flows if one.arrow.to == target.name]
    at = to_x - width // 2 + (coming.index(flow) + 1) * width // (len(coming) + 1)
    above = to_y - height // 2
    return [(right, y), (channel, y), (channel, above - 25), (at, above - 25), (at, above)]
