"""The list of findings: what does not agree with the directory and is one's own to settle."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from provisioning import access
from provisioning.mandates import current
from provisioning.models import Finding, Sweep
from provisioning.pages import paging
from provisioning.pages.answers import acting_user
from provisioning.pages.findings import several, words
from provisioning.pages.paging import ListPart

PAGE_SIZE = 20


@never_cache
@require_safe
def findings(request: HttpRequest) -> HttpResponse:
    """Those to settle first, the oldest on top; on request also those that are settled or over."""
    user = acting_user(request)
    shows_settled = request.GET.get("visa") == "avslutade"
    rows = access.visible_findings(user)
    is_open = {"state": Finding.State.OPEN.value}
    if shows_settled:
        chosen = ListPart(rows.exclude(**is_open), ("-state_since", "-pk"))
    else:
        chosen = ListPart(rows.filter(**is_open), ("found_at", "pk"))
    page = paging.page_of(request.GET, chosen, size=PAGE_SIZE)
    last = Sweep.objects.exclude(outcome=Sweep.Outcome.RUNNING).order_by("-pk").first()
    context = {
        "page": page,
        "lines": [words.line(user, row) for row in page],
        "groups": [] if shows_settled else several.groups(user),
        "shows_settled": shows_settled,
        "last_sweep": last,
        "is_relied_on": last is not None and last.outcome == Sweep.Outcome.COMPLETE,
        "directory_is_silent": not current.for_display(user).is_known,
    }
    return render(request, "provisioning/finding/list.html", context)
