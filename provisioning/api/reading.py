"""Cases, rights, findings and reviews: as much as the person whom the system speaks for may see."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Query, Router

from provisioning import access
from provisioning.api import shapes
from provisioning.api.asking import Asker, asked
from provisioning.api.orders import REFUSALS, Named
from provisioning.api.paging import Rest, part_of
from provisioning.models import AccessRequest, HandedOrder
from provisioning.rules.hsa import typed_id
from provisioning.systems.keep import Scope

router = Router(tags=["reading"])


def _cases(asker: Asker) -> QuerySet[AccessRequest]:
    """What the person may read; where nobody was named, what came of the system's own orders."""
    if asker.person is not None:
        return access.visible_requests(asker.person)
    handed = HandedOrder.objects.filter(system=asker.system).values("submission")
    rows: QuerySet[AccessRequest] = AccessRequest.objects.select_related("order")
    return rows.filter(order__submission__in=handed)


@router.get("cases", url_name="api_cases", response={200: shapes.Cases, REFUSALS: shapes.ProblemBody})
def cases(request: HttpRequest, rest: Query[Rest], acting_for: str | None = Named) -> shapes.Cases:
    """Cases that the person named by Acting-For may read; without it, those of the system's own orders."""
    with asked(request, Scope.READ_CASES, acting_for) as asker:
        rows, following = part_of(_cases(asker), rest)
        return shapes.Cases(items=[shapes.CaseShown.of(row) for row in rows], next=following)


@router.get(
    "cases/{uuid:case_id}",
    url_name="api_case",
    response={200: shapes.CaseShown, REFUSALS: shapes.ProblemBody},
)
def case(request: HttpRequest, case_id: UUID, acting_for: str | None = Named) -> shapes.CaseShown:
    """One of them."""
    with asked(request, Scope.READ_CASES, acting_for) as asker:
        return shapes.CaseShown.of(get_object_or_404(_cases(asker), public_id=case_id))


@router.get("rights", url_name="api_rights", response={200: shapes.Rights, REFUSALS: shapes.ProblemBody})
def rights(
    request: HttpRequest, rest: Query[Rest], acting_for: str | None = Named, unit: str | None = None
) -> shapes.Rights:
    """Rights that the person named by Acting-For may read; of one unit, where `unit` names it."""
    with asked(request, Scope.READ_RIGHTS, acting_for, unit) as asker:
        rows: Any = access.visible_grants(asker.named)
        if unit is not None:
            rows = rows.filter(unit_key=typed_id(unit).folded)
        found, following = part_of(rows, rest)
        return shapes.Rights(items=[shapes.RightShown.of(row) for row in found], next=following)


@router.get(
    "findings", url_name="api_findings", response={200: shapes.Findings, REFUSALS: shapes.ProblemBody}
)
def findings(request: HttpRequest, rest: Query[Rest], acting_for: str | None = Named) -> shapes.Findings:
    """Where rights and directory do not agree, and it is for the person named by Acting-For to see."""
    with asked(request, Scope.READ_FINDINGS, acting_for) as asker:
        rows, following = part_of(access.visible_findings(asker.named), rest)
        return shapes.Findings(items=[shapes.FindingShown.of(row) for row in rows], next=following)


@router.get("reviews", url_name="api_reviews", response={200: shapes.Reviews, REFUSALS: shapes.ProblemBody})
def reviews(request: HttpRequest, rest: Query[Rest], acting_for: str | None = Named) -> shapes.Reviews:
    """Reviews that the person named by Acting-For may read."""
    with asked(request, Scope.READ_REVIEWS, acting_for) as asker:
        rows, following = part_of(access.visible_reviews(asker.named), rest)
        return shapes.Reviews(items=[shapes.ReviewShown.of(row) for row in rows], next=following)
