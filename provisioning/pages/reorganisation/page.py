"""Reorganisations: the list, what one would touch, the one decision, and how far it has come."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from provisioning import access
from provisioning.errors import DirectoryError, Invalid, NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.models import (
    AccessRequest,
    Grant,
    Reorganisation,
    ReorganisationState,
    ReorganisedRight,
    User,
)
from provisioning.pages import words
from provisioning.pages.answers import acting_user, refusal
from provisioning.pages.reorganisation.forms import DeclineForm, PairForm, ProposalForm
from provisioning.pages.restoring import filled_in, unchecked
from provisioning.reorganisation import decide, preview
from provisioning.reorganisation.preview import Preview

PAGE_SIZE = 50
TONE_OF = {
    ReorganisationState.PROPOSED: "waiting",
    ReorganisationState.RUNNING: "info",
    ReorganisationState.DONE: "success",
    ReorganisationState.DECLINED: "neutral",
}
ITEM_TONE_OF = {
    ReorganisedRight.HowFar.WAITING: "waiting",
    ReorganisedRight.HowFar.ORDERED: "info",
    ReorganisedRight.HowFar.MOVED: "success",
    ReorganisedRight.HowFar.STAYS: "warning",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One right or one order of the old unit."""

    person: str
    what: str
    kind: str
    until: Any
    tone: str = ""
    state: str = ""
    case: AccessRequest | None = None
    why: str = ""


@never_cache
@require_safe
def reorganisations(request: HttpRequest) -> HttpResponse:
    """All that this person may read, the latest first."""
    user = acting_user(request)
    page = Paginator(access.visible_reorganisations(user), PAGE_SIZE).get_page(request.GET.get("page"))
    rows = [{"reorganisation": row, "tone": TONE_OF[ReorganisationState(row.state)]} for row in page]
    context = {"page": page, "rows": rows, "may_begin": access.may_begin_reorganisation(user)}
    return render(request, "provisioning/reorganisation/list.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reorganise(request: HttpRequest) -> HttpResponse:
    """Which becomes which: first everything that is touched, then the proposal."""
    user = acting_user(request)
    if not access.may_begin_reorganisation(user):
        raise Http404
    if request.method != "POST":
        return render(
            request, "provisioning/reorganisation/new.html", {"form": unchecked(PairForm(filled_in(request)))}
        )
    is_proposal = request.POST.get("answer") == "propose"
    form = ProposalForm(request.POST) if is_proposal else PairForm(request.POST)
    pair = PairForm(request.POST)
    if not pair.is_valid():
        return render(request, "provisioning/reorganisation/new.html", {"form": pair}, status=400)
    try:
        mandates = current.read(user.identity)
        found = preview.look(*pair.ids())
        if not decide.may_propose(found, by=user, mandates=mandates):
            raise NotAllowed(_("You have no mandate for the old unit or the new one."))
        if not is_proposal or not form.is_valid():
            shown = form if is_proposal else ProposalForm(initial=pair.cleaned_data)
            return _preview_page(request, user, found, shown, status=400 if is_proposal else 200)
        row = decide.propose(found, by=user, mandates=mandates, reason=form.cleaned_data["reason"])
    except (NotAllowed, Invalid, DirectoryError) as exc:
        context = {"form": pair}
        return render(request, "provisioning/reorganisation/new.html", context, status=refusal(pair, exc))
    messages.success(request, _("The proposal is saved. Nothing changes until it is approved."))
    return redirect("reorganisation", public_id=row.public_id)


def _preview_page(
    request: HttpRequest, user: User, found: Preview, form: PairForm, *, status: int
) -> HttpResponse:
    names = not user.is_operator
    context = {
        "form": form,
        "found": found,
        "lines": _lines_of(user, found, shows_people=names),
    }
    return render(request, "provisioning/reorganisation/preview.html", context, status=status)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def reorganisation(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One of them: who decides, what is decided, and what has become of each right."""
    user = acting_user(request)
    row = access.find_reorganisation(user, public_id)
    form = DeclineForm() if request.method == "POST" else unchecked(DeclineForm(filled_in(request)))
    status = 200
    if request.method == "POST":
        declines = request.POST.get("answer") == "decline"
        form = DeclineForm(request.POST if declines else None)
        if not declines or form.is_valid():
            try:
                _answer(row, user, form if declines else None)
                messages.success(request, _("Your decision is saved."))
                return redirect("reorganisation", public_id=row.public_id)
            except WrongState as exc:
                messages.warning(request, str(exc.user_message))
                return redirect("reorganisation", public_id=row.public_id)
            except (NotAllowed, Invalid, DirectoryError) as exc:
                form = form if form.is_bound else DeclineForm({"reason": "-"})
                form.is_valid()
                status = refusal(form, exc)
        else:
            status = 400
    return _page(request, user, row, form, status)


def _answer(row: Reorganisation, user: User, form: DeclineForm | None) -> None:
    mandates = current.read(user.identity)
    if form is not None:
        decide.decline(row.pk, by=user, mandates=mandates, reason=form.cleaned_data["reason"])
        return
    if not decide.may_attest(row, mandates=mandates):
        raise NotAllowed(_("Only the head of the new unit can approve this."))
    decide.attest(row.pk, preview.look(row.old_id, row.new_id), by=user, mandates=mandates)


def _page(
    request: HttpRequest, user: User, row: Reorganisation, form: DeclineForm, status: int
) -> HttpResponse:
    shows_people = access.may_read_reorganised_people(user, row)
    is_open = row.state == ReorganisationState.PROPOSED
    found, is_silent, problem = None, False, ""
    if is_open:
        try:
            found = preview.look(row.old_id, row.new_id)
        except DirectoryError:
            is_silent = True
        except Invalid as exc:
            problem = str(exc.user_message)
    may_attest = is_open and decide.may_attest(row, mandates=current.for_display(user))
    context = {
        "row": row,
        "tone": TONE_OF[ReorganisationState(row.state)],
        "found": found,
        "is_silent": is_silent,
        "problem": problem,
        "lines": _lines_of(user, found, shows_people=shows_people) if found else [],
        "items": _items_of(user, row, shows_people=shows_people),
        "may_attest": may_attest and found is not None,
        "may_decline": may_attest or (is_open and (user.is_operator or user.pk == row.proposed_by_id)),
        "form": form,
    }
    return render(request, "provisioning/reorganisation/reorganisation.html", context, status=status)


def _lines_of(user: User, found: Preview, *, shows_people: bool) -> list[Line]:
    rows: list[Grant | AccessRequest] = [*found.rights, *found.orders]
    return [_line(user, one, shows_people=shows_people) for one in rows]


def _line(user: User, about: Grant | AccessRequest, *, shows_people: bool) -> Line:
    kind = _("Right in force") if isinstance(about, Grant) else _("Open order")
    return Line(_person(user, about, shows_people), words.what(about), kind, about.ends_on)


def _items_of(user: User, row: Reorganisation, *, shows_people: bool) -> list[Line]:
    rows = row.items.select_related("grant", "request__order", "new_request__order")
    return [
        Line(
            person=_person(user, about, shows_people),
            what=words.what(about),
            kind=_("Right in force") if item.grant_id else _("Open order"),
            until=about.ends_on,
            tone=ITEM_TONE_OF[ReorganisedRight.HowFar(item.state)],
            state=str(ReorganisedRight.HowFar(item.state).label),
            case=item.new_request,
            why=item.why if shows_people else "",
        )
        for item in rows
        if (about := item.grant or item.request) is not None
    ]


def _person(user: User, about: Grant | AccessRequest, shows_people: bool) -> str:
    """As lists show it: a protected person's name never stands in one."""
    if not shows_people:
        return ""
    return words.listed_name(user, about)
