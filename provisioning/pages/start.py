"""The start page: whether I get in, what waits for me, and what I am responsible for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from provisioning import access
from provisioning.mandates import current
from provisioning.models import AccessRequest, User
from provisioning.orders import ask
from provisioning.pages import entrance, paging, sticking_words, unit_figures
from provisioning.pages import words as pages_words
from provisioning.pages.answers import acting_user
from provisioning.pages.delegations import held
from provisioning.pages.drafts import pages_with_drafts
from provisioning.pages.kiv import list as kiv_list
from provisioning.pages.operation import signs
from provisioning.pages.units import coverage_page
from provisioning.pages.words import CaseLine

FIRST_FEW = 5


@dataclass(frozen=True, slots=True)
class Inbox:
    """One kind of thing that waits for somebody: how many, and the first few."""

    heading: str | Promise
    count: int
    lines: tuple[CaseLine, ...]


@never_cache
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """What the person has to do, whether the person gets in, and what the person waits for."""
    user = acting_user(request)
    mandates = current.for_display(user)
    is_overseer = user.is_auditor or user.is_operator
    to_choose = access.to_choose(user)
    chosen = to_choose.order_by().values_list("pk", flat=True)
    with_others = access.own_requests(user).open().exclude(pk__in=access.few_or(chosen, chosen))
    *inboxes, waiting = _inboxes(
        user,
        (_("To approve"), access.to_attest(user)),
        (_("To choose how to go on"), to_choose),
        (_("To answer"), access.to_answer(user)),
        (_("Waiting for others"), with_others),
    )
    context: dict[str, Any] = {
        "findings_count": paging.count(access.to_settle(user)),
        "inboxes": [inbox for inbox in inboxes if inbox.count],
        "work": kiv_list.first_few(user, FIRST_FEW),
        "ending": paging.count(access.ending_soon(user)),
        "rights_to_review": paging.count(access.to_review(user)),
        "own": waiting,
        "directory_is_silent": not mandates.is_known,
        "is_auditor": user.is_auditor,
        "searched_much": access.searched_much(user),
        "sees_coverage": coverage_page.may_see(user, mandates),
        "is_head": mandates.is_head_of_unit,
        "orders_for_others": mandates.is_known and ask.has_own_places(user, mandates),
        "sees_figures": is_overseer or bool(mandates.units) or bool(mandates.managed_dns),
        "asks_about_others": mandates.is_known and ask.may_ask_about_others(user, mandates),
        "delegated": held.sentences(user),
        "has_a_role": mandates.is_head_of_unit or mandates.is_kiv_administrator or is_overseer,
        "is_administrator": mandates.is_kiv_administrator,
        "cards": entrance.cards(user),
        "drafts": len(pages_with_drafts.visible(user)),
        "unwell": signs.unwell(user) if user.is_operator else None,
    }
    if mandates.is_head_of_unit:
        context["sticks"] = sticking_words.of_head(mandates)
        context["figures"], context["more_units"] = unit_figures.of_head(user)
    return render(request, "provisioning/start.html", context)


def _inboxes(user: User, *wanted: tuple[str | Promise, QuerySet[AccessRequest]]) -> list[Inbox]:
    """Their numbers first, then the rows of all at once: each row brings seven people with it."""
    oldest = [rows.order_by("state_since").values_list("pk", flat=True) for _heading, rows in wanted]
    numbers = [list(rows[: FIRST_FEW + 1]) for rows in oldest]
    shown = {number for some in numbers for number in some[:FIRST_FEW]}
    found = {row.pk: row for row in access.requests_in_order(sorted(shown))}
    return [
        Inbox(
            heading,
            paging.count(rows) if len(some) > FIRST_FEW else len(some),
            tuple(pages_words.line(user, found[number]) for number in some[:FIRST_FEW] if number in found),
        )
        for (heading, rows), some in zip(wanted, numbers, strict=True)
    ]
