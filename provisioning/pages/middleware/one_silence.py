"""A page waits once for a directory that does not answer."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from provisioning.directory import one_silence


class OneSilence:
    """Wait one time limit for each directory at most, however much the page asks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with one_silence():
            return self.get_response(request)
