"""The receipt of a finished case: a page to print, and a signed file to keep."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from provisioning import access, audit, comparison, presentation, receipts
from provisioning.audit import Action
from provisioning.audit_trail.checkpoints import ChainBroken
from provisioning.models import AccessRequest, User

PART_OF = {
    Action.ORDERED.value: _("Ordered"),
    Action.ATTESTED.value: _("Attested"),
    Action.SECOND_ATTESTED.value: _("Attested by a second attester"),
    Action.REPORTED_DONE.value: _("Carried out in KIV"),
    Action.DONE.value: _("Verified"),
}


@require_safe
@never_cache
def receipt(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The receipt as a page."""
    user, row = _finished(request, public_id)
    audit.record_reading(row, by=user)
    content = receipts.content(row)
    context = {
        "case": row,
        "tone": presentation.TONE_OF[row.current_state],
        "facts": presentation.facts(user, row),
        "people": [_person(one) for one in content["people"]],
        "verdict": presentation.verdict(row.assessment, row),
        "comparisons": comparison.before_and_after(row, shows_dn=access.may_read_name(user, row)),
        "entries": content["entries"],
    }
    return render(request, "provisioning/receipt.html", context)


@require_safe
@never_cache
def receipt_json(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The receipt as a signed file. The independent verifier checks it offline."""
    user, row = _finished(request, public_id)
    try:
        content = receipts.issue(row, by=user)
    except ChainBroken:
        context = {
            "heading": _("No receipt can be made right now"),
            "message": _("The event log does not hold together. Those who run the tool must look at it."),
        }
        return render(request, "provisioning/problem.html", context, status=503)
    response = JsonResponse(content)
    response["Content-Disposition"] = f'attachment; filename="receipt-{row.case_number}.json"'
    return response


def _finished(request: HttpRequest, public_id: UUID) -> tuple[User, AccessRequest]:
    user = cast(User, request.user)
    row = access.find_request(user, public_id)
    if row.is_open:
        raise Http404
    return user, row


def _person(part: dict[str, Any]) -> dict[str, Any]:
    nobody = _("The tool itself") if part["actor"] is None else presentation.MASKED
    return {
        "part": PART_OF[part["action"]],
        "name": part["name"] or nobody,
        "principal": part["principal_name"],
        "at": datetime.fromisoformat(part["at"]),
        "entry": part["entry"],
    }
