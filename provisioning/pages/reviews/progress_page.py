"""How reviews go: the table of all that one may watch over, and how the sittings of one of them went."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from provisioning import access
from provisioning.models import ReviewState
from provisioning.pages import paging
from provisioning.pages.answers import acting_user
from provisioning.pages.paging import ListPart
from provisioning.pages.reviews import progress as reviews_progress

PAGE_SIZE = 50


@never_cache
@require_safe
def progress(request: HttpRequest) -> HttpResponse:
    """Those that are open first, the first to end on top; on request those that are finished."""
    user = acting_user(request)
    shows_finished = request.GET.get("visa") == "avslutade"
    rows = access.overseen_reviews(user)
    if shows_finished:
        chosen = ListPart(rows.filter(state=ReviewState.CLOSED), ("-closed_at", "-pk"))
    else:
        chosen = ListPart(rows.filter(state=ReviewState.OPEN), ("due_on", "pk"))
    page = paging.page_of(request.GET, chosen, size=PAGE_SIZE)
    context = {
        "page": page,
        "lines": reviews_progress.lines(user, page),
        "shows_finished": shows_finished,
    }
    return render(request, "provisioning/review/progress.html", context)


@never_cache
@require_safe
def evidence(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """What each person saved at once: how many, in how much time, by which mandate."""
    user = acting_user(request)
    row = access.find_overseen_review(user, public_id)
    context = {
        "review": row,
        "line": reviews_progress.lines(user, [row])[0],
        "sittings": reviews_progress.sittings(user, row),
        "without_a_person": reviews_progress.without_a_person(row),
    }
    return render(request, "provisioning/review/evidence.html", context)
