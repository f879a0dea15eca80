"""An order's own page: its lines with state, step and who has each; what was refused; withdraw the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from provisioning import access
from provisioning.errors import NotAllowed, WrongState
from provisioning.models import ManyOrder, Order, OrderLine, StateChoice, User
from provisioning.orders.many import send
from provisioning.pages import paging, words
from provisioning.pages.answers import acting_user
from provisioning.pages.cases.forms import WithdrawForm
from provisioning.pages.order.forms import access_name
from provisioning.pages.paging import ListPart
from provisioning.pages.restoring import filled_in, unchecked
from provisioning.rules.states.request import RequestState
from workflows import steps

PAGE_SIZE = 50
WITHDRAWN_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """A line that was not placed, and why."""

    row: int
    person_id: str
    what: str
    place_id: str
    why: str


@dataclass(frozen=True, slots=True)
class StateCount:
    """How many of the order's lines are in one state, and the list of these alone."""

    label: str
    tone: str
    count: int
    value: str


@never_cache
@require_safe
def order_lines(request: HttpRequest, submission: UUID) -> HttpResponse:
    """The order with those of its lines that the reader may read."""
    user = acting_user(request)
    order = access.find_order(user, submission)
    rows = access.visible_requests(user).filter(order=order)
    state = request.GET.get("lage", "")
    listed = rows.filter(state=state) if state in StateChoice.values else rows
    part = ListPart(listed.prefetch_related("handlers", "incidents", "questions"), ("position",))
    page = paging.page_of(request.GET, part, size=PAGE_SIZE)
    is_own = order.orderer_id == user.pk
    many: ManyOrder | None = getattr(order, "many", None)
    context: dict[str, Any] = {
        "order": order,
        "many": many,
        "page": page,
        "lines": [words.line(user, row) for row in page],
        "counts": _counts(rows),
        "chosen": state,
        "is_own": is_own,
        "facts": _facts(user, order) if is_own else [],
        "refused": _refused(many) if many is not None and is_own else [],
        "waiting": _waiting(many),
        "stamp": stamp_of(order) if many is not None and many.finished_at is None else "",
        "to_attest": access.to_attest(user).filter(order=order).count(),
        "may_withdraw": is_own and (rows.open().exists() or _waiting(many) > 0),
        "to_carry_out": access.to_carry_out(user).filter(order=order).count(),
    }
    return render(request, "provisioning/order/lines.html", context)


@never_cache
@require_safe
def stamp(request: HttpRequest, submission: UUID) -> JsonResponse:
    """What tells the open page how far its lines have been placed."""
    return JsonResponse({"stamp": stamp_of(access.find_order(acting_user(request), submission))})


def stamp_of(order: Order) -> str:
    many: ManyOrder | None = getattr(order, "many", None)
    silent = many is not None and many.silent_since is not None
    return f"{_waiting(many)} {silent}"


def _waiting(many: ManyOrder | None) -> int:
    if many is None or many.finished_at is not None:
        return 0
    return many.lines.filter(state=OrderLine.LineState.WAITING).count()


def _counts(rows: Any) -> list[StateCount]:
    counted = rows.order_by().values("state").annotate(count=Count("pk"))
    by_state = {one["state"]: one["count"] for one in counted}
    return [
        StateCount(str(label), words.TONE_OF[RequestState(value)], by_state[value], value)
        for value, label in StateChoice.choices
        if value in by_state
    ]


def _facts(user: User, order: Order) -> list[tuple[str, str]]:
    """What the orderer wrote: also about persons whom nobody else reads about here."""
    return [
        (_("Sent"), date_format(timezone.localtime(order.created_at), "j F Y H:i")),
        (_("Why it is needed"), order.need),
        (_("Risks, and how they are met"), order.risk_statement),
    ]


def _refused(many: ManyOrder) -> list[RefusedLine]:
    rows = many.lines.filter(state=OrderLine.LineState.REFUSED).order_by("position")
    return [
        RefusedLine(
            row.row,
            row.person_hsa_id,
            access_name(row.service, row.level),
            row.unit_hsa_id,
            row.refusal,
        )
        for row in rows
    ]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_rest(request: HttpRequest, submission: UUID) -> HttpResponse:
    """Ask once, then withdraw whatever of the order is still open, each line for itself."""
    user = acting_user(request)
    order = access.find_own_order(user, submission)
    rows = access.visible_requests(user).open().filter(order=order).order_by("position")
    many: ManyOrder | None = getattr(order, "many", None)
    if not rows.exists() and not _waiting(many):
        raise Http404
    is_sent = request.method == "POST"
    form = WithdrawForm(request.POST) if is_sent else unchecked(WithdrawForm(filled_in(request)))
    if not is_sent or not form.is_valid():
        context = {"form": form, "order": order, "count": rows.count() + _waiting(many)}
        return render(request, "provisioning/order/withdraw.html", context, status=400 if is_sent else 200)
    done = send.stop(order, by=user)
    for row in rows[:WITHDRAWN_AT_ONCE]:
        try:
            steps.withdraw(row, by=user, reason=form.cleaned_data["reason"])
            done += 1
        except (WrongState, NotAllowed):
            continue  # it has just ended, or gone too far: the page shows how it stands
    said = ngettext("%(count)d line is withdrawn.", "%(count)d lines are withdrawn.", done)
    messages.success(request, said % {"count": done})
    if access.visible_requests(user).open().filter(order=order).exists():
        messages.info(request, _("There are more. Withdraw the rest once more."))
        return redirect(reverse("order_withdraw", args=[submission]))
    return redirect("order_lines", submission=submission)
