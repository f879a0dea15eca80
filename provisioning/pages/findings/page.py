"""One finding: what does not agree, and settling it by one of the steps that are this person's to take."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from provisioning import access, dates
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError, Invalid, NotAllowed, WrongState
from provisioning.findings import settle
from provisioning.mandates import current
from provisioning.mandates.current import Mandates
from provisioning.models import Finding, User
from provisioning.orders import prepare
from provisioning.orders.draft import Draft
from provisioning.pages.answers import acting_user, problem
from provisioning.pages.findings import words
from provisioning.pages.findings.forms import SettleForm
from provisioning.pages.restoring import filled_in, unchecked
from provisioning.rules.dates import deadlines
from provisioning.rules.drift.differences import ORDERING, NextStep
from provisioning.rules.hsa import Level, Service
from workflows import steps


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def finding(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Show it; settle it when the form is sent. What may be done is asked of the directory again then."""
    user = acting_user(request)
    row = access.find_finding(user, public_id)
    if request.method != "POST":
        offered = settle.steps_of(row, current.for_display(user), user)
        last_day = deadlines.latest_end(dates.today()) - timedelta(days=1)
        form = SettleForm(filled_in(request), initial={"ends_on": last_day}, steps=offered)
        return _page(request, user, row, unchecked(form), offered)
    try:
        return _settle(request, user, row, current.read(user.identity))
    except WrongState as exc:
        messages.warning(request, str(exc.user_message))
        return redirect("finding", public_id=row.public_id)
    except NotAllowed as exc:
        return _problem(request, str(exc.user_message), status=403)
    except DirectoryError as exc:
        return _problem(request, str(exc.user_message), status=503)


def _settle(request: HttpRequest, user: User, row: Finding, mandates: Mandates) -> HttpResponse:
    offered = settle.steps_of(row, mandates, user)
    if not offered:
        raise (NotAllowed if row.state == Finding.State.OPEN else WrongState)
    if row.state == Finding.State.EXPLAINED and request.POST.get("step") not in (
        None,
        NextStep.RECONSIDER.value,
    ):
        raise WrongState  # somebody has explained it since the page was shown
    form = SettleForm(request.POST, steps=offered)
    if not form.is_valid():
        return _page(request, user, row, form, offered, status=400)
    try:
        done = act(form, user, row, mandates)
    except Invalid as exc:
        form.add_error(exc.field if exc.field in form.fields else None, str(exc.user_message))
        return _page(request, user, row, form, offered, status=400)
    if not done:
        return _page(request, user, row, form, offered, status=400)
    messages.success(request, done)
    return redirect("findings")


def act(form: SettleForm, user: User, row: Finding, mandates: Mandates) -> str:
    """Do what was chosen; returns what to say. Empty: the form says what stands in the way."""
    data = form.cleaned_data
    if data["step"] in ORDERING:
        return _order(form, user, row, mandates)
    if data["step"] == NextStep.EXPLAIN.value:
        settle.explain(row, by=user, mandates=mandates, reason=data["reason"])
        return _("The difference is explained. It comes back if something changes.")
    if data["step"] == NextStep.RECONSIDER.value:
        settle.reconsider(row, by=user, mandates=mandates, reason=data["reason"])
        return _("The difference is to be resolved again.")
    directory = open_directory()
    steps.begin_removal(
        settle.begin_removal,
        row,
        by=user,
        mandates=mandates,
        reason=data["reason"],
        person=directory.person(row.subject_id),
        unit=directory.unit(row.unit_id),
    )
    return _("The removal has begun. It is over when the directory shows that the value is gone.")


def _order(form: SettleForm, user: User, row: Finding, mandates: Mandates) -> str:
    data: dict[str, Any] = form.cleaned_data
    draft = Draft(
        row.subject_id,
        Service(row.service),
        Level(row.level),
        (row.unit_id,),
        dates.today(),
        data["ends_on"],
        data["reason"],
        data["risk_statement"],
        signed_assignment_on=data.get("signed_assignment_on"),
    )
    prepared = prepare.prepare(draft, by=user)
    beside = {"need": "reason"}
    for refusal in prepared.all_refusals:
        field = beside.get(refusal.field, refusal.field)
        form.add_error(field if field in form.fields else None, refusal.message)
    if form.errors:
        return ""
    steps.order_for_finding(row, prepared, by=user, mandates=mandates)
    return _("The access is ordered. You find the order among the cases.")


def _page(
    request: HttpRequest,
    user: User,
    row: Finding,
    form: SettleForm,
    offered: tuple[NextStep, ...],
    *,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "line": words.line(user, row),
        "sentence": words.sentence(row.what),
        "facts": words.facts(user, row),
        "may_act": bool(offered),
        "next_steps": [words.STEPS[step] for step in row.steps],
    }
    return render(request, "provisioning/finding/finding.html", context, status=status)


def _problem(request: HttpRequest, message: str, *, status: int) -> HttpResponse:
    return problem(
        request,
        message,
        status=status,
        back_url=reverse("findings"),
        back_label=_("Back to the list"),
        heading=_("You cannot do this now"),
    )
