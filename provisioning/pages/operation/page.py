"""Does everything run? One page for operators and auditors: green or red, with what to do."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from provisioning.pages.answers import acting_user
from provisioning.pages.operation import signs


@never_cache
@require_safe
def operation(request: HttpRequest) -> HttpResponse:
    """Every sign as it stands now."""
    user = acting_user(request)
    if not (user.is_operator or user.is_auditor):
        raise Http404
    found = signs.all_signs(user)
    return render(
        request,
        "provisioning/operation/operation.html",
        {"signs": found, "unwell": sum(not sign.is_well for sign in found)},
    )
