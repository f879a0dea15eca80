"""The card again before a decision: what was filled in is a draft meanwhile, and nothing is lost.

Source: OWASP ASVS 4.0.3, 3.7.1; OpenID Connect Core 1.0 §3.1.2.1.
"""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from provisioning.login import attempts, provider
from provisioning.mandates import current
from provisioning.models import User

# Which form is which decision, by the name of its address. A test holds that each of them exists.
DECISIONS = {
    "attest": "attest",
    "order_attest": "attest",
    "kiv_task": "carry_out",
    "kiv_done": "carry_out",
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
    return _name(request) in ("order", "order_many") and request.POST.get("action") == "send"


def _attests_by_ordering(request: HttpRequest) -> bool:
    """Whoever may attest has attested what they order themselves."""
    return isinstance(request.user, User) and current.for_display(request.user).is_head_of_unit


def is_fresh(request: HttpRequest) -> bool:
    """Say whether the card was shown lately enough."""
    return attempts.is_fresh(request.session, minutes=settings.OIDC_STEP_UP_MINUTES)


def ask(request: HttpRequest) -> HttpResponse:
    """Ask for the card by a link: no answer to a form may lead to another site. What was sent is kept."""
    context = {"minutes": settings.OIDC_STEP_UP_MINUTES, "back": request.path}
    response = render(request, "provisioning/login/step_up.html", context, status=403)
    response["Cache-Control"] = "no-store"
    return response
