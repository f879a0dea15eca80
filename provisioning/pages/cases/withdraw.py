"""Taking an order back, for as long as it is open: the orderer, the person it concerns, or who stands in."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from provisioning import access
from provisioning.errors import NotAllowed, WrongState
from provisioning.orders import stand_in
from provisioning.pages import words
from provisioning.pages.answers import acting_user, has_moved_on, refused
from provisioning.pages.cases.forms import WithdrawForm
from provisioning.pages.restoring import filled_in, unchecked
from workflows import steps


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask once, then withdraw: the page names the consequence."""
    user = acting_user(request)
    case = access.find_to_act(user, public_id)
    if not case.is_open:
        return has_moved_on(request, case)
    if not access.may_withdraw(user, case):
        raise Http404
    is_sent = request.method == "POST"
    form = WithdrawForm(request.POST) if is_sent else unchecked(WithdrawForm(filled_in(request)))
    if request.method != "POST" or not form.is_valid():
        context = {"form": form, "case": case, "facts": words.facts(user, case)}
        return render(request, "provisioning/case/withdraw.html", context)
    try:
        is_own = user.pk in (case.order.orderer_id, case.subject_key)
        if is_own:
            steps.withdraw(case, by=user, reason=form.cleaned_data["reason"])
        else:
            asked = stand_in.ask(case, by=user)
            steps.withdraw(case, by=user, reason=form.cleaned_data["reason"], **asked)
    except WrongState:
        return has_moved_on(request, case)
    except NotAllowed as exc:
        return refused(request, case, exc)
    messages.success(request, _("The order is withdrawn."))
    return redirect("case", public_id=case.public_id)
