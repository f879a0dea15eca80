"""The people of a unit and their accesses as a page and as a file; each gap leads to an order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.core.paginator import Page, Paginator
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
from provisioning.models import User
from provisioning.pages import sheets, sticking_words
from provisioning.pages.answers import acting_user
from provisioning.pages.units import matrix
from provisioning.pages.units.matrix import Matrix, MatrixRow
from provisioning.rules.hsa import HsaId

BY_NAME, MOST_MISSING = "name", "missing"


class MatrixFilter(forms.Form):
    """Which people are shown, and in what order. Nothing of it names anybody, so it stands in the address."""

    state = forms.ChoiceField(
        label=gettext_lazy("Which people"),
        required=False,
        choices=[
            ("", gettext_lazy("Everybody")),
            (matrix.LACKS, gettext_lazy("Those who do not get in somewhere")),
            (matrix.UNDER_WAY, gettext_lazy("Those with something under way")),
            (matrix.GETS_IN, gettext_lazy("Those who get in somewhere")),
            (matrix.UNKNOWN, gettext_lazy("Those of whom something is not known")),
        ],
    )
    order = forms.ChoiceField(
        label=gettext_lazy("Sorted"),
        required=False,
        choices=[(BY_NAME, gettext_lazy("By name")), (MOST_MISSING, gettext_lazy("Most is missing first"))],
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unit_people(request: HttpRequest, hsa_id: str) -> HttpResponseBase:
    """For the head of the unit and for auditors. What is sent is answered by a file."""
    user = acting_user(request)
    unit_id = HsaId(hsa_id)
    mandates = current.for_display(user)
    is_head = unit_id in mandates.unit_ids
    if not (is_head or user.is_auditor):
        raise Http404
    form = MatrixFilter(request.GET)
    chosen = form.cleaned_data if form.is_valid() else {"state": "", "order": ""}
    if request.method == "POST" or chosen["state"] or chosen["order"] == MOST_MISSING:
        found = matrix.of_unit(user, unit_id, may_order=is_head)
    else:
        found = matrix.page_of_unit(user, unit_id, may_order=is_head, number=request.GET.get("page"))
    if found.is_read and not found.rows and found.unit_name == unit_id.text:
        raise Http404  # no such unit
    rows: Sequence[MatrixRow] = _chosen(found, chosen["state"], chosen["order"])
    if request.method == "POST":
        return _file(request, user, unit_id, found, rows)
    page: Page[Any] | None = found.page
    if page is None:
        page = Paginator(rows, matrix.PER_PAGE).get_page(request.GET.get("page"))
        rows = list(page.object_list)
    events.record_look(by=user, places=[unit_id.folded])
    units = [(reverse("unit_people", args=[one.hsa_id.text]), one) for one in mandates.units]
    context: dict[str, Any] = {
        "form": form,
        "matrix": found,
        "rows": rows,
        "page": page,
        "unit_id": unit_id.text,
        "units": [(url, one.name, one.hsa_id == unit_id) for url, one in units],
        "sticks": sticking_words.of_unit(user, _with_sub_units(mandates, unit_id)),
        "may_order": is_head,
        "query": request.GET.urlencode(),
        "formats": [kind.upper() for kind in sheets.FORMATS],
    }
    status = 200 if form.is_valid() else 400
    return render(request, "provisioning/units/people.html", context, status=status)


def _with_sub_units(mandates: current.Mandates, unit_id: HsaId) -> list[HsaId]:
    members = [one.member_ids for one in mandates.units if one.hsa_id == unit_id]
    return [unit_id, *(member_id for those in members for member_id in those)]


def _chosen(found: Matrix, state: str, order: str) -> list[MatrixRow]:
    rows = [row for row in found.rows if not state or state in row.states]
    if order == MOST_MISSING:
        rows.sort(key=lambda row: -sum(cell.state == matrix.LACKS for cell in row.cells))
    return rows


def _file(
    request: HttpRequest, user: User, unit_id: HsaId, found: Matrix, rows: Sequence[MatrixRow]
) -> HttpResponseBase:
    kind = request.POST.get("kind", "").casefold()
    if kind not in sheets.FORMATS:
        return sheets.unknown_kind()
    events.record_file(by=user, of="unit_people", kind=kind, wanted={"unit": unit_id.folded})
    headings = [_("Person"), _("The person's HSA-id"), *found.accesses]
    name = f"enhet-{unit_id.folded}-{dates.today().isoformat()}"
    return sheets.answer(kind, name, headings, _cells(rows))


def _cells(rows: Sequence[MatrixRow]) -> Iterator[Sequence[str]]:
    for row in rows:
        yield [row.name, row.hsa_id, *(f"{cell.word}. {cell.reason}".rstrip() for cell in row.cells)]
