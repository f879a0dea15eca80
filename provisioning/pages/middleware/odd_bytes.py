"""Bytes that no browser sends: answered here, once for every page, before anything reads them.

PostgreSQL keeps no NUL, and a form in another encoding than ours cannot be read. Without this each of them
would be a fault of ours (500) on some page, not an address that is not there or one that makes no sense.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest
from django.core.handlers.wsgi import WSGIRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import parse_header_parameters

CHARSETS = ("utf-8", "utf8", "us-ascii", "ascii")
NUL = "\x00"


class Utf8Request(WSGIRequest):
    """A request that is read as UTF-8 whatever it says of itself.

    Django reads the question by the charset of the header while it makes the request, before any middleware:
    a name such as `base64` ends that with an error that nobody can answer.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))


class OddBytes:
    """Not found for a NUL in the address, bad request for one after it or for another encoding."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if NUL in request.path:
            raise Http404
        charset = (request.content_params or {}).get("charset", CHARSETS[0])
        if charset.strip("\"' ").lower() not in CHARSETS:
            raise BadRequest
        # Django reads the length as a number, and some servers hand on whatever was sent.
        if not (request.META.get("CONTENT_LENGTH") or "0").isdecimal():
            raise BadRequest
        if any(NUL in text for name, values in request.GET.lists() for text in (name, *values)):
            raise BadRequest
        # A cookie is sent again and again: what is none of ours is not there, and locks nobody out.
        for name in [name for name, value in request.COOKIES.items() if NUL in name + value]:
            del request.COOKIES[name]
        return self.get_response(request)
