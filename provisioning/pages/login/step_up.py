"""The card again before a decision: what was filled in waits on the server meanwhile, and nothing is lost.

Source: OWASP ASVS 4.0.3, 3.7.1; OpenID Connect Core 1.0 §3.1.2.1.
"""

from __future__ import annotations

import time

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from provisioning.login import attempts, provider
from provisioning.mandates import current
from provisioning.models import User
from provisioning.pages.order import unsent

# Which form is which decision, by the name of its address. A test holds that each of them exists.
DECISIONS = {
    "attest": "attest",
    "kiv_task": "carry_out",
    "removal_task": "carry_out",
    "delegate": "delegate",
    "revoke_delegation": "delegate",
    "reorganisation": "attest",
    "ending": "prolong",
    "review": "review",
    "grant_end": "end",
    "grant_let_end": "end",
    "removal_withdraw": "end",
    "finding": "settle",
    "findings_many": "settle",
}
MOST_KEPT = 3  # forms; the oldest give way
LONGEST_KEPT = 200_000  # characters; the largest form has some thousands

_ANSWERS = "step_up.answers"


def is_decision(request: HttpRequest) -> bool:
    """Say whether this request sends a decision that needs a fresh proof here."""
    if request.method != "POST" or not settings.OIDC_STEP_UP or not provider.is_configured():
        return False
    if _is_order(request):
        return "attest" in settings.OIDC_STEP_UP and _attests_by_ordering(request)
    return DECISIONS.get(_name(request)) in settings.OIDC_STEP_UP


def _name(request: HttpRequest) -> str:
    return (request.resolver_match.url_name if request.resolver_match else None) or ""


def _is_order(request: HttpRequest) -> bool:
    return _name(request) == "order" and request.POST.get("action") == "send"


def _attests_by_ordering(request: HttpRequest) -> bool:
    """Whoever may attest has attested what they order themselves."""
    return isinstance(request.user, User) and current.for_display(request.user).is_head_of_unit


def is_fresh(request: HttpRequest) -> bool:
    """Say whether the card was shown lately enough."""
    return attempts.is_fresh(request.session, minutes=settings.OIDC_STEP_UP_MINUTES)


def ask(request: HttpRequest) -> HttpResponse:
    """Keep what was sent, and ask for the card by a link: no answer to a form may lead to another site."""
    keep(request)
    context = {"minutes": settings.OIDC_STEP_UP_MINUTES, "back": request.path}
    response = render(request, "provisioning/login/step_up.html", context, status=403)
    response["Cache-Control"] = "no-store"
    return response


def comes_back(request: HttpRequest) -> bool:
    """Say whether this page shows what is kept of its form when it is opened again."""
    return _name(request) in DECISIONS or _name(request) == "order"


def keep(request: HttpRequest) -> None:
    """Keep what was sent, for the page to show when it is opened again."""
    if isinstance(request.user, User) and _name(request) == "order":
        unsent.keep(request, request.user)
    kept = {path: one for path, one in request.session.get(_ANSWERS, {}).items() if path != request.path}
    data = request.POST.copy()
    data.pop("csrfmiddlewaretoken", None)
    text = data.urlencode()
    if len(text) <= LONGEST_KEPT:
        newest = sorted(kept.items(), key=lambda one: float(one[1]["at"]))[-(MOST_KEPT - 1) :]
        request.session[_ANSWERS] = dict([*newest, (request.path, {"data": text, "at": time.time()})])


def filled_in(request: HttpRequest) -> QueryDict | None:
    """What this page's form held when the card was asked for; None where nothing waits."""
    kept = request.session.get(_ANSWERS, {}).get(request.path)
    return QueryDict(kept["data"]) if kept else None


def drop(request: HttpRequest) -> None:
    """The form is sent anew: what waited is not needed any more."""
    kept = request.session.get(_ANSWERS, {})
    if kept.pop(request.path, None) is not None:
        request.session[_ANSWERS] = kept
