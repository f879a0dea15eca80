"""Each answer to a form gets an address of its own, so that the browser's back, forward and reload work.

A page that answers a POST cannot be shown again without sending the form once more, and browsers keep nothing
that is marked as not to be kept (`ERR_CACHE_MISS`). So such a page waits in the session, and the browser is
led to it. It goes with the session; the latest few are kept. Where one is gone, the form's own page comes.
Source: RFC 9110 §15.4.4 (See Other).
"""

from __future__ import annotations

import base64
import secrets
import zlib
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.cache import add_never_cache_headers

PARAMETER = "svar"
MOST_KEPT = 5
LONGEST_KEPT = 2_000_000  # characters of a page; the longest list of rights has some 300 000

IN_PARTS = "X-Taken-In-Parts"  # asked for by a page that stays where it is and takes parts of the answer

_KEY = "answers"
_STATUSES = (200, 400, 403, 404, 409, 429, 503)
_HEADERS = ("Content-Type", "Retry-After")


class SeeOther(HttpResponseRedirect):
    """Ask for another page by GET, whatever was sent here."""

    status_code = 303


class AnswersByAddress:
    """After the limits of the session, so that nothing of it is shown when it has ended."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.wanted_answer = _taken_from_address(request)  # type: ignore[attr-defined]
        response = self.get_response(request)
        if request.method == "POST" and _is_a_page(request, response):
            return _led_to(request, response)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        name = getattr(request, "wanted_answer", "")
        if not name or request.method not in ("GET", "HEAD"):
            return None
        return _kept(request, name) or HttpResponseRedirect(request.get_full_path())


def _taken_from_address(request: HttpRequest) -> str:
    """The name of the wanted answer. No view reads it, and no form sends it on."""
    name = request.GET.get(PARAMETER, "")
    if PARAMETER in request.GET:
        rest = request.GET.copy()
        del rest[PARAMETER]
        request.GET = rest  # type: ignore[assignment]
        request.META["QUERY_STRING"] = rest.urlencode()
    return name


def _is_a_page(request: HttpRequest, response: HttpResponse) -> bool:
    if IN_PARTS in request.headers:
        return False
    is_known = request.user.is_authenticated and not response.streaming
    is_html = response.headers.get("Content-Type", "").startswith("text/html")
    return is_known and is_html and response.status_code in _STATUSES and len(response.content) < LONGEST_KEPT


def _led_to(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Keep the page, and lead to it. Cookies that it sets are set on the way."""
    name = secrets.token_urlsafe(9)
    kept = request.session.get(_KEY, [])[-(MOST_KEPT - 1) :]
    page = {
        "name": name,
        "path": request.path,
        "status": response.status_code,
        "headers": {one: response.headers[one] for one in _HEADERS if one in response.headers},
        "body": base64.b64encode(zlib.compress(response.content)).decode(),
    }
    request.session[_KEY] = [*kept, page]
    query = request.GET.copy()
    query[PARAMETER] = name
    answer = SeeOther(f"{request.path}?{query.urlencode()}")
    answer.cookies = response.cookies
    add_never_cache_headers(answer)
    return answer


def _kept(request: HttpRequest, name: str) -> HttpResponse | None:
    for page in request.session.get(_KEY, []):
        if page["name"] == name and page["path"] == request.path:
            body = zlib.decompress(base64.b64decode(page["body"]))
            response = HttpResponse(body, status=page["status"], headers=page["headers"])
            add_never_cache_headers(response)
            return response
    return None
