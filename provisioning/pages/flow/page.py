"""How it works: both flows as pictures and as BPMN, from the classes that the engine runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from provisioning.pages.flow import picture
from workflows import way, words
from workflows.engine import bpmn
from workflows.engine.graph import Graph

FLOWS: Mapping[str, Callable[[], Graph]] = {"bestallning": way.orders, "borttagning": way.removals}
_ADDRESSES = {"bestallning": "order_bpmn", "borttagning": "removal_bpmn"}


@require_safe
def how_it_works(request: HttpRequest) -> HttpResponse:
    """Both flows, for everybody who is logged in."""
    flows = [{"bpmn": _ADDRESSES[name], "picture": picture.draw(graph())} for name, graph in FLOWS.items()]
    return render(request, "provisioning/flow/page.html", {"flows": flows})


@require_safe
def orders_as_bpmn(request: HttpRequest) -> HttpResponse:
    """The flow of an order as a BPMN 2.0 file, in the reader's language."""
    return _file("bestallning")


@require_safe
def removals_as_bpmn(request: HttpRequest) -> HttpResponse:
    """The flow of a removal as a BPMN 2.0 file, in the reader's language."""
    return _file("borttagning")


def document(graph: Graph) -> str:
    """A flow as BPMN 2.0, in the language that is active."""
    return bpmn.document(graph, title=words.title(graph), words=words.state)


def _file(name: str) -> HttpResponse:
    response = HttpResponse(document(FLOWS[name]()), content_type="application/xml")
    response["Content-Disposition"] = f'attachment; filename="{name}.bpmn"'
    return response
