"""What is sent is kept first and forgotten when it has been taken: nothing typed is lost on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from provisioning.login import unsent_forms
from provisioning.models import User
from provisioning.pages.drafts.keep import keep
from provisioning.pages.drafts.pages_with_drafts import has_drafts, is_left_open


class KeepingDrafts:
    """Before the limits and the question for the card: what they stop is filled in when it goes on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Only what came as far as to a view can have been taken: an old token and the like end before.
        is_sent = getattr(request, "is_sent_form", False)
        if is_sent and _was_taken(request, response) and isinstance(request.user, User):
            unsent_forms.drop(request.user, request.path, opened=request.POST.get("submission", ""))
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if is_kept(request) and isinstance(request.user, User):
            keep(request, request.user)
            request.is_sent_form = True  # type: ignore[attr-defined]
        return None


def is_kept(request: HttpRequest) -> bool:
    """Whether it sends a form that is kept."""
    match = request.resolver_match
    is_sent = request.method == "POST" and match is not None and has_drafts(match.url_name)
    is_begun_elsewhere = request.path == reverse("order") and "need" not in request.POST
    return is_sent and not is_begun_elsewhere


def _was_taken(request: HttpRequest, response: HttpResponse) -> bool:
    """It led on to another page, or back to one that is answered bit by bit."""
    if response.status_code not in (301, 302):
        return False
    path = urlsplit(response.headers.get("Location", "")).path
    return path != request.path or not is_left_open(request.resolver_match)
