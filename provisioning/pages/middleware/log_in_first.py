"""Who is not logged in is asked to log in first; what they have filled in is held on the page meanwhile."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from provisioning.pages.answers import filled_in
from provisioning.pages.drafts.pages_with_drafts import has_drafts


class LogInFirst(LoginRequiredMiddleware):
    """Django's, but for a form sent after the log-in had ended: nobody can tell whose draft it would be."""

    def handle_no_permission(  # type: ignore[override]  # any answer will do
        self, request: HttpRequest, view_func: Any
    ) -> HttpResponse:
        match = request.resolver_match
        if request.method != "POST" or match is None or not has_drafts(match.url_name):
            return super().handle_no_permission(request, view_func)
        context = {"fields": filled_in(request)}
        response = render(request, "provisioning/login/send_after_log_in.html", context, status=403)
        add_never_cache_headers(response)
        return response
