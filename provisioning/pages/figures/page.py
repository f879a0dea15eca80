"""Figures about the work, by period, service and area; and the same as CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from provisioning import access, dates
from provisioning.access import FigureScope
from provisioning.figures import counting, reading
from provisioning.pages import words as pages_words
from provisioning.pages.answers import acting_user
from provisioning.pages.figures import words

WEEKS = (4, 12, 26, 52)
USUAL_WEEKS = 12


class FilterForm(forms.Form):
    """Period, service and place; by the names they have in the address."""

    use_required_attribute = False

    veckor = forms.ChoiceField(label=gettext_lazy("Period"))
    tjanst = forms.ChoiceField(label=gettext_lazy("Service"))
    plats = forms.ChoiceField(label=gettext_lazy("Area"))

    def offer(self, scopes: Sequence[FigureScope]) -> FilterForm:
        """Let it show what can be chosen."""
        offered = {
            "veckor": [(str(one), _("%(count)d weeks") % {"count": one}) for one in WEEKS],
            "tjanst": [
                ("", _("All services")),
                *((one, pages_words.service_name(one)) for one in settings.SERVICES),
            ],
            "plats": [(one.key, _place(one)) for one in scopes],
        }
        for name, choices in offered.items():
            self.fields[name] = forms.ChoiceField(label=self.fields[name].label, choices=choices)
        return self


@dataclass(frozen=True, slots=True)
class _Filtered:
    """What the address chooses; whatever it does not know is as if nothing was chosen."""

    scope: FigureScope
    service: str
    weeks: int
    first: date
    last: date


def _chosen(asked: QueryDict, scopes: Sequence[FigureScope]) -> _Filtered:
    weeks = {str(number): number for number in WEEKS}.get(asked.get("veckor", ""), USUAL_WEEKS)
    service = asked.get("tjanst", "")
    last = dates.today()
    return _Filtered(
        scope=next((one for one in scopes if one.key == asked.get("plats", "")), scopes[0]),
        service=service if service in settings.SERVICES else "",
        weeks=weeks,
        first=last - timedelta(days=last.weekday(), weeks=weeks - 1),
        last=last,
    )


@never_cache
@require_safe
def figures(request: HttpRequest) -> HttpResponse:
    """The page."""
    chosen, scopes = _asked(request)
    shown, is_whole = _tables(chosen)
    initial = {"veckor": str(chosen.weeks), "tjanst": chosen.service, "plats": chosen.scope.key}
    context = {
        "tables": shown,
        "is_whole": is_whole,
        "form": FilterForm(initial=initial).offer(scopes),
        "query": urlencode(initial),
    }
    return render(request, "provisioning/figures/page.html", context)


@never_cache
@require_safe
def figures_csv(request: HttpRequest) -> HttpResponse:
    """The same tables, one below the other."""
    chosen, _scopes = _asked(request)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="figures.csv"'
    response.write("\ufeff")
    writer = csv.writer(response, delimiter=";")
    for table in _tables(chosen)[0]:
        writer.writerow([table.heading])
        writer.writerow(table.headings)
        writer.writerows(table.rows)
        writer.writerow([])
    return response


def _asked(request: HttpRequest) -> tuple[_Filtered, Sequence[FigureScope]]:
    """Raises Http404 for whoever has no figures to see."""
    user = acting_user(request)
    scopes = access.figure_scopes(user)
    if not scopes:
        raise Http404
    return _chosen(request.GET, scopes), scopes


def _tables(chosen: _Filtered) -> tuple[list[words.Table], bool]:
    """The tables, and whether every day is counted."""
    keys = chosen.scope.place_keys
    period = reading.read(keys, first=chosen.first, last=chosen.last, service=chosen.service)
    shown = words.tables(chosen.scope, period, first=chosen.first, service=chosen.service)
    return shown, period.is_whole


def _place(scope: FigureScope) -> str:
    if scope.name:
        return scope.name
    if scope.key == counting.ALL:
        return _("Everything")
    return _("My KIV tasks") if scope.is_kiv_queue else _("All my units")
