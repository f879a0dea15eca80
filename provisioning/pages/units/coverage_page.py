"""How far the teams of a region or a care provider have come: its areas, their units, and all as a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from provisioning import dates
from provisioning.audit import events
from provisioning.mandates import current
from provisioning.mandates.current import Mandates
from provisioning.models import User
from provisioning.pages import sheets
from provisioning.pages.answers import acting_user
from provisioning.pages.fields import ShortText
from provisioning.pages.paging import AFTER, BEFORE, KeyPage
from provisioning.pages.units import team_words
from provisioning.rules.team import Coverage
from provisioning.teams import coverage
from provisioning.teams import name as teams_name
from provisioning.teams.coverage import CareUnits, CoveredArea, CoveredUnit

PAGE_SIZE = 50


class CoverageFilter(forms.Form):
    """Which units are counted. Nothing of it names anybody, so it stands in the address."""

    text = ShortText(
        label=gettext_lazy("Area, unit or HSA-id"),
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    state = forms.ChoiceField(
        label=gettext_lazy("How far the team has come"),
        required=False,
        choices=[("", gettext_lazy("All")), *((one.value, team_words.COVERAGES[one]) for one in Coverage)],
    )
    area = ShortText(required=False, max_length=64, widget=forms.HiddenInput)


@dataclass(frozen=True, slots=True)
class ShownUnit:
    """A unit in words. `team_url` is empty for those who may not open its team."""

    row: CoveredUnit
    tone: str
    team: str
    team_url: str


def may_see(user: User, mandates: Mandates) -> bool:
    """Say whether somebody reads how far teams have come: all of them, or those of the own care providers."""
    return user.is_auditor or user.is_operator or bool(mandates.provider_ids(user))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def team_coverage(request: HttpRequest) -> HttpResponseBase:
    """For auditors and operators all units, for who holds a care provider's mandate its own."""
    user = acting_user(request)
    mandates = current.for_display(user)
    if not may_see(user, mandates):
        raise Http404
    form = CoverageFilter(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {"text": "", "state": "", "area": ""}
    known = coverage.care_units()
    rows = _matching(_rows(user, mandates, known), chosen["text"])
    area = chosen["area"]
    here = [row for row in rows if row.area == area] if area else rows
    in_state = [row for row in here if not chosen["state"] or row.coverage.value == chosen["state"]]
    if request.method == "POST":
        return _file(request, user, in_state, chosen)
    areas = coverage.by_area(here)
    with_state = {row.area for row in in_state}
    listed: Sequence[Any] = in_state if area else [one for one in areas if one.key in with_state]
    page = _part(listed, request.GET)
    units = [_shown(user, mandates, row) for row in page] if area else []
    context: dict[str, Any] = {
        "form": form,
        "known": known,
        "totals": _totals(areas),
        "page": page,
        "area": next((row.area_name for row in here), None) if area else None,
        "is_area": bool(area),
        "areas": [] if area else [(one, _address(chosen, one.key)) for one in page],
        "units": units,
        "all_url": _address(chosen, ""),
        "query": request.GET.urlencode(),
        "formats": [kind.upper() for kind in sheets.FORMATS],
    }
    status = 200 if form.is_valid() else 400
    return render(request, "provisioning/units/coverage.html", context, status=status)


def _rows(user: User, mandates: Mandates, known: CareUnits) -> list[CoveredUnit]:
    units = list(known.units)
    if not (user.is_auditor or user.is_operator):
        tops = [provider.dn for provider in mandates.providers]
        units = coverage.of_providers(units, mandates.provider_ids(user), tops)
    return coverage.covered(units, coverage.held_tasks())


def _matching(rows: Sequence[CoveredUnit], text: str) -> list[CoveredUnit]:
    words = text.casefold().split()
    if not words:
        return list(rows)
    return [row for row in rows if all(word in _searched(row) for word in words)]


def _searched(row: CoveredUnit) -> str:
    return f"{row.area_name} {row.unit.name} {row.unit.hsa_id.text}".casefold()


def _part(rows: Sequence[Any], asked: Any) -> KeyPage:
    """A page of a list that stands in memory: the address says how many rows lead up to it."""
    begin = _number(asked.get(AFTER, "")) or max(_number(asked.get(BEFORE, "")) - PAGE_SIZE, 0)
    begin = begin if begin < len(rows) else 0
    end = begin + PAGE_SIZE
    before, after = str(begin) if begin else "", str(end) if end < len(rows) else ""
    return KeyPage(tuple(rows[begin:end]), before, after, is_first=not begin)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def _totals(areas: Sequence[CoveredArea]) -> list[tuple[str, str, int]]:
    """How many units have come how far, in words."""
    return [
        (
            team_words.TONE_OF[one],
            str(team_words.COVERAGES[one]),
            sum(area.counts.get(one, 0) for area in areas),
        )
        for one in Coverage
    ]


def _address(chosen: dict[str, str], area: str) -> str:
    kept = {name: value for name, value in (chosen | {"area": area}).items() if value}
    return f"?{urlencode(kept)}"


def _shown(user: User, mandates: Mandates, row: CoveredUnit) -> ShownUnit:
    may_open = user.is_auditor or teams_name.may_name(mandates, row.unit.hsa_id)
    url = reverse("unit_team", args=[row.unit.hsa_id.text]) if may_open else ""
    return ShownUnit(
        row, team_words.TONE_OF[row.coverage], team_words.in_words(row.coverage, row.missing), url
    )


def _file(
    request: HttpRequest, user: User, rows: Sequence[CoveredUnit], chosen: dict[str, str]
) -> HttpResponseBase:
    kind = request.POST.get("kind", "").casefold()
    if kind not in sheets.FORMATS:
        return sheets.unknown_kind()
    wanted = {name: value for name, value in chosen.items() if value}
    events.record_file(by=user, of="team_coverage", kind=kind, wanted=wanted)
    headings = [_("Area"), _("Unit"), _("The unit's HSA-id"), _("Team"), _("Lacks")]
    return sheets.answer(kind, f"tackning-{dates.today().isoformat()}", headings, _cells(rows))


def _cells(rows: Sequence[CoveredUnit]) -> Iterator[Sequence[str]]:
    for row in rows:
        lacking = ", ".join(map(team_words.task_name, row.missing))
        state = str(team_words.COVERAGES[row.coverage])
        yield [row.area_name, row.unit.name, row.unit.hsa_id.text, state, lacking]
