"""A person's own log-ins: when, from what browser, last used; and ending one that is not needed."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from provisioning.login import sessions
from provisioning.pages.answers import acting_user


@never_cache
@require_safe
def log_ins(request: HttpRequest) -> HttpResponse:
    """List them, this one first."""
    user = acting_user(request)
    rows = list(sessions.own(user))
    for row in rows:
        row.is_this = row.session_key == request.session.session_key  # type: ignore[attr-defined]
    rows.sort(key=lambda row: not row.is_this)  # type: ignore[attr-defined]
    return render(request, "provisioning/login/mine.html", {"rows": rows})


@require_POST
def end_log_in(request: HttpRequest) -> HttpResponse:
    """End one of them. Which one stands in the form, never in an address."""
    user = acting_user(request)
    try:
        public_id = UUID(request.POST.get("log_in", ""))
    except ValueError as exc:
        raise Http404 from exc
    if not sessions.end(public_id, by=user):
        raise Http404
    messages.success(request, _("The log-in has ended. Whoever used it has to log in again."))
    return redirect("log_ins")
