"""A head's units on one page: each with its figures, how far its team has come, and the ways on."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from provisioning.mandates import current
from provisioning.pages import unit_figures
from provisioning.pages.answers import acting_user
from provisioning.pages.unit_figures import UnitFigures
from provisioning.pages.units import coverage_page, team_words
from provisioning.rules.team import TeamNeeds, TeamTask
from provisioning.teams import coverage, needs

MOST = 500  # more than anybody heads


@dataclass(frozen=True, slots=True)
class OwnUnit:
    """One unit: its figures, and in words how far its team has come."""

    figures: UnitFigures
    team_url: str
    tone: str
    team: str


@never_cache
@require_safe
def units(request: HttpRequest) -> HttpResponse:
    """For heads of units; others are told whose page it is."""
    user = acting_user(request)
    mandates = current.for_display(user)
    figures, _more = unit_figures.of_head(user, most=MOST)
    held = coverage.held_tasks(one.unit_id for one in figures)
    wanted = needs.for_units()
    kinds = {unit.hsa_id: unit.kinds for unit in mandates.units}
    rows = [
        _row(one, wanted(one.unit_id, kinds.get(one.unit_id, ())), held[one.unit_id.folded])
        for one in figures
    ]
    context = {
        "rows": rows,
        "is_known": mandates.is_known,
        "sees_coverage": coverage_page.may_see(user, mandates),
    }
    return render(request, "provisioning/units/mine.html", context)


def _row(figures: UnitFigures, needed: TeamNeeds, held: set[TeamTask]) -> OwnUnit:
    reached = needed.coverage(held)
    return OwnUnit(
        figures,
        reverse("unit_team", args=[figures.unit_id.text]),
        team_words.TONE_OF[reached],
        team_words.in_words(reached, needed.missing(held)),
    )
