"""Which other systems use the API, and what each may do: for operators and auditors."""

from __future__ import annotations

from collections.abc import Mapping

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from provisioning.models import Subscription, System
from provisioning.pages.answers import acting_user
from provisioning.systems import keep
from provisioning.systems.keep import Scope

SCOPE_WORDS: Mapping[Scope, Promise] = {
    Scope.WRITE_ORDERS: gettext_lazy("hand over orders and take them back"),
    Scope.READ_ORDERS: gettext_lazy("follow its own orders"),
    Scope.READ_CASES: gettext_lazy("read cases"),
    Scope.READ_RIGHTS: gettext_lazy("read rights"),
    Scope.READ_FINDINGS: gettext_lazy("read differences"),
    Scope.READ_REVIEWS: gettext_lazy("read reviews"),
    Scope.WRITE_TICKETS: gettext_lazy("say what its tickets for KIV tasks are called"),
    Scope.READ_CATALOGUE: gettext_lazy("read who has which right on every unit"),
    Scope.ASSESS: gettext_lazy("ask what an order would meet"),
}


@never_cache
@require_safe
def systems(request: HttpRequest) -> HttpResponse:
    """Each system. They are few: letting one in is an act of an operator at the command line."""
    user = acting_user(request)
    if not (user.is_operator or user.is_auditor):
        raise Http404
    lines = [
        {
            "system": system,
            "is_trusted": keep.is_trusted(system),
            "scopes": [SCOPE_WORDS[Scope(one)] for one in system.scopes],
        }
        for system in System.objects.all()
    ]
    context = {
        "lines": lines,
        "subscriptions": Subscription.objects.select_related("system").order_by("-ended_at", "pk"),
        "may_act": user.is_operator,
    }
    return render(request, "provisioning/operation/systems.html", context)
