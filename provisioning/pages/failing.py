"""The last answer: what a page says when something failed that no view has foreseen."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseServerError
from django.template import loader

AGAIN_SECONDS = 30


def failed(request: HttpRequest) -> HttpResponse:
    """A database that is away for a moment is no fault of ours: 503, try again. All else is: 500."""
    if isinstance(sys.exc_info()[1], (OperationalError, InterfaceError)):
        page = loader.render_to_string("503.html")
        return HttpResponse(page, status=503, headers={"Retry-After": str(AGAIN_SECONDS)})
    return HttpResponseServerError(loader.render_to_string("500.html"))
