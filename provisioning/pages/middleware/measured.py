"""Measures and traces each answer by the page's name: addresses hold ids, and there would be one for each."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from provisioning import measures, traces


class Measured:
    """Time until the answer begins, by page, method and status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        method = request.method if request.method in ("GET", "HEAD", "POST") else "other"
        with traces.span(method) as span:
            response = self.get_response(request)
            match = request.resolver_match
            page = (match.url_name or match.route) if match else "none"
            span.name(f"{method} {page}")
            span.tell({"http.response.status_code": response.status_code})
        measures.PAGES.labels(page, method, str(response.status_code)).observe(time.monotonic() - began)
        return response
