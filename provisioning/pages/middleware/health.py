"""Answers the machines before session, host name and language: only the headers of every answer come first.

A load balancer asks by IP address, and asks on while the cache or the database is away.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from provisioning.pages import health
from provisioning.pages.operation import metrics

ADDRESSES = {"/healthz": health.live, "/readyz": health.ready, "/metrics": metrics.metrics}


class HealthMiddleware:
    """What it answers, no later middleware sees."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        view = ADDRESSES.get(request.path_info)
        return self.get_response(request) if view is None else view(request)
