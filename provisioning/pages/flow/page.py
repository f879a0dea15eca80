"""How it works: both flows as pictures and as BPMN, from the classes that the engine runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from provisioning.pages.flow import picture
from workflows import way, words
from workflows.engine import bpmn
from workflows.engine.graph import Graph

FLOWS: Mapping[str, Callable[[], Graph]] = {"bestallning": way.orders, "borttagning": way.removals}


@require_safe
def how_it_works(request: HttpRequest) -> HttpResponse:
    """Both flows, for everybody who is logged in."""
    flows = [{"slug": slug, "picture": picture.draw(graph())} for slug, graph in FLOWS.items()]
    return render(request, "provisioning/flow/page.html", {"flows": flows})


@require_safe
def as_bpmn(request: HttpRequest, slug: str) -> HttpResponse:
    """One flow as a BPMN 2.0 file, in the reader's language."""
    if slug not in FLOWS:
        raise Http404
    response = HttpResponse(document(FLOWS[slug]()), content_type="application/xml")
    response["Content-Disposition"] = f'attachment; filename="{slug}.bpmn"'
    return response


def document(graph: Graph) -> str:
    """A flow as BPMN 2.0, in the language that is active."""
    return bpmn.document(graph, title=words.title(graph), words=words.state)
