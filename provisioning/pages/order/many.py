"""The page of an order for many: read, look up, mend in place, send what is whole. Without JavaScript."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from provisioning import access, dates
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError, Invalid
from provisioning.mandates import current
from provisioning.models import Order, User
from provisioning.orders import ask, prolong
from provisioning.orders.many import columns, look_up, send, sheet_texts
from provisioning.orders.many.columns import HEADINGS, Column
from provisioning.orders.many.lines import WantedLine, access_of, day_of
from provisioning.orders.many.look_up import JudgedLine
from provisioning.pages import words
from provisioning.pages.answers import acting_user
from provisioning.pages.order import carried, choices
from provisioning.pages.order.carried import Carried
from provisioning.pages.order.forms import access_name
from provisioning.pages.order.many_forms import ManyForm
from provisioning.pages.restoring import filled_in, unchecked
from provisioning.rules.dates import deadlines

MOST_TICKED = 500
_KEPT = ("pasted", "access", "units", "starts_on", "ends_on", "need", "risk", "signed", "choice")


@dataclass(frozen=True, slots=True)
class Cell:
    """A field of a row that can be mended in place."""

    name: str
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line as the preview shows it."""

    number: int
    person: str
    person_id: str
    what: str
    place: str
    answer: str  # gets in now; empty: not known
    missing: tuple[str, ...]
    notes: tuple[str, ...]
    refusals: tuple[str, ...]
    cells: tuple[Cell, ...] = ()
    sure_name: str = ""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def order_many(request: HttpRequest) -> HttpResponse:
    """Order several accesses for several persons at once."""
    user = acting_user(request)
    if request.method != "POST":
        return _again(request, user) or _empty(request, user)
    if "ticked" in request.POST:
        return _ticked(request, user)
    shown = Carried.load(request.POST.get("shown", ""), user)
    if shown is None:
        return _read(request, user)
    if request.POST.get("action") == "errors":
        return _errors(shown)
    lines = shown.edited(request.POST)
    if request.POST.get("action") == "send" and lines == shown.lines:
        return _send(request, user, shown)
    return _preview(request, user, lines, instead=shown.instead, is_new=True)


@never_cache
@require_safe
def template(request: HttpRequest, ending: str) -> HttpResponse:
    """An empty table with every heading and one example."""
    today = dates.today()
    rows = [columns.template(), look_up.template_row(today, deadlines.latest_end(today) - timedelta(days=1))]
    name = _("order-for-many")
    if ending not in ("csv", "xlsx"):
        raise Http404
    if ending == "xlsx":
        return _download(sheet_texts.to_xlsx(rows), f"{name}.xlsx", _XLSX)
    return _download(sheet_texts.to_csv(rows), f"{name}.csv", _CSV)


_CSV = "text/csv; charset=utf-8"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def _download(content: bytes, name: str, kind: str) -> HttpResponse:
    return HttpResponse(
        content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


def _errors(shown: Carried) -> HttpResponse:
    """What cannot be sent as it stands, as a file of the same shape with why: to be mended and sent again."""
    rows = [[*columns.template(), _("What is wrong")]]
    rows += [
        [
            *(line.person, line.name, line.mail, line.access, line.unit),
            *(line.starts_on, line.ends_on, line.need, line.risk, line.choice),
            *((line.signed, why) if settings.SIGNED_ASSIGNMENT_FOR else (why,)),
        ]
        for line, why in shown.to_mend
    ]
    return _download(sheet_texts.to_csv(rows), _("rows-to-fix") + ".csv", _CSV)


def _empty(request: HttpRequest, user: User) -> HttpResponse:
    today = dates.today()
    initial = {
        "submission": uuid.uuid4(),
        "starts_on": today,
        "ends_on": deadlines.latest_end(today) - timedelta(days=1),
    }
    data = filled_in(request)
    if data is not None:
        data = data.copy()
        data["submission"] = str(initial["submission"])
    units = _units(request, user)
    form = unchecked(ManyForm(data, units=units)) if data else ManyForm(initial=initial, units=units)
    return _page(request, form)


def _ticked(request: HttpRequest, user: User) -> HttpResponse:
    """The gaps that were ticked on a page about a unit, as rows: the reasons are still to be written."""
    headings = [HEADINGS[column][0] for column in (Column.PERSON, Column.ACCESS, Column.UNIT)]
    rows = [one.split("|") for one in request.POST.getlist("ticked")[:MOST_TICKED] if one.count("|") == 2]
    today = dates.today()
    data = QueryDict(mutable=True)
    data.update(
        {
            "submission": str(uuid.uuid4()),
            "pasted": "\n".join("\t".join(row) for row in [headings, *rows]) if rows else "",
            "starts_on": today.isoformat(),
            "ends_on": (deadlines.latest_end(today) - timedelta(days=1)).isoformat(),
        }
    )
    return _page(request, unchecked(ManyForm(data, units=_units(request, user))))


def _units(request: HttpRequest, user: User) -> tuple[choices.Option, ...]:
    try:
        return choices.own_units(open_directory(), user, current.read(user.identity))
    except DirectoryError as exc:
        messages.error(request, str(exc.user_message))
        return ()


def _page(request: HttpRequest, form: ManyForm, *, status: int = 200) -> HttpResponse:
    return render(request, "provisioning/order/many.html", {"form": form}, status=status)


def _read(request: HttpRequest, user: User) -> HttpResponse:
    form = ManyForm(request.POST, request.FILES, units=_units(request, user))
    if not form.is_valid():
        return _page(request, form, status=400)
    try:
        lines = look_up.expanded(form.cleaned_data["lines"], form.for_all())
    except Invalid as exc:
        form.add_error("file" if form.cleaned_data.get("file") else "pasted", str(exc.user_message))
        return _page(request, form, status=400)
    return _preview(request, user, lines, form=form)


def _again(request: HttpRequest, user: User) -> HttpResponse | None:
    """The lines of an earlier order that came to nothing, to be mended and sent again."""
    try:
        submission = UUID(request.GET.get("igen", ""))
    except ValueError:
        return None
    row = access.find_own_order(user, submission)
    lines = look_up.lines_to_send_again(row)
    if not lines:
        messages.info(request, _("There is nothing in the order to send again."))
        return redirect("order_lines", submission=submission)
    return _preview(request, user, lines, instead=str(submission))


def _preview(
    request: HttpRequest,
    user: User,
    lines: Sequence[WantedLine],
    *,
    form: ManyForm | None = None,
    instead: str = "",
    is_new: bool = False,
) -> HttpResponse:
    try:
        found = look_up.judged(lines, by=user)
    except DirectoryError as exc:
        messages.error(request, str(exc.user_message))
        if form is not None:
            return _page(request, form, status=503)
        found = look_up.unheard(lines, exc)
    ask.record_looks([one.prepared for one in found if one.prepared is not None], by=user)
    shown = Carried.of(found, instead=instead)
    good, bad = _rows(found)
    sent = look_up.sent_before(look_up.content_key((line for line, _mark in shown.to_send), user), user)
    context = {
        "submission": request.POST.get("submission") or str(uuid.uuid4()),
        "shown": shown.dump(user),
        "kept": [(name, value) for name in _KEPT for value in request.POST.getlist(name)],
        "good": good,
        "bad": bad,
        "hidden": max(0, len(bad) - carried.MOST_EDITED),
        "count": len(found),
        "sent_before": sent.order if sent is not None else None,
        "is_new": is_new,
    }
    return render(request, "provisioning/order/many_preview.html", context)


def _rows(found: Sequence[JudgedLine]) -> tuple[list[Row], list[Row]]:
    good: list[Row] = []
    bad: list[Row] = []
    for position, one in enumerate(found):
        if one.may_be_sent:
            good.append(_row(one))
        elif len(bad) < carried.MOST_EDITED:
            bad.append(_row(one, _cells(one, position), _sure_name(one, position)))
        else:
            bad.append(_row(one))
    return good, bad


def _row(one: JudgedLine, cells: tuple[Cell, ...] = (), sure_name: str = "") -> Row:
    line, person, item = one.line, one.person, one.item
    key = access_of(line.access)
    found = item.assessment if item is not None else None
    notes: list[str] = []
    if item is not None and found is not None:
        today = dates.today()
        ends_on = day_of(line.ends_on) or today
        notes = [
            prolong.sentence(item.live_grant, ends_on, on=today, works=found.answer),
            *(str(cause.sentence) for cause in words.cause_lines(found.warnings, answer="yes")),
        ]
    return Row(
        number=line.number,
        person=_name(one),
        person_id=person.hsa_id.text if person is not None else line.person,
        what=access_name(*(part.value for part in key)) if key else line.access,
        place=item.wanted_name if item is not None else line.unit,
        answer=found.answer.value if found is not None else "",
        missing=_missing(one),
        notes=tuple(note for note in notes if note),
        refusals=tuple(carried.reasons(one)),
        cells=cells,
        sure_name=sure_name,
    )


def _name(one: JudgedLine) -> str:
    """As the directory has it; what was written where it has nobody."""
    if one.person is None:
        return one.line.name
    return str(words.MASKED) if one.person.is_protected else one.person.name


def _missing(one: JudgedLine) -> tuple[str, ...]:
    if one.item is None or one.item.assessment is None:
        return ()
    found = one.item.assessment
    lines = words.cause_lines(found.causes, answer=found.answer.value)
    return tuple(str(cause.sentence) for cause in lines)


_CELL_OF = {
    "units": "unit",
    "risk_statement": "risk",
    "signed_assignment_on": "signed",
    "if_missing": "choice",
}


def _cells(one: JudgedLine, position: int) -> tuple[Cell, ...]:
    labels = {
        "person": _("HSA-id"),
        "unit": _("Unit's HSA-id"),
        "starts_on": _("First day"),
        "ends_on": _("Last day"),
        "need": _("Need"),
        "risk": _("Risks"),
        "signed": _("Assignment for quality work signed"),
        "choice": _("If the commission is missing"),
    }
    named = {_CELL_OF.get(refusal.field, refusal.field) for refusal in one.refusals}
    if one.doubt:
        named.add("person")
    return tuple(
        Cell(carried.name_of(position, cell), label, getattr(one.line, cell))
        for cell, label in labels.items()
        if cell in named
    )


def _sure_name(one: JudgedLine, position: int) -> str:
    return carried.name_of(position, "sure") if one.doubt else ""


def _send(request: HttpRequest, user: User, shown: Carried) -> HttpResponse:
    to_send = shown.to_send
    key = look_up.content_key((line for line, _mark in to_send), user)
    submission = _submission(request)
    sent = look_up.sent_before(key, user)
    if sent is not None and sent.order.submission != submission and "anyway" not in request.POST:
        messages.warning(request, _("You have sent the same rows before. Say that you mean it, or go back."))
        return _preview(request, user, shown.lines, instead=shown.instead)
    try:
        order = send.confirm(
            [send.confirmed(line, mark) for line, mark in to_send],
            by=user,
            submission=submission,
            content_key=key,
            instead=UUID(shown.instead) if shown.instead else None,
        )
    except Invalid as exc:
        messages.error(request, str(exc.user_message))
        return _preview(request, user, shown.lines, instead=shown.instead)
    _say(request, order, len(to_send))
    return redirect("order_lines", submission=order.submission)


def _submission(request: HttpRequest) -> UUID:
    try:
        return UUID(request.POST.get("submission", ""))
    except ValueError:
        return uuid.uuid4()


def _say(request: HttpRequest, order: Order, count: int) -> None:
    said = ngettext(
        "The order is sent with %(count)d row. Its number is %(number)s.",
        "The order is sent with %(count)d rows. Its number is %(number)s.",
        count,
    )
    messages.success(request, said % {"count": count, "number": order.case_number})
