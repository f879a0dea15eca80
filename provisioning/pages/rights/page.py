"""Reading about rights: the list of own ones and of one's units, one right, and one removal."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from provisioning import access
from provisioning.models import Grant
from provisioning.pages import answers, asked, paging, stalls
from provisioning.pages import words as pages_words
from provisioning.pages.answers import acting_user
from provisioning.pages.cases import proof_steps, step_bar, timeline
from provisioning.pages.flow import picture
from provisioning.pages.paging import ListPart
from provisioning.pages.rights import words
from provisioning.rights import presence
from provisioning.rights.find import being_renewed, open_renewals
from provisioning.rules.states.right import GrantState
from workflows import way

PAGE_SIZE = 20


@never_cache
@require_safe
def grants(request: HttpRequest) -> HttpResponse:
    """Own rights and, for those who see more, all they may see, beside what the directory holds now."""
    user = acting_user(request)
    places = access.places_to_read(user)
    sees_more = bool(places) or access.reads_more_grants(user)
    shows_all = sees_more and answers.shows_all(request, user)
    shows_ended = request.GET.get("visa") == "avslutade"
    rows = access.listed_grants(user, lives=not shows_ended, only_own=not shows_all)
    order = ("-ended_at", "-pk") if shows_ended else ("ends_on", "pk")
    page = paging.page_of(request.GET, ListPart(rows, order), size=PAGE_SIZE)
    now = {} if shows_ended else presence.held_now(page.rows)
    renewed = being_renewed(page.rows)
    context = {
        "page": page,
        "lines": [words.grant_line(user, row, now.get(row.pk), renewed) for row in page],
        "shows_all": shows_all,
        "shows_ended": shows_ended,
        "sees_more": sees_more,
        "places": places,
        "ending": paging.count(access.ending_soon(user)),
        "may_reorganise": access.may_begin_reorganisation(user),
    }
    return render(request, "provisioning/grant/list.html", context)


@never_cache
@require_safe
def grant(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Everything the reader may see about one right."""
    user = acting_user(request)
    row = access.find_grant(user, public_id)
    now = _now(row)
    may_end = access.may_end(user, row)
    visible_removals = access.visible_removals(user).filter(grant=row)
    renewals = list(open_renewals(row).values_list("pk", flat=True))
    context: dict[str, Any] = {
        "grant": row,
        "line": words.grant_line(user, row, now, being_renewed([row])),
        "facts": words.grant_facts(user, row, now),
        "may_read_place": access.may_read_place(user, row.unit_id),
        "may_end": may_end,
        "may_let_end": may_end and row.let_end_at is None,
        "is_own": user.hsa_key == row.subject_key,
        "before_removal": words.before_removal(row),
        "under_way": access.visible_requests(user).filter(pk__in=renewals),
        "removals": visible_removals,
        "requests": access.visible_requests(user).filter(grant=row).order_by("pk"),
        "events": timeline.events_about(user, row, access.history_of(row)),
    }
    return render(request, "provisioning/grant/grant.html", context)


def _now(row: Grant) -> Any:
    return None if row.current_state is GrantState.ENDED else presence.held_now([row])[row.pk]


@never_cache
@require_safe
def removal(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Everything the reader may see about one removal."""
    user = acting_user(request)
    row = access.find_removal(user, public_id)
    is_mine = access.to_remove(user).filter(pk=row.pk).exists()
    context: dict[str, Any] = {
        "removal": row,
        "end_reason": words.written(user, row, row.end_reason) if row.end_reason else "",
        "tone": words.REMOVAL_TONE[row.current_state],
        "facts": words.removal_facts(user, row),
        "steps": step_bar.steps_of_removal(row),
        "who": words.with_whom(row),
        "away": pages_words.who_is_away(user, row),
        "next_step": words.next_step(row),
        "why_nothing": timeline.WHY_NOTHING.get(row.end_code, ""),
        "levels": proof_steps.levels_of_removal(row),
        "why_stalled": stalls.why(row),
        "is_mine": is_mine,
        "questions": asked.said(user, row),
        "is_asked": row.open_question is not None and user.identity in row.starters,
        "may_take_back": access.may_take_back(user, row),
        "values": [change["remove"] for change in row.changes if change not in row.kept],
        "kept": [change["remove"] for change in row.kept],
        "grant": access.visible_grants(user).filter(removals=row).first(),
        "way": picture.draw(way.graph_of(row), taken=way.taken(row)),
        "events": timeline.events_about(user, row, access.history_of(row)),
    }
    return render(request, "provisioning/grant/removal.html", context)
