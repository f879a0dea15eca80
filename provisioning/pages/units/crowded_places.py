"""The page of places where more have an access than the cap says."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from provisioning.mandates import current
from provisioning.pages.answers import acting_user
from provisioning.pages.order.forms import access_name
from provisioning.rights import caps


@never_cache
@require_safe
def above_cap(request: HttpRequest) -> HttpResponse:
    """For heads their own units and care providers, for auditors and operators all."""
    user = acting_user(request)
    mandates = current.for_display(user)
    sees_all = user.is_auditor or user.is_operator
    own = mandates.unit_ids | mandates.provider_ids(user)
    if not (sees_all or own):
        raise Http404
    found = caps.exceeded(None if sees_all else [one.folded for one in own])
    rows = [
        (
            one,
            access_name(one.service.value, one.level.value),
            reverse("beside_place", args=[one.unit_hsa_id]),
        )
        for one in found
    ]
    return render(request, "provisioning/units/above_cap.html", {"rows": rows, "has_caps": caps.are_set()})
