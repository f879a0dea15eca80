"""One register as a page: its filters, the views that somebody has saved, and the rows, some at a time."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from provisioning.models import SavedView, User
from provisioning.pages import paging
from provisioning.pages.answers import acting_user
from provisioning.pages.paging import AFTER, BEFORE, KeyPage
from provisioning.pages.register import files, saved
from provisioning.pages.register.forms import PERSONS, RegisterFilter, from_address
from provisioning.pages.register.kinds import REGISTERS, RegisterKind
from provisioning.pages.register.rows import find_register, form_of, lines_of, part_of
from provisioning.pages.sheets import FORMATS

PAGE_SIZE = 50


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def register(request: HttpRequest, key: str) -> HttpResponseBase:
    """The rows that fit the address; what is sent to it narrows them, takes them along, or keeps the view.

    The filters are sent, so that a person's HSA-id is sealed before it stands in an address.
    """
    user = acting_user(request)
    wanted_register = find_register(user, key)
    if request.method == "POST":
        acts = {"file": files.send, "save": saved.save}
        return acts.get(request.POST.get("action", ""), _narrow)(request, user, wanted_register)
    form = form_of(wanted_register, from_address(request.GET, user))
    if not form.is_valid():
        return _page(request, user, wanted_register, form, status=400)
    part, is_whole = part_of(user, wanted_register, form.wanted())
    page = paging.page_of(request.GET, part, size=PAGE_SIZE)
    return _page(request, user, wanted_register, form, page=page, is_whole=is_whole)


def _narrow(request: HttpRequest, user: User, register: RegisterKind) -> HttpResponse:
    form = form_of(register, request.POST)
    if not form.is_valid():
        return _page(request, user, register, form, status=400)
    query = form.query(user)
    return redirect(reverse(f"register_{register.key}") + (f"?{query}" if query else ""))


def without_place(query: QueryDict) -> str:
    """The address's filters without the place in the list."""
    kept = query.copy()
    for name in (AFTER, BEFORE):
        kept.pop(name, None)
    return kept.urlencode()


def _page(
    request: HttpRequest,
    user: User,
    register: RegisterKind,
    form: RegisterFilter,
    *,
    page: KeyPage | None = None,
    is_whole: bool = True,
    status: int = 200,
) -> HttpResponse:
    lines = lines_of(user, register, page) if page else []
    query = without_place(request.GET)
    context: dict[str, Any] = {
        "register": register,
        "form": form,
        "page": page,
        "headings": [register.columns[number].heading for number in register.shown],
        "lines": [_shown(register, line) for line in lines],
        "query": query,
        "is_narrowed": bool(query),
        "has_kept": any(form.data.get(f"kept_{name}") for name in PERSONS),
        "is_whole": is_whole,
        "views": SavedView.objects.filter(user=user, register=register.key),
        "others": [
            (reverse(f"register_{one.key}"), one.heading, one is register)
            for one in REGISTERS.values()
            if user.is_auditor or not one.is_auditors
        ],
        "url": reverse(f"register_{register.key}"),
        "formats": [kind.upper() for kind in FORMATS],
        "list_url": reverse(register.list_page),
    }
    return render(request, "provisioning/register/register.html", context, status=status)


def _shown(register: RegisterKind, line: Any) -> dict[str, Any]:
    """The cells that the page shows, each with its heading; the first leads to the row's page."""
    cells = [(register.columns[number].heading, line.cells[number]) for number in register.shown]
    return {"url": line.url, "first": cells[0][1], "cells": cells[1:]}
