"""A register as a file, with all its columns, sent while it is read: its length costs no memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from provisioning import dates
from provisioning.audit import events
from provisioning.models import User
from provisioning.pages import paging, sheets
from provisioning.pages.paging import AFTER, ListPart
from provisioning.pages.register.forms import from_address
from provisioning.pages.register.kinds import RegisterKind
from provisioning.pages.register.rows import form_of, lines_of, part_of

ROWS_AT_ONCE = 500


def send(request: HttpRequest, user: User, register: RegisterKind) -> HttpResponseBase:
    """All rows that fit the address; that somebody took them along is an event, recorded before the first."""
    kind = request.POST.get("kind", "").casefold()
    form = form_of(register, from_address(request.GET, user))
    if kind not in sheets.FORMATS or not form.is_valid():
        return redirect(f"{reverse(f'register_{register.key}')}?{request.GET.urlencode()}")
    wanted = form.wanted()
    part, _is_whole = part_of(user, register, wanted)
    events.record_file(by=user, of=register.key, kind=kind, wanted=wanted.as_told())
    headings = [column.heading for column in register.columns]
    name = f"{register.address}-{dates.today().isoformat()}"
    return sheets.answer(kind, name, headings, _rows(user, register, part))


def _rows(user: User, register: RegisterKind, part: ListPart) -> Iterator[Sequence[str]]:
    """Some hundred rows by their key after the others: none is held when the next are read."""
    place: dict[str, str] = {}
    while True:
        page = paging.page_of(place, part, size=ROWS_AT_ONCE)
        if place and page.is_first:
            return  # what came after has gone meanwhile
        for line in lines_of(user, register, page):
            yield line.cells
        if not page.after:
            return
        place = {AFTER: page.after}
