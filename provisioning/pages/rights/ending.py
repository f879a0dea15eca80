"""Rights that end soon, decided in one sitting: prolonged with one statement, or let to end. Others wait."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from provisioning import access, dates
from provisioning.errors import DirectoryError, Invalid, NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.mandates.current import Mandates
from provisioning.models import AccessRequest, Grant, User
from provisioning.orders import prepare, prolong
from provisioning.orders.draft import asks_for_signed_assignment
from provisioning.pages.answers import acting_user
from provisioning.pages.fields import Day
from provisioning.pages.forms import StatementForm
from provisioning.pages.restoring import filled_in
from provisioning.pages.reviews import words as reviews_words
from provisioning.pages.rights import words as rights_words
from provisioning.pages.rights.words import GrantLine
from provisioning.pages.words import CauseLine
from provisioning.reviews import said as reviews_said
from provisioning.reviews.said import Said
from provisioning.rights import end
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import Answer, Level, Service
from workflows import steps

RIGHTS_PER_PAGE = 40
PROLONG, LET_END = "prolong", "let_end"
_SHOWN = "-shown"  # the field that says what the directory said when the right was shown


class SharedStatementForm(StatementForm):
    """One statement for all that are prolonged."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["need"].help_text = _(
            "What in these persons' work takes it. Write nothing about patients."
        )


class RightForm(forms.Form):
    """One right's answer. Nothing chosen means: not now."""

    decision = forms.ChoiceField(choices=[(PROLONG, ""), (LET_END, "")], required=False)
    ends_on = Day()
    signed_assignment_on = Day()
    shown = forms.CharField(max_length=64)


@dataclass(slots=True)
class EndingRow:
    """One right on the page: what the directory says of it, what was answered, and what was wrong."""

    grant: Grant
    said: Said
    line: GrantLine
    first_end: date  # the first and the latest last day that it may be given
    new_end: date
    may_prolong: bool
    may_let_end: bool
    url: str  # empty where the right's own page is not this reader's
    is_own: bool = False  # the reader's own right: somebody else approves
    earlier: AccessRequest | None = None  # what it was ordered with last
    decision: str = ""
    ends_on: str = ""  # as it was written
    last_day: date | None = None
    takes_signed: bool = False  # the access takes a signed assignment here
    signed_on: str = ""  # as it was written
    signed_day: date | None = None
    is_asked: bool = False  # it was ordered, and somebody else is asked to approve
    error: str = ""

    @property
    def key(self) -> str:
        return str(self.grant.public_id)

    @property
    def is_providers(self) -> bool:
        """A process leader's: then it is the care provider that counts, and no unit."""
        return self.grant.level == Level.PROVIDER.value

    @property
    def causes(self) -> Sequence[CauseLine]:
        """What stands against it, and what to mind."""
        return reviews_words.causes(self.said.verdict)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ending(request: HttpRequest) -> HttpResponse:
    """What I can prolong or let end. What is answered is done; the rest waits."""
    user = acting_user(request)
    rights = access.ending_soon(user)
    page = Paginator(rights, RIGHTS_PER_PAGE).get_page(request.GET.get("page"))
    if request.method != "POST":
        filled = filled_in(request)
        if filled is None:
            return _page(request, _rows(user, list(page)), SharedStatementForm(), page)
        shown = _rows(user, _sent(rights, filled) or list(page))
        return _page(request, _answered(shown, filled), SharedStatementForm(initial=filled.dict()), page)
    # What was on the page, whichever page it is on now that others have decided, too.
    rows = _rows(user, _sent(rights, request.POST))
    if request.POST.get("reuse"):
        return _with_earlier(request, rows, page)
    try:
        mandates = current.read(user.identity)
    except DirectoryError as exc:
        return _silent(request, rows, page, str(exc.user_message))
    return _save(request, user, mandates, rows, page)


def _silent(request: HttpRequest, rows: list[EndingRow], page: Any, message: str) -> HttpResponse:
    """Nothing is done and nothing is lost: the page comes back as it was answered."""
    statement = SharedStatementForm(request.POST)
    statement.add_error(None, message)
    return _page(request, _answered(rows, request.POST), statement, page, status=503)


def _with_earlier(request: HttpRequest, rows: list[EndingRow], page: Any) -> HttpResponse:
    """The page as it is answered, with the reasons of an earlier order where none are written yet."""
    earlier = next((row.earlier for row in rows if row.key == request.POST["reuse"]), None)
    written = {name: request.POST.get(name, "") for name in SharedStatementForm.base_fields}
    if earlier is not None:
        for name, text in written.items():
            written[name] = text if text.strip() else getattr(earlier, name)
    statement = SharedStatementForm(initial=written)
    return _page(request, _answered(rows, request.POST), statement, page, focus="statement")


def _answered(rows: list[EndingRow], data: QueryDict) -> list[EndingRow]:
    """The same rows with what was chosen for each, decided or not."""
    for row in rows:
        row.decision = data.get(f"{row.key}-decision", "")
        row.ends_on = data.get(f"{row.key}-ends_on", row.ends_on)
        row.signed_on = data.get(f"{row.key}-signed_assignment_on", row.signed_on)
    return rows


def _sent(rights: QuerySet[Grant], data: QueryDict) -> list[Grant]:
    """Those of the rights that were on the page, whichever page they are on now."""
    return list(rights.filter(public_id__in=_shown(data))[:RIGHTS_PER_PAGE])


def _rows(user: User, rights: Sequence[Grant]) -> list[EndingRow]:
    said = reviews_said.look(rights)
    pks = [grant.pk for grant in rights]
    readable = set(access.visible_grants(user).filter(pk__in=pks).values_list("pk", flat=True))
    # Whatever stands here is not being renewed: `access.ending_soon`.
    rows = [_row(user, grant, said[grant.pk], is_readable=grant.pk in readable) for grant in rights]
    _add_earlier_reasons(user, rows)
    return rows


def _add_earlier_reasons(user: User, rows: Sequence[EndingRow]) -> None:
    """What each right was ordered with last, for those who may read that order."""
    of_these = Q(grant__in=[row.grant.pk for row in rows]) | Q(pk__in=[row.grant.origin_id for row in rows])
    requests = list(
        access.visible_requests(user).filter(of_these).select_related("order", "line").order_by("pk")
    )
    first = {request.pk: request for request in requests}
    latest = {request.grant_id: request for request in requests}
    for row in rows:
        row.earlier = latest.get(row.grant.pk) or first.get(row.grant.origin_id)
        signed = row.earlier.signed_assignment_on if row.takes_signed and row.earlier else None
        row.signed_on = signed.isoformat() if signed is not None else ""


def _row(user: User, grant: Grant, said: Said, *, is_readable: bool) -> EndingRow:
    line = rights_words.grant_line(user, grant, None)
    new_end = prolong.next_last_day(grant)
    return EndingRow(
        grant,
        said,
        line,
        prolong.next_first_day(grant),
        new_end,
        may_prolong=access.may_order_anew(user, grant),
        may_let_end=access.may_end(user, grant),
        url=line.url if is_readable else "",
        is_own=user.hsa_key == grant.subject_key,
        ends_on=new_end.isoformat(),
        takes_signed=asks_for_signed_assignment(Service(grant.service), Level(grant.level)),
    )


def _shown(data: QueryDict) -> list[UUID]:
    """The rights that were on the page."""
    found = []
    for name in data:
        if name.endswith(_SHOWN):
            with contextlib.suppress(ValueError):
                found.append(UUID(name.removesuffix(_SHOWN)))
    return found


def _save(
    request: HttpRequest, user: User, mandates: Mandates, rows: list[EndingRow], page: Any
) -> HttpResponse:
    """Carry out every whole answer, each for itself; what could not be done comes back with the reason."""
    for row in rows:
        _take(request, row)
    statement = _statement_for(request, rows)
    done = {PROLONG: 0, LET_END: 0}
    is_late = _is_late(request, rows)
    for row in rows:
        if row.error or not row.decision or _lacks_statement(row, statement):
            continue
        row.error = _carry_out(row, user, mandates, statement)
        done[row.decision] += not row.error
    _say_done(request, done, asked=sum(row.is_asked for row in rows))
    if is_late:
        text = _("Some of it was decided already, by you or by somebody else. The list shows what is left.")
        messages.info(request, text)
    if not statement.errors and not any(row.error for row in rows):
        if not is_late and not any(done.values()):
            messages.info(request, _("You have not answered for any right yet."))
        return redirect("ending")
    left = [row for row in rows if row.error or not row.decision or _lacks_statement(row, statement)]
    return _page(request, left, statement, page, status=400)


def _is_late(request: HttpRequest, rows: Sequence[EndingRow]) -> bool:
    """Say whether something was answered that needs no answer any more: a second click, or somebody else."""
    answered = {str(one) for one in _shown(request.POST) if request.POST.get(f"{one}-decision")}
    return bool(answered - {row.key for row in rows})


def _statement_for(request: HttpRequest, rows: Sequence[EndingRow]) -> SharedStatementForm:
    """Demanded where something is prolonged; else kept as it was written."""
    if any(row.decision == PROLONG for row in rows):
        return SharedStatementForm(request.POST)
    return SharedStatementForm(
        initial={name: request.POST.get(name, "") for name in SharedStatementForm.base_fields}
    )


def _lacks_statement(row: EndingRow, statement: SharedStatementForm) -> bool:
    return row.decision == PROLONG and bool(statement.errors)


def _take(request: HttpRequest, row: EndingRow) -> None:
    """What was answered for this right, if what the directory says is still what was shown."""
    form = RightForm(request.POST, prefix=row.key)
    is_valid = form.is_valid()
    if form.errors.keys() - {"ends_on", "signed_assignment_on"}:
        return  # it was not on the page
    if not is_valid and form.cleaned_data["decision"] == PROLONG:
        row.error = " ".join(str(text) for texts in form.errors.values() for text in texts)
    row.last_day = form.cleaned_data.get("ends_on")
    row.signed_day = form.cleaned_data.get("signed_assignment_on")
    row.decision = form.cleaned_data["decision"]
    row.ends_on = request.POST.get(f"{row.key}-ends_on", row.ends_on)
    row.signed_on = request.POST.get(f"{row.key}-signed_assignment_on", row.signed_on)
    if row.decision and form.cleaned_data["shown"] != row.said.fingerprint:
        row.decision = ""
        row.error = _("What the directory says has changed. Read it, and decide again.")


def _carry_out(row: EndingRow, user: User, mandates: Mandates, statement: SharedStatementForm) -> str:
    """Do what was decided. Returns why it could not be done; empty where it was."""
    try:
        if row.decision == LET_END:
            end.let_end(row.grant.pk, by=user, mandates=mandates)
            return ""
        wanted = prolong.draft(row.grant, by=user, ends_on=row.last_day, **statement.cleaned_data)
        if row.takes_signed:
            wanted = replace(wanted, signed_assignment_on=row.signed_day)
        prepared = prepare.prepare(wanted, by=user)
        if not prepared.may_be_placed:
            return " ".join(dict.fromkeys(refusal.message for refusal in prepared.all_refusals))
        steps.place_order(prepared, by=user)
        row.is_asked = not all(item.is_attested_by_order for item in prepared.items)
    except (DirectoryError, Invalid, NotAllowed, WrongState) as exc:
        return str(exc.user_message)
    return ""


def _say_done(request: HttpRequest, done: dict[str, int], *, asked: int) -> None:
    if done[PROLONG]:
        text = ngettext("%(count)d order is sent.", "%(count)d orders are sent.", done[PROLONG])
        messages.success(request, text % {"count": done[PROLONG]})
    if asked:
        messages.info(request, _("The head of unit has been asked to approve what you asked for."))
    if done[LET_END]:
        text = ngettext(
            "%(count)d right is not prolonged.", "%(count)d rights are not prolonged.", done[LET_END]
        )
        messages.success(request, text % {"count": done[LET_END]})


def _page(
    request: HttpRequest,
    rows: Sequence[EndingRow],
    statement: SharedStatementForm,
    page: Any,
    *,
    status: int = 200,
    focus: str = "",
) -> HttpResponse:
    context = {
        "focus": focus,
        "rows": rows,
        "form": statement,
        "page": page,
        "today": dates.today(),
        "oldest_signed": deadlines.oldest_signed(dates.today()),
        "is_silent": bool(rows) and all(row.said.answer == Answer.UNKNOWN.value for row in rows),
        "wrong": [row for row in rows if row.error],
    }
    return render(request, "provisioning/grant/ending.html", context, status=status)
