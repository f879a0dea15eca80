"""The pages of delegations: what is given and received, giving one, and ending one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from provisioning import access, dates
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError, Invalid, NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.mandates import delegations as operations
from provisioning.models import Delegation, DelegationKind, User
from provisioning.pages import paging, words
from provisioning.pages.answers import acting_user, problem
from provisioning.pages.delegations import held
from provisioning.pages.delegations.forms import DelegationForm
from provisioning.pages.order import choices
from provisioning.pages.order.choices import Option
from provisioning.pages.paging import ListPart
from provisioning.pages.restoring import filled_in, unchecked
from provisioning.rules.hsa import HsaId

PAGE_SIZE = 20


@dataclass(frozen=True, slots=True)
class DelegationRow:
    """One delegation in words."""

    relation: str
    principal: str
    delegate: str
    unit: str
    kind: str
    starts_on: date
    ends_on: date
    reason: str
    tone: str
    state: str
    revoke_url: str
    ended: str


@never_cache
@require_safe
def delegations(request: HttpRequest) -> HttpResponse:
    """Given by me, given to me, and on my units: those that count or will count first."""
    user = acting_user(request)
    rows = access.visible_delegations(user)
    running, over = ListPart(rows.filter(ended_at=None)), ListPart(rows.exclude(ended_at=None))
    page = paging.page_of(request.GET, running, over, size=PAGE_SIZE)
    mandates = current.for_display(user)
    context = {
        "page": page,
        "rows": [_row(user, row) for row in page],
        "may_delegate": mandates.is_head_of_unit,
        "directory_is_silent": not mandates.is_known,
    }
    return render(request, "provisioning/delegation/list.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def delegate(request: HttpRequest) -> HttpResponse:
    """Delegate ordering or attesting; for heads of units only."""
    user = acting_user(request)
    try:
        mandates = current.read(user.identity)
        if not mandates.is_head_of_unit:
            raise Http404
        units = choices.headed_units(open_directory(), mandates)
    except DirectoryError as exc:
        return _silent(request, exc)
    if request.method != "POST":
        filled = filled_in(request)
        if filled is not None:
            persons, _problem_found = _persons(filled.get("who", "").strip(), units)
            return _page(request, unchecked(DelegationForm(filled, units=units, persons=persons)))
        known: dict[str, Any] = {"starts_on": dates.today()}  # how long is for the head to say
        if len(units) == 1:
            known |= {"unit": units[0].value}
        return _page(request, DelegationForm(initial=known, units=units))
    return _give(request, user, units)


def _give(request: HttpRequest, user: User, units: tuple[Option, ...]) -> HttpResponse:
    try:
        persons, problem = _persons(request.POST.get("who", "").strip(), units)
        form = DelegationForm(request.POST, units=units, persons=persons)
        if problem is not None:
            form.add_error("who", str(problem.user_message))
        if not form.is_valid():
            return _page(request, form, status=400)
        wish = form.wish()
        if wish is None:
            form.add_error("person", _("Choose which of these persons you mean."))
            return _page(request, form, status=400)
        given = operations.give(wish, operations.look_up(wish, by=user), by=user)
    except Invalid as exc:
        form.add_error(exc.field if exc.field in form.fields else None, str(exc.user_message))
        return _page(request, form, status=400)
    except NotAllowed as exc:
        return _problem(request, str(exc.user_message), status=403)
    except DirectoryError as exc:
        return _silent(request, exc)
    messages.success(request, _given(user, given))
    return redirect("delegations")


def _given(user: User, given: Sequence[Delegation]) -> str:
    """Who can do what now, where and until when."""
    row = given[0]
    if row.starts_on > dates.today():
        text = _("%(name)s can %(act)s on %(unit)s from %(first)s until %(last)s. We have mailed %(name)s.")
    else:
        text = _("%(name)s can now %(act)s on %(unit)s until %(last)s. We have mailed %(name)s.")
    return text % {
        "name": _name(user, row.delegate, row),
        "act": held.what({one.kind for one in given}),
        "unit": row.unit_name,
        "first": dates.in_words(row.starts_on),
        "last": dates.in_words(row.ends_on),
    }


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Ask once, then end the delegation: the page names the consequence."""
    user = acting_user(request)
    row = access.find_delegation(user, public_id)
    if not access.may_revoke(user, row):
        raise Http404
    if request.method != "POST":
        return render(request, "provisioning/delegation/revoke.html", {"row": _row(user, row)})
    try:
        operations.revoke(row, by=user, mandates=_held_for(user, row))
    except WrongState:
        messages.info(request, _("The delegation had ended already."))
    except NotAllowed as exc:
        return _problem(request, str(exc.user_message), status=403)
    except DirectoryError as exc:
        return _silent(request, exc)
    else:
        messages.success(request, _("The delegation has ended."))
    return redirect("delegations")


def _held_for(user: User, row: Delegation) -> current.Mandates:
    """The two it is between may end it whatever the directory says, also when it says nothing."""
    if user.pk in (row.principal_id, row.delegate_id):
        return current.Mandates()
    return current.read(user.identity)


def _persons(text: str, units: Iterable[Option]) -> tuple[tuple[Option, ...], Invalid | None]:
    """Those the text may mean. Raises DirectoryError."""
    if not text:
        return (), None  # the form says that it is missing
    try:
        own = {HsaId(unit.value) for unit in units}
        return choices.search_persons(open_directory(), text, own_units=own).options, None
    except Invalid as exc:
        return (), exc


def _row(user: User, row: Delegation) -> DelegationRow:
    tone, state = _state(row)
    return DelegationRow(
        relation=_relation(user, row),
        principal=_name(user, row.principal, row),
        delegate=_name(user, row.delegate, row),
        unit=row.unit_name,
        kind=str(DelegationKind(row.kind).label),
        starts_on=row.starts_on,
        ends_on=row.ends_on,
        reason=row.reason,
        tone=tone,
        state=state,
        ended=_ended(user, row),
        revoke_url=reverse("revoke_delegation", args=[row.public_id]) if access.may_revoke(user, row) else "",
    )


def _ended(user: User, row: Delegation) -> str:
    """When it ended and who ended it; empty while it has not."""
    if row.ended_at is None:
        return ""
    day = dates.in_words(dates.today(row.ended_at))
    if row.ended_by is None:
        return _("Ended automatically on %(date)s") % {"date": day}
    return _("Ended by %(name)s on %(date)s") % {"name": _name(user, row.ended_by, row), "date": day}


def _relation(user: User, row: Delegation) -> str:
    if row.principal_id == user.pk:
        return _("Given by you")
    return _("Given to you") if row.delegate_id == user.pk else _("On your unit")


def _name(user: User, person: User, row: Delegation) -> str:
    if not access.may_read_party(user, person, row):
        return str(words.MASKED)
    return person.name or person.hsa_id


def _state(row: Delegation) -> tuple[str, str]:
    if row.ended_at is not None:
        return "neutral", str(Delegation.End(row.end_code).label)
    if row.ends_on < dates.today():
        return "neutral", str(Delegation.End.LAPSED.label)
    if row.starts_on > dates.today():
        return "waiting", _("Has not begun")
    return "success", _("Counts now")


def _page(request: HttpRequest, form: DelegationForm, *, status: int = 200) -> HttpResponse:
    context: dict[str, Any] = {"form": form, "has_several": len(form.person_options) > 1}
    return render(request, "provisioning/delegation/delegate.html", context, status=status)


def _silent(request: HttpRequest, exc: DirectoryError) -> HttpResponse:
    return _problem(request, str(exc.user_message), status=503)


def _problem(request: HttpRequest, message: str, *, status: int) -> HttpResponse:
    return problem(
        request,
        message,
        status=status,
        back_url=reverse("delegations"),
        back_label=_("Back to the delegations"),
    )
