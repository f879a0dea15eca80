"""The way out: the provider's own log-out after ours, and the page that says that the person is out."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from provisioning.login import exchange, provider


def leave(request: HttpRequest, id_token: str) -> HttpResponse:
    """Go on from an ended session to the provider's own log-out, if it has one.

    A page of ours that leads on, not a redirection: the content policy lets the answer to a form lead to
    this site alone.
    """
    if not provider.is_configured():
        return redirect("login")
    back = settings.SITE_URL + reverse("logged_out")
    address = exchange.logout_address(id_token, back=back, language=get_language() or "sv")
    if address is None:
        return redirect("logged_out")
    response = render(request, "provisioning/login/leaving.html", {"address": address})
    response["Refresh"] = f"0; url={address}"
    response["Cache-Control"] = "no-store"
    return response


@login_not_required
@never_cache
@require_safe
def logged_out(request: HttpRequest) -> HttpResponse:
    """Say that the person is out, and how to come in again."""
    if request.user.is_authenticated:
        return redirect("start")
    return render(request, "provisioning/login/logged_out.html")
