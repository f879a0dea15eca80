"""Both flows as BPMN 2.0: what OMG's schema demands, and what the flow says."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
import xmlschema

from workflows import way, words
from workflows.engine import bpmn
from workflows.engine.graph import Graph, NodeKind

SCHEMA = Path(__file__).parent / "schema" / "BPMN20.xsd"
MODEL, DIAGRAM = f"{{{bpmn.MODEL}}}", f"{{{bpmn.DIAGRAM}}}"


@pytest.fixture(scope="module")
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(SCHEMA)


@pytest.fixture(params=[way.orders, way.removals], ids=["orders", "removals"])
def graph(request) -> Graph:
    return request.param()


def written(graph: Graph) -> str:
    return bpmn.document(graph, title=words.title(graph), words=words.state)


def parsed(graph: Graph) -> Xml.Element:
    return Xml.fromstring(written(graph))  # noqa: S314 - our own


def test_the_document_is_valid_by_the_schema_of_bpmn(graph, schema):
    assert [str(error) for error in schema.iter_errors(written(graph))] == []


def test_the_schema_refuses_a_document_that_is_wrong(graph, schema):
    wrong = written(graph).replace("sourceRef", "from")

    assert not schema.is_valid(wrong)


def test_the_document_holds_every_node_and_every_arrow(graph):
    root = parsed(graph)
    process = root.find(f"{MODEL}process")
    assert process is not None
    flows = process.findall(f"{MODEL}sequenceFlow")
    nodes = {each.get("id") for each in process} - {flow.get("id") for flow in flows}

    assert nodes == set(graph.nodes)
    assert sorted((flow.get("sourceRef"), flow.get("targetRef")) for flow in flows) == sorted(
        (node.name, arrow.to) for node in graph.nodes.values() for arrow in node.arrows
    )


def test_people_have_user_tasks_and_the_tool_has_service_tasks(graph):
    root = parsed(graph)
    for kind, element in ((NodeKind.STEP, "userTask"), (NodeKind.WORK, "serviceTask")):
        found = {each.get("id") for each in root.iter(f"{MODEL}{element}")}
        assert found == {node.name for node in graph.nodes.values() if node.kind is kind}


def test_no_two_shapes_of_the_diagram_stand_on_each_other(graph):
    root = parsed(graph)
    boxes = [
        tuple(int(bounds.get(side, "0")) for side in ("x", "y", "width", "height"))
        for bounds in root.iter(f"{{{bpmn.BOUNDS}}}Bounds")
    ]
    assert len(boxes) == len(graph.nodes)
    for number, (x, y, width, height) in enumerate(boxes):
        for other_x, other_y, other_width, other_height in boxes[number + 1 :]:
            beside = x + width <= other_x or other_x + other_width <= x
            assert beside or y + height <= other_y or other_y + other_height <= y
