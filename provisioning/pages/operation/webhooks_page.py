"""Subscriptions of other systems to events: for auditors to read, for operators to make, end and repair."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages as notices
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from provisioning.errors import Invalid, WrongState
from provisioning.models import HookDelivery, Subscription, System, User
from provisioning.pages import paging
from provisioning.pages.answers import acting_user
from provisioning.pages.operation.webhooks_form import KIND_WORDS, ReplayForm, SubscriptionForm
from provisioning.pages.paging import ListPart
from provisioning.pages.restoring import filled_in, unchecked
from provisioning.rules.event_kinds import EventKind
from provisioning.webhooks import subscribe

PER_PAGE = 20
_State = HookDelivery.Telling
STATES = {
    _State.QUEUED: ("waiting", gettext_lazy("Waits to be told")),
    _State.SENDING: ("info", gettext_lazy("Is being told")),
    _State.DELIVERED: ("success", gettext_lazy("Told")),
    _State.DEAD: ("error", gettext_lazy("Did not get through")),
    _State.SET_ASIDE: ("warning", gettext_lazy("Given up")),
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest) -> HttpResponse:
    """Have a system told from now on. The secret is shown in the answer, this once."""
    user = _operator(request)
    if request.method != "POST":
        filled = filled_in(request)
        return _form(request, unchecked(SubscriptionForm(filled)) if filled else SubscriptionForm())
    form = SubscriptionForm(request.POST)
    if not form.is_valid():
        return _form(request, form, status=400)
    wish = form.cleaned_data
    try:
        row, made = subscribe.begin(
            System.objects.get(client_id=wish["system"]),
            url=wish["url"],
            kinds=form.kinds_wished,
            tells_person=wish["tells_person"],
            by=user,
        )
    except Invalid as exc:
        form.add_error(exc.field if exc.field in form.fields else None, str(exc.user_message))
        return _form(request, form, status=400)
    return _secret(request, row, made)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def subscription(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One subscription, and how its telling goes; sent, it tells again from some point on."""
    if request.method == "POST":
        user = _operator(request)
        row = _found(public_id)
        form = ReplayForm(request.POST)
        if form.is_valid() and _replayed(form, row, user):
            notices.success(request, _("The events are told again, in order, within minutes."))
            return redirect("subscription", public_id)
        return _page(request, user, row, form, status=400)
    user = acting_user(request)
    if not (user.is_operator or user.is_auditor):
        raise Http404
    return _page(request, user, _found(public_id), ReplayForm())


@never_cache
@require_POST
def rotate(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Make a new secret, and show it this once."""
    user = _operator(request)
    row = _found(public_id)
    try:
        made = subscribe.rotate(row, by=user)
    except WrongState as exc:
        notices.info(request, str(exc.user_message))
        return redirect("subscription", public_id)
    return _secret(request, row, made)


@require_POST
def end(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Tell nothing more."""
    user = _operator(request)
    row = _found(public_id)
    return _act(request, row, lambda: subscribe.end(row, by=user), _("The subscription has ended."))


@require_POST
def again(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Try one that did not get through again."""
    user = _operator(request)
    row = get_object_or_404(HookDelivery.objects.select_related("subscription__system"), public_id=public_id)
    said = _("It is sent again within a minute, and then what waits behind it.")
    return _act(request, row.subscription, lambda: subscribe.send_again(row, by=user), said)


@require_POST
def aside(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Give one up, so that what waits behind it goes on."""
    user = _operator(request)
    row = get_object_or_404(HookDelivery.objects.select_related("subscription__system"), public_id=public_id)
    said = _("It is given up. What waits behind it is told now.")
    return _act(request, row.subscription, lambda: subscribe.set_aside(row, by=user), said)


def _operator(request: HttpRequest) -> User:
    user = acting_user(request)
    if not user.is_operator:
        raise Http404
    return user


def _found(public_id: UUID) -> Subscription:
    return get_object_or_404(Subscription.objects.select_related("system"), public_id=public_id)


def _act(request: HttpRequest, row: Subscription, act: Callable[[], None], said: str) -> HttpResponse:
    try:
        act()
    except WrongState as exc:
        notices.info(request, str(exc.user_message))
    else:
        notices.success(request, said)
    return redirect("subscription", row.public_id)


def _replayed(form: ReplayForm, row: Subscription, user: User) -> bool:
    day, sequence = form.cleaned_data["day"], form.cleaned_data["sequence"]
    try:
        subscribe.replay(row, sequence=sequence or subscribe.first_of(day), by=user)
    except Invalid as exc:
        form.add_error("day", str(exc.user_message))
    except WrongState as exc:
        form.add_error(None, str(exc.user_message))
    return not form.errors


def _form(request: HttpRequest, form: SubscriptionForm, status: int = 200) -> HttpResponse:
    return render(request, "provisioning/operation/subscribe.html", {"form": form}, status=status)


def _secret(request: HttpRequest, row: Subscription, made: str) -> HttpResponse:
    context = {"subscription": row, "secret": made}
    return render(request, "provisioning/operation/webhook_secret.html", context)


def _page(
    request: HttpRequest, user: User, row: Subscription, form: ReplayForm, status: int = 200
) -> HttpResponse:
    rows = row.deliveries.all()
    dead = rows.filter(state=_State.DEAD)
    page = paging.page_of(
        request.GET, ListPart(dead, ("pk",)), ListPart(rows.exclude(state=_State.DEAD)), size=PER_PAGE
    )
    context = {
        "subscription": row,
        "kinds": [KIND_WORDS[EventKind(one)] for one in row.kinds],
        "page": page,
        "rows": [{"told": one, "words": KIND_WORDS[EventKind(one.kind)], **_state(one)} for one in page],
        "dead": paging.count(dead),
        "may_act": user.is_operator and row.is_in_force,
        "form": form,
    }
    return render(request, "provisioning/operation/subscription.html", context, status=status)


def _state(row: HookDelivery) -> dict[str, object]:
    tone, words = STATES[_State(row.state)]
    return {"tone": tone, "state": words, "is_dead": row.state == _State.DEAD}
