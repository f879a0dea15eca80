"""No personal identity number comes further than this: not into a session, a draft, a log or an address.

What somebody sent is cleaned before anything reads it. A field that held such a number keeps the rest of its
text, and knows (`NumberTakenOut`) that it must be refused; what the page shows again is without the number.
An address that holds one is left at once for the same without it.
"""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.request import UnreadablePostError
from django.urls import NoReverseMatch, reverse

from provisioning.pages.fields import LOOKS_LIKE_A_NUMBER, NumberTakenOut
from provisioning.rules import identity_numbers


class IdentityNumbers:
    """Before the log-in check, which would carry the address on; after messages, to say what happened."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _is_a_providers_answer(request):
            return self.get_response(request)
        if identity_numbers.is_held_by(request.path):
            return _go_to(request, reverse("start"))
        if (cleaned := _cleaned(request.GET)) is not None:
            for name in [name for name, text in cleaned.items() if isinstance(text, NumberTakenOut)]:
                del cleaned[name]
            request.META["QUERY_STRING"] = cleaned.urlencode()
            if request.method != "POST":
                return _go_to(request, request.get_full_path())
            request.GET = cleaned  # type: ignore[assignment]
        if request.method == "POST":
            _clean_what_was_sent(request)
        return self.get_response(request)


def _is_a_providers_answer(request: HttpRequest) -> bool:
    """Codes that the log-in provider made up, and no person wrote."""
    try:
        return request.path == reverse("oidc_callback")
    except NoReverseMatch:
        return False


def _go_to(request: HttpRequest, address: str) -> HttpResponse:
    messages.error(request, str(LOOKS_LIKE_A_NUMBER))
    return HttpResponseRedirect(address)


def _clean_what_was_sent(request: HttpRequest) -> None:
    try:
        sent = request.POST
    except UnreadablePostError:
        return  # the CSRF check answers
    cleaned = _cleaned(sent)
    if cleaned is not None:
        request.POST = cleaned  # type: ignore[assignment]


def _cleaned(data: QueryDict) -> QueryDict | None:
    """The same without such numbers, also in names; None where there is none in it."""
    if not any(identity_numbers.is_held_by(text) for one in data.lists() for text in (one[0], *one[1])):
        return None
    cleaned = QueryDict(mutable=True)
    for name, values in data.lists():
        if not identity_numbers.is_held_by(name):
            cleaned.setlist(name, [_without(value) for value in values])
    return cleaned


def _without(value: str) -> str:
    if not identity_numbers.is_held_by(value):
        return value
    return NumberTakenOut(identity_numbers.taken_out(value, instead=""))
