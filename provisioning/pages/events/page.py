"""The event log for auditors: who did what, when and on what, in words. Shows, and changes nothing.

What is looked for may name a person, so it is kept with the session and never stands in an address.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from provisioning.audit import export, sealing
from provisioning.models import AuditEntry, Finding, Grant, Removal, Reorganisation, Review, User
from provisioning.pages import paging
from provisioning.pages.answers import acting_user
from provisioning.pages.cases import timeline
from provisioning.pages.cases.timeline import Event
from provisioning.pages.events.forms import EventFilter
from provisioning.pages.paging import ListPart
from provisioning.pages.words import what

PER_PAGE = 50
_KEY = "events_looked_for"
_About = Grant | Removal | Finding | Review | Reorganisation

# What an entry can be about besides a case, with the page that shows it.
_PAGES: tuple[tuple[type[_About], str], ...] = (
    (Grant, "grant"),
    (Removal, "removal"),
    (Finding, "finding"),
    (Review, "review"),
    (Reorganisation, "reorganisation"),
)


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event, and what it is about: a name for it, and its page where it has one."""

    number: int
    event: Event
    about: str
    url: str


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def event_log(request: HttpRequest) -> HttpResponse:
    """The latest events first; those looked for, where something is."""
    user = acting_user(request)
    if not user.is_auditor:
        raise Http404
    if request.method == "POST":
        form = EventFilter({} if request.POST.get("action") == "all" else request.POST)
        if not form.is_valid():
            return _page(request, form, (), status=400)
        request.session[_KEY] = {name: _kept(value) for name, value in form.cleaned_data.items()}
        return redirect("events")
    form = EventFilter(request.session.get(_KEY, {}))
    rows = AuditEntry.objects.filter(form.condition())
    rows = rows.select_related("actor", "principal", "request__order").prefetch_related("order__requests")
    page = paging.page_of(request.GET, ListPart(rows, ("-sequence",)), size=PER_PAGE)
    return _page(request, form, rows_of(user, page.rows), page=page)


def _kept(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value or "")


def _page(
    request: HttpRequest,
    form: EventFilter,
    rows: Iterable[EventRow],
    *,
    page: paging.KeyPage | None = None,
    status: int = 200,
) -> HttpResponse:
    is_narrowed = form.is_bound and any(form.data.get(name) for name in form.fields)
    context = {"form": form, "rows": rows, "page": page, "is_narrowed": is_narrowed}
    return render(request, "provisioning/events/list.html", context, status=status)


def rows_of(user: User, entries: Iterable[AuditEntry]) -> list[EventRow]:
    """The events with what they are about, as this reader may see them."""
    entries = list(entries)
    abouts = _abouts(entry.about for entry in entries if entry.about)
    hidden = export.hidden()
    return [_row(user, entry, abouts, is_hidden=hidden.covers(sealing.row_of(entry))) for entry in entries]


def _abouts(ids: Iterable[UUID]) -> dict[UUID, tuple[_About, str]]:
    wanted = set(ids)
    found: dict[UUID, tuple[_About, str]] = {}
    for model, page in _PAGES:
        for row in model._default_manager.filter(public_id__in=wanted - found.keys()):
            found[row.public_id] = (row, page)
    return found


def _row(
    user: User, entry: AuditEntry, abouts: Mapping[UUID, tuple[_About, str]], *, is_hidden: bool
) -> EventRow:
    request = entry.request or (next(iter(entry.order.requests.all()), None) if entry.order else None)
    other = abouts.get(entry.about) if entry.about else None
    about = request or (other[0] if other and isinstance(other[0], Grant | Removal) else None)
    event = timeline.event_of_log(user, about, entry, is_hidden=is_hidden)
    if request is not None:
        return EventRow(entry.sequence, event, request.case_number, reverse("case", args=[request.public_id]))
    if other is not None:
        row, page = other
        return EventRow(entry.sequence, event, _name_of(row), reverse(page, args=[row.public_id]))
    return EventRow(entry.sequence, event, entry.order_id or "", "")  # removed when its time was over


def _name_of(row: _About) -> str:
    if isinstance(row, Removal):
        return str(row.case_number)
    if isinstance(row, Grant):
        return f"{what(row)}, {row.wanted_unit_name or row.unit_name}"
    if isinstance(row, Finding):
        return _("Difference")
    return _("Review") if isinstance(row, Review) else _("Reorganisation")
