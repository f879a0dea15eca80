"""Measures each answer by the page's name: addresses hold ids, and there would be a figure for each."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from provisioning import measures


class Measured:
    """Time until the answer begins, by page, method and status."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        response = self.get_response(request)
        match = request.resolver_match
        page = (match.url_name or match.route) if match else "none"
        method = request.method if request.method in ("GET", "HEAD", "POST") else "other"
        measures.PAGES.labels(page, method, str(response.status_code)).observe(time.monotonic() - began)
        return response
