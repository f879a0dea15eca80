"""Our BPMN files open in a BPMN viewer, with nothing to complain of."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import cast
from tests.browser.conftest import Visit
from workflows import way

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]

VIEWER = Path(__file__).parent / "vendor" / "bpmn-js" / "bpmn-viewer.production.min.js"
OPEN = """async (document) => {
    const viewer = new BpmnJS({ container: window.document.body });
    const { warnings } = await viewer.importXML(document);
    const shown = viewer.get('elementRegistry').filter(one => one.businessObject && !one.labelTarget);
    return { warnings: warnings.map(String), shown: shown.map(one => one.id) };
}"""


@pytest.mark.parametrize(("name", "graph"), [("bestallning", way.orders()), ("borttagning", way.removals())])
def test_a_viewer_shows_every_node_and_arrow(visit: Visit, name, graph) -> None:
    visitor = visit(cast.HEAD)
    fetched = visitor.page.request.get(f"{visitor.base_url}/sa-gar-det-till/{name}.bpmn")
    browser = visitor.page.context.browser
    assert browser
    page = browser.new_page()
    page.set_content("<!DOCTYPE html><title>BPMN</title><body style='height: 2000px'></body>")
    page.add_script_tag(path=VIEWER)

    opened = page.evaluate(OPEN, fetched.text())

    arrows = sum(len(node.arrows) for node in graph.nodes.values())
    assert opened["warnings"] == []
    assert set(graph.nodes) <= set(opened["shown"])
    assert sum(one.startswith("flow_") for one in opened["shown"]) == arrows
    page.close()
