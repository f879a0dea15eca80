"""The way in and out. The demo has its own way in; without a configured one the page says so plainly."""

from __future__ import annotations

from urllib.parse import urlencode

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from provisioning.login import attempts, facts, provider, sessions
from provisioning.models import User
from provisioning.pages.login.leaving import leave

LONGEST_WANTED = 1000  # characters; ours have some 100
BACKEND = "django.contrib.auth.backends.ModelBackend"


@login_not_required
@never_cache
@require_safe
def login(request: HttpRequest) -> HttpResponse:
    """Lead to the configured way in, keeping where the person wanted to go."""
    wanted = wanted_address(request, request.GET.get("next", ""))
    if request.user.is_authenticated:
        return go_to(wanted)
    if provider.is_configured():
        return redirect(f"{reverse('oidc_begin')}?{urlencode({'next': wanted})}")
    if settings.IS_DEMO:
        return redirect(f"{reverse('demo_login')}?{urlencode({'next': wanted})}")
    context = {"contacts": settings.OPERATORS_MAIL}
    return render(request, "provisioning/no_login.html", context, status=503)


@login_not_required
@require_POST
def logout(request: HttpRequest) -> HttpResponse:
    """End the session, here and at the provider that proved who the person is."""
    id_token = attempts.proof(request.session)
    if isinstance(request.user, User):
        facts.end(request.user)
        sessions.forget(request.session.session_key)
    auth.logout(request)
    return leave(request, id_token)


def begin_session(request: HttpRequest, user: User) -> None:
    """Tie the browser to a user who has proved who they are."""
    auth.login(request, user, backend=BACKEND)


def wanted_address(request: HttpRequest, address: str) -> str:
    """The address to go on to, if it is one of ours by its path alone; otherwise the start page.

    `//` and `/\\` begin another site's address, and a control character may hide what comes after it.
    """
    is_path = address.startswith("/") and address.isprintable() and len(address) <= LONGEST_WANTED
    is_ours = is_path and url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if is_ours else resolve_url(settings.LOGIN_REDIRECT_URL)


def go_to(address: str) -> HttpResponse:
    """Lead to an address as it stands. Django's `redirect` takes one without a slash for a page's name."""
    return HttpResponseRedirect(address)
