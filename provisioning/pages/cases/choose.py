"""The choose page: what is missing in the directory, who can mend it, and how the orderer goes on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from provisioning import access, dates
from provisioning.errors import NotAllowed, WrongState
from provisioning.models import AccessRequest, User
from provisioning.orders import check, stand_in
from provisioning.orders.draft import Choice
from provisioning.pages import words
from provisioning.pages.answers import acting_user, has_moved_on, refused
from provisioning.pages.cases.forms import ChooseForm
from provisioning.pages.restoring import filled_in, unchecked
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import Attribute
from provisioning.rules.states.request import RequestState
from workflows import steps


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Couple, wait or withdraw: the orderer chooses, or who stands in for one who is gone."""
    user = acting_user(request)
    case = access.find_to_act(user, public_id)
    if case.current_state is not RequestState.AWAITING_CHOICE:
        return has_moved_on(request, case)
    is_orderer = user.pk == case.order.orderer_id and user.identity in case.sitting_ids
    if not is_orderer and not access.stands_in(user, case):
        raise Http404
    form = _form(request, case)
    if request.method != "POST":
        return _page(request, user, case, form)
    if not form.is_valid():
        return _page(request, user, case, form, status=400)
    if form.cleaned_data["choice"] == "withdraw":
        return redirect("withdraw", public_id=case.public_id)
    choice = Choice(form.cleaned_data["choice"])
    try:
        asked = None if is_orderer else stand_in.ask(case, by=user)
        steps.act(
            case,
            RequestState.AWAITING_CHOICE,
            lambda row: check.choose(
                row,
                by=user,
                choice=choice,
                mandates=asked["mandates"] if asked else None,
                is_gone=asked is not None and asked["is_gone"],
            ),
            by=user,
        )
    except WrongState:
        return has_moved_on(request, case)
    except NotAllowed as exc:
        return refused(request, case, exc)
    messages.success(request, _SAID[choice]())
    return redirect("case", public_id=case.public_id)


_SAID = {
    Choice.COUPLE: lambda: _("The KIV administrator is asked to couple the commission, too."),
    Choice.WAIT: lambda: _("The case waits and goes on by itself when what is missing has come."),
}


def _couplings(case: AccessRequest) -> list[dict[str, str]]:
    """The couplings that would mend it, exactly as they would be set."""
    member = Attribute.COMMISSION_MEMBER.value
    return [change for change in case.assessment.get("changes", []) if change["attribute"] == member]


def _form(request: HttpRequest, case: AccessRequest) -> ChooseForm:
    last_day = deadlines.add_working_days(dates.today(), settings.WAIT_FOR_COMMISSION_WORKING_DAYS)
    is_sent = request.method == "POST"
    data = request.POST if is_sent else filled_in(request)
    may_couple = bool(_couplings(case))
    form = ChooseForm(data, may_couple=may_couple, wait_until=dates.in_words(last_day))
    return form if is_sent else unchecked(form)


def _page(
    request: HttpRequest, user: User, case: AccessRequest, form: ChooseForm, *, status: int = 200
) -> HttpResponse:
    context: dict[str, Any] = {
        "form": form,
        "case": case,
        "facts": words.facts(user, case),
        "verdict": words.verdict(case.assessment, case),
        "couplings": _couplings(case),
        "shows_dn": access.may_read_name(user, case),
    }
    return render(request, "provisioning/case/choose.html", context, status=status)
