"""Does everything run? One page for operators and auditors: green or red, with what to do."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages as notices
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from provisioning import access
from provisioning.audit import export
from provisioning.errors import WrongState
from provisioning.incidents import settle
from provisioning.pages import paging
from provisioning.pages.answers import acting_user
from provisioning.pages.operation import signs, words
from provisioning.pages.paging import ListPart
from workflows import steps

PER_PAGE = 25


@never_cache
@require_safe
def operation(request: HttpRequest) -> HttpResponse:
    """Every sign as it stands now."""
    user = acting_user(request)
    if not (user.is_operator or user.is_auditor):
        raise Http404
    found = signs.all_signs(user)
    page = paging.page_of(
        request.GET, ListPart(access.visible_incidents(user), ("since", "pk")), size=PER_PAGE
    )
    protected = export.protected_persons() if page else frozenset()
    context = {
        "signs": found,
        "unwell": sum(not sign.is_well for sign in found),
        "page": page,
        "incidents": [words.line(user, incident, protected=protected) for incident in page],
    }
    return render(request, "provisioning/operation/operation.html", context)


@require_POST
def retry(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Have the case's work done now."""
    user = acting_user(request)
    incident = access.find_incident(user, public_id)
    try:
        settle.try_again(incident, by=user, make_due=steps.try_again)
    except WrongState:
        notices.info(request, _("There is nothing to try again: it is over, or no work is planned."))
    else:
        notices.success(
            request, _("It is being tried again now. If it goes well, the case goes from here by itself.")
        )
    return redirect("operation")


@require_POST
def settled(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """It is dealt with."""
    user = acting_user(request)
    incident = access.find_incident(user, public_id)
    try:
        settle.settle(incident, by=user)
    except WrongState:
        notices.info(request, _("It is over already, or goes from here only when the case goes on."))
    else:
        notices.success(request, _("It is marked as dealt with, and the event log says by whom."))
    return redirect("operation")
