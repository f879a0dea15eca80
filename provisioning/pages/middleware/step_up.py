"""A decision needs the card, shown a short time ago: otherwise the card is asked for again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from provisioning.models import User
from provisioning.pages.login import step_up


class StepUp:
    """Asks before a view runs, so that nothing is decided meanwhile."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if not isinstance(request.user, User) or request.method != "POST":
            return None
        if step_up.is_decision(request) and not step_up.is_fresh(request):
            return step_up.ask(request)
        return None
