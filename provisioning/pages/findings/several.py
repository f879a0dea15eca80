"""Several findings with the same cause settled at once: the same step, the same reasons, each for itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from provisioning import access, dates
from provisioning.errors import DirectoryError, Invalid, NotAllowed, WrongState
from provisioning.findings import settle
from provisioning.mandates import current
from provisioning.mandates.current import Mandates
from provisioning.models import Finding, User
from provisioning.pages.answers import acting_user
from provisioning.pages.findings import page as findings_page
from provisioning.pages.findings import words
from provisioning.pages.findings.forms import SettleForm
from provisioning.pages.restoring import filled_in
from provisioning.rules.dates import deadlines
from provisioning.rules.drift.differences import DriftKind, NextStep

AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """What has the same cause, and the page that settles several of it."""

    sentence: str
    count: int
    url: str


class SettleManyForm(SettleForm):
    """The same as for one, and which of them it is for. None is chosen beforehand."""

    field_order = ("chosen", "step", "reason", "risk_statement", "ends_on", "signed_assignment_on")

    chosen = forms.MultipleChoiceField(
        label=gettext_lazy("Which of them?"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one.")},
    )

    def __init__(self, *args: Any, lines: Iterable[tuple[Finding, str]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        found = [(str(row.public_id), label) for row, label in lines]
        cast(forms.MultipleChoiceField, self.fields["chosen"]).choices = found


def groups(user: User) -> list[CauseGroup]:
    """Causes that several findings of this person's share, the most common first."""
    counted = access.to_settle(user).order_by().values("kind").annotate(count=Count("pk")).order_by("-count")
    address = reverse("findings_many")
    return [
        CauseGroup(words.sentence(DriftKind(one["kind"])), one["count"], f"{address}?{_query(one['kind'])}")
        for one in counted
        if one["count"] > 1
    ]


def _query(kind: str) -> str:
    return f"slag={kind}"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def many(request: HttpRequest) -> HttpResponse:
    """Show those of one cause; settle the chosen ones, each in a transaction of its own."""
    user = acting_user(request)
    filled = filled_in(request) if request.method != "POST" else None
    kind = (request.POST if request.method == "POST" else request.GET).get("slag", "")
    kind = kind or (filled.get("slag", "") if filled else "")
    rows = list(access.to_settle(user).filter(kind=kind).order_by("found_at", "pk")[:AT_ONCE])
    if kind not in set(DriftKind) or not rows:
        return redirect("findings")
    if request.method != "POST":
        mandates = current.for_display(user)
        initial = {"ends_on": deadlines.latest_end(dates.today()) - timedelta(days=1)}
        is_of_these = filled is not None and filled.get("slag") == kind
        form = _form(user, rows, mandates, filled if is_of_these else None, initial=initial)
        return _page(request, kind, form, rows)
    try:
        return _settle(request, user, kind, rows, current.read(user.identity))
    except DirectoryError as exc:
        form = _form(user, rows, current.for_display(user), request.POST)
        form.is_valid()
        form.add_error(None, str(exc.user_message))
        return _page(request, kind, form, rows, status=503)


def _form(user: User, rows: Sequence[Finding], mandates: Mandates, data: Any, **more: Any) -> SettleManyForm:
    """With the steps that are this person's for every one of them."""
    offered = [settle.steps_of(row, mandates, user) for row in rows]
    common = [step for step in offered[0] if all(step in steps for steps in offered)]
    lines = [(row, _label(user, row)) for row in rows]
    return SettleManyForm(data, lines=lines, steps=common, **more)


def _label(user: User, row: Finding) -> str:
    shown = words.line(user, row)
    return format_html(
        '<bdi>{}</bdi> <span class="app-quiet">{}, <bdi>{}</bdi></span>',
        shown.person,
        shown.service,
        shown.unit,
    )


def _settle(
    request: HttpRequest, user: User, kind: str, rows: Sequence[Finding], mandates: Mandates
) -> HttpResponse:
    form = _form(user, rows, mandates, request.POST)
    if not form.is_valid():
        return _page(request, kind, form, rows, status=400)
    chosen = [row for row in rows if str(row.public_id) in form.cleaned_data["chosen"]]
    done, wrong = 0, []
    for row in chosen:
        why = _settle_one(form, user, row, mandates)
        done += not why
        wrong += [f"{words.line(user, row).person}: {why}"] if why else []
    if done:
        message = ngettext(
            "%(count)d difference is dealt with.", "%(count)d differences are dealt with.", done
        )
        messages.success(request, message % {"count": done})
    for sentence in wrong:
        messages.error(request, sentence)
    return redirect("findings") if not wrong else redirect(f"{reverse('findings_many')}?{_query(kind)}")


def _settle_one(form: SettleManyForm, user: User, row: Finding, mandates: Mandates) -> str:
    """Settle it; returns what stands in the way, empty where nothing does."""
    one = SettleForm(form.data, steps=[NextStep(form.cleaned_data["step"])])
    try:
        if one.is_valid() and findings_page.act(one, user, row, mandates):
            return ""
    except (NotAllowed, WrongState, Invalid, DirectoryError) as exc:
        return str(exc.user_message)
    return " ".join(str(message) for found in one.errors.values() for message in found)


def _page(
    request: HttpRequest, kind: str, form: SettleManyForm, rows: Sequence[Finding], *, status: int = 200
) -> HttpResponse:
    drift = DriftKind(kind)
    context = {
        "form": form,
        "kind": kind,
        "sentence": words.sentence(drift),
        "if_nothing": words.if_nothing(drift),
        "may_act": bool(cast(forms.ChoiceField, form.fields["step"]).choices),
        "count": len(rows),
    }
    return render(request, "provisioning/finding/many.html", context, status=status)
