"""Which language a page is in: Swedish, until the reader chooses another on the page."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


class SwedishFirst:
    """Leave the browser's own wish aside: on a shared computer it says nothing about who reads.

    Stands before Django's LocaleMiddleware, which then goes by the reader's choice (a cookie) alone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith("/api/"):  # a program says what its reader wants
            request.META.pop("HTTP_ACCEPT_LANGUAGE", None)
        return self.get_response(request)
