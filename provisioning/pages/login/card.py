"""The pages of a log-in through the provider: there, back, which HSA-id, and why not."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError, NotAllowed, ProvisioningError
from provisioning.login import attempts, exchange, facts, provider
from provisioning.login.refusals import LoginRefused, explain
from provisioning.models import User
from provisioning.pages.login.page import begin_session, go_to, wanted_address
from provisioning.rules.hsa import HsaId

HOW = "oidc"

View = Callable[[HttpRequest], HttpResponse]


def _part_of_logging_in(view: View) -> View:
    """Open to everybody, never kept by a browser, and not there where no provider is configured."""

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not provider.is_configured():
            raise Http404
        return view(request)

    return login_not_required(never_cache(guarded))


@_part_of_logging_in
@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """Send the browser to the provider."""
    wanted = wanted_address(request, request.GET.get("next", ""))
    if request.user.is_authenticated:
        return go_to(wanted)
    return _to_provider(request, wanted)


@_part_of_logging_in
@require_safe
def begin_again(request: HttpRequest) -> HttpResponse:
    """Send somebody who is logged in to the provider, to show the card anew before a decision."""
    wanted = wanted_address(request, request.GET.get("next", ""))
    return _to_provider(request, wanted, is_again=request.user.is_authenticated)


def _to_provider(request: HttpRequest, wanted: str, *, is_again: bool = False) -> HttpResponse:
    try:
        address = exchange.begin(
            request.session,
            callback=_callback(),
            wanted=wanted,
            language=get_language() or "sv",
            is_again=is_again,
        )
    except LoginRefused as exc:
        return _refused(request, exc, back=wanted if is_again else "")
    return go_to(address)


@_part_of_logging_in
@require_safe
def callback(request: HttpRequest) -> HttpResponse:
    """The browser is back with the provider's answer. It never turns one person into another."""
    if isinstance(request.user, User):
        if attempts.is_again(request.session, request.GET.get("state", "")):
            return _answer_again(request, request.user)
        return redirect("start")
    try:
        proof, wanted = exchange.answer(request.session, request.GET.dict(), callback=_callback())
    except LoginRefused as exc:
        attempts.keep_proof(request.session, exc.id_token)  # to log out at the provider and try another card
        return _refused(request, exc)
    attempts.keep_proof(request.session, proof.id_token)
    attempts.keep_moment(request.session, proof.proved_at)
    if len(proof.hsa_ids) > 1:
        attempts.offer_choice(request.session, proof.hsa_ids, wanted)
        return redirect("oidc_choose")
    return _enter(request, proof.hsa_ids[0], wanted)


def _answer_again(request: HttpRequest, user: User) -> HttpResponse:
    """The same person has shown the card anew, or it changes nothing: they stay logged in as who they are."""
    back = attempts.wanted(request.session, request.GET.get("state", ""))
    back = wanted_address(request, back)
    try:
        proof, _wanted = exchange.answer(request.session, request.GET.dict(), callback=_callback())
        facts.accept_again(user, proof.hsa_ids)
    except (LoginRefused, NotAllowed) as exc:
        return _refused(request, exc, back=back)
    attempts.keep_proof(request.session, proof.id_token)
    attempts.keep_moment(request.session, proof.proved_at)
    return go_to(back)


class IdentityForm(forms.Form):
    """Which of one's own HSA-ids to log in with, by its place in the list: ids never travel."""

    identity = forms.TypedChoiceField(
        label=_("HSA-id"), coerce=int, widget=forms.RadioSelect, error_messages={"required": _("Choose one.")}
    )


@_part_of_logging_in
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest) -> HttpResponse:
    """Let a person with several HSA-ids say which one to be."""
    offered = attempts.choice(request.session)
    if offered is None or request.user.is_authenticated:
        return redirect("login")
    hsa_ids, wanted = offered
    form = IdentityForm(request.POST if request.method == "POST" else None)
    try:
        form.fields["identity"].choices = _choices(hsa_ids)  # type: ignore[attr-defined]
    except DirectoryError as exc:
        return _refused(request, exc)
    if not form.fields["identity"].choices:  # type: ignore[attr-defined]
        return _refused(request, NotAllowed(code="person.missing"))
    if form.is_bound and form.is_valid():
        return _enter(request, hsa_ids[form.cleaned_data["identity"]], wanted)
    status = 400 if form.is_bound else 200
    return render(request, "provisioning/login/choose.html", {"form": form}, status=status)


@_part_of_logging_in
@require_safe
def refused(request: HttpRequest) -> HttpResponse:
    """Say why nobody was logged in, and what to do. The address holds nothing of the attempt."""
    code = attempts.refusal(request.session)
    if not code:
        return redirect("login")
    back = attempts.back(request.session) if request.user.is_authenticated else ""
    explanation = explain(code)
    if back and explanation.status == 403 and code != "login.another_person":
        explanation = explain("login.not_proved_again")
    context = {
        "back": back,
        "explanation": explanation,
        "may_change_card": not back and explanation.may_change_card and bool(attempts.proof(request.session)),
        "contacts": settings.OPERATORS_MAIL,
    }
    return render(request, "provisioning/login/refused.html", context, status=explanation.status)


def _enter(request: HttpRequest, hsa_id: HsaId, wanted: str) -> HttpResponse:
    try:
        user = facts.accept(hsa_id, how=HOW)
    except NotAllowed as exc:  # `accept` has recorded it
        return _to_refusal(request, exc)
    except DirectoryError as exc:
        return _refused(request, exc)
    begin_session(request, user)
    attempts.settle(request.session)
    return go_to(wanted_address(request, wanted))


def _refused(request: HttpRequest, refusal: ProvisioningError, *, back: str = "") -> HttpResponse:
    with transaction.atomic():
        actor = request.user if isinstance(request.user, User) else None
        events.record(Action.LOGIN_REFUSED, actor=actor, code=refusal.code, how=HOW)
    return _to_refusal(request, refusal, back=back)


def _to_refusal(request: HttpRequest, refusal: ProvisioningError, *, back: str = "") -> HttpResponse:
    attempts.keep_refusal(request.session, refusal.code, back=back)
    return redirect("login_refused")


def _choices(hsa_ids: tuple[HsaId, ...]) -> list[tuple[int, str]]:
    """Those of the HSA-ids that the directory knows. Raises DirectoryError."""
    known = open_directory().persons(hsa_ids)
    return [
        (place, f"{known[hsa_id].name}, {hsa_id.text}")
        for place, hsa_id in enumerate(hsa_ids)
        if hsa_id in known
    ]


def _callback() -> str:
    """The address registered with the provider: from settings, never from the request's own host name."""
    return settings.SITE_URL + reverse("oidc_callback")
