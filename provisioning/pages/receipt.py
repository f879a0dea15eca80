"""The receipt of a finished request or removal: a page to print, and a signed file to keep."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from provisioning import access
from provisioning.audit import events
from provisioning.audit import receipt as audit_receipt
from provisioning.audit.checkpoints import ChainBroken
from provisioning.audit.events import Action
from provisioning.models import AccessRequest, Case, Removal, User
from provisioning.pages import words as pages_words
from provisioning.pages.answers import acting_user
from provisioning.pages.cases import before_after
from provisioning.pages.rights import words as rights_words
from provisioning.rules.hsa import HsaId

Row = TypeVar("Row", AccessRequest, Removal)

PART_OF = {
    Action.ORDERED.value: _("Ordered"),
    Action.ATTESTED.value: _("Approved"),
    Action.SECOND_ATTESTED.value: _("Approved by a second approver"),
    Action.REPORTED_DONE.value: _("Carried out in KIV"),
    Action.VALUES_SEEN.value: _("Seen in KIV before anybody answered"),
    Action.DONE.value: _("Verified"),
    Action.REMOVAL_STARTED.value: _("Started"),
    Action.REMOVAL_REPORTED_DONE.value: _("Carried out in KIV"),
    Action.REMOVAL_VALUES_GONE.value: _("Seen to be gone from KIV before anybody answered"),
    Action.REMOVAL_DONE.value: _("Verified: gone from the directory"),
}
# Where the KIV administrator changed nothing: somebody else had, and the receipt does not say otherwise.
_ALREADY = {
    (Action.REPORTED_DONE.value, "already_set"): _("Answered: it was already set in KIV"),
    (Action.REMOVAL_REPORTED_DONE.value, "already_gone"): _("Answered: it was already gone from KIV"),
}


@require_safe
@never_cache
def receipt(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The receipt of a request as a page."""
    user, row = _finished(request, access.find_request, public_id)
    events.record_reading(row, by=user)
    return _page(
        request,
        row,
        tone=pages_words.TONE_OF[row.current_state],
        facts=pages_words.facts(user, row),
        verdict=pages_words.verdict(row.assessment, row),
        shows_dn=access.may_read_name(user, row),
        back_url=reverse("case", args=[public_id]),
        file_url=reverse("receipt_json", args=[public_id]),
    )


@require_safe
@never_cache
def receipt_json(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The receipt of a request as a signed file. The independent verifier checks it offline."""
    user, row = _finished(request, access.find_request, public_id)
    return _file(request, user, row)


@require_safe
@never_cache
def removal_receipt(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The receipt of a removal as a page."""
    user, row = _finished(request, access.find_removal, public_id)
    return _page(
        request,
        row,
        tone=rights_words.REMOVAL_TONE[row.current_state],
        facts=rights_words.removal_facts(user, row),
        verdict=None,
        shows_dn=access.may_read_subject(user, row),
        back_url=reverse("removal", args=[public_id]),
        file_url=reverse("removal_receipt_json", args=[public_id]),
    )


@require_safe
@never_cache
def removal_receipt_json(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The receipt of a removal as a signed file."""
    user, row = _finished(request, access.find_removal, public_id)
    return _file(request, user, row)


def _finished(request: HttpRequest, find: Callable[[User, UUID], Row], public_id: UUID) -> tuple[User, Row]:
    user = acting_user(request)
    row = find(user, public_id)
    if row.is_open:
        raise Http404
    return user, row


def _page(request: HttpRequest, row: Case, *, shows_dn: bool, **context: Any) -> HttpResponse:
    content = audit_receipt.content(row)
    context |= {
        "case": row,
        "is_removal": row.is_removal,
        "people": _people(content["people"], how=row.carried_out_how),
        "comparisons": before_after.before_and_after(row, shows_dn=shows_dn),
        "entries": content["entries"],
    }
    return render(request, "provisioning/receipt.html", context)


def _file(request: HttpRequest, user: User, row: Case) -> HttpResponse:
    try:
        content = audit_receipt.issue(row, by=user)
    except ChainBroken:
        context = {
            "heading": _("No receipt can be made right now"),
            "message": _("The event log does not hold together. Those who run the tool must look at it."),
        }
        return render(request, "provisioning/problem.html", context, status=503)
    response = JsonResponse(content)
    response["Content-Disposition"] = f'attachment; filename="receipt-{row.case_number}.json"'
    return response


def _people(parts: list[dict[str, Any]], *, how: str) -> list[dict[str, Any]]:
    asked = {HsaId(text).folded for part in parts for text in part["was_with"]}
    known = {user.hsa_key: user.name for user in User.objects.filter(pk__in=asked)}
    return [_person(part, how=how, known=known) for part in parts]


def _person(part: dict[str, Any], *, how: str, known: Mapping[str, str]) -> dict[str, Any]:
    """Who did what; `how`: what the KIV administrator answered; `known`: names by key."""
    nobody = pages_words.MASKED if part["masked"] else _("Automatic")
    return {
        "part": _ALREADY.get((part["action"], how), PART_OF[part["action"]]),
        "name": part["name"] or nobody,
        "hsa_id": part["hsa_id"],
        "was_with": [(known.get(HsaId(text).folded, ""), text) for text in part["was_with"]],
        "principal": part["principal_name"],
        "at": datetime.fromisoformat(part["at"]),
        "entry": part["entry"],
    }
