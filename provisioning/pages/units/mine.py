"""A head's units on one page: each with its figures, how far its team has come, and the ways on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from provisioning import dates
from provisioning.mandates import current
from provisioning.models import TeamMember
from provisioning.pages import unit_figures
from provisioning.pages.answers import acting_user
from provisioning.pages.unit_figures import UnitFigures
from provisioning.pages.units import team_words
from provisioning.rules.hsa import HsaId
from provisioning.rules.team import TeamTask
from provisioning.teams import needs

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
    held = held_tasks(one.unit_id for one in figures)
    rows = [_row(one, held[one.unit_id.folded]) for one in figures]
    context = {"rows": rows, "is_known": mandates.is_known}
    return render(request, "provisioning/units/mine.html", context)


def held_tasks(unit_ids: Iterable[HsaId]) -> defaultdict[str, set[TeamTask]]:
    """The tasks that somebody holds today, by the unit's key."""
    held: defaultdict[str, set[TeamTask]] = defaultdict(set)
    rows = TeamMember.objects.holding(dates.today()).filter(unit_key__in=[one.folded for one in unit_ids])
    for unit_key, task in rows.order_by().values_list("unit_key", "task"):
        held[unit_key].add(TeamTask(task))
    return held


def _row(figures: UnitFigures, held: set[TeamTask]) -> OwnUnit:
    needed = needs.of_unit(figures.unit_id)
    coverage = needed.coverage(held)
    return OwnUnit(
        figures,
        reverse("unit_team", args=[figures.unit_id.text]),
        team_words.TONE_OF[coverage],
        team_words.in_words(coverage, needed.missing(held)),
    )
