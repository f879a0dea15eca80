"""What is sent to the API and what it answers. Of a protected person neither name nor HSA-id is told."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from django.urls import reverse
from ninja import Field, Schema

from provisioning.models import (
    KEY_LENGTH,
    AccessRequest,
    Finding,
    Grant,
    HandedOrder,
    Order,
    Review,
)
from provisioning.orders.draft import Choice
from provisioning.rules.hsa import Level, Service

HsaIdText = Annotated[str, Field(min_length=1, max_length=KEY_LENGTH)]
Words = Annotated[str, Field(max_length=5000)]


class ProblemBody(Schema):
    """RFC 9457. `code` is for programs and stays; `title` and `detail` are for people."""

    type: str
    title: str
    status: int
    code: str
    detail: str = ""
    errors: list[dict[str, str]] = []


class WantedAccess(Schema):
    person: HsaIdText
    service: Service
    level: Level
    units: Annotated[list[HsaIdText], Field(min_length=1, max_length=50)]


class WantedOrder(WantedAccess):
    starts_on: date
    ends_on: date
    need: Words
    risk_statement: Words
    if_missing: Choice | None = None
    signed_assignment_on: date | None = None


class Reason(Schema):
    reason: Annotated[str, Field(max_length=2000)] = ""


class PlaceShown(Schema):
    hsa_id: str
    name: str


class PersonShown(Schema):
    """`hsa_id` and `name` are null where the person's data are protected."""

    hsa_id: str | None
    name: str | None
    is_protected: bool


class AboutOnePerson(Schema):
    """What everything about one person's right has. `url`: its page."""

    id: UUID
    state: str
    service: str
    level: str
    unit: PlaceShown
    person: PersonShown
    url: str


class CaseShown(AboutOnePerson):
    case_number: str
    state_since: datetime
    is_open: bool
    starts_on: date
    ends_on: date
    verified_at: datetime | None
    causes: list[str]

    @classmethod
    def of(cls, row: AccessRequest) -> CaseShown:
        return cls(
            **_about(row, "case"),
            case_number=row.case_number,
            state_since=row.state_since,
            is_open=row.is_open,
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            verified_at=row.verified_at,
            causes=[] if row.subject_is_protected else list(row.assessment.get("causes", [])),
        )


class OrderShown(Schema):
    """`state`: waiting_for_signature, placed, not_signed or withdrawn. `sign_url`: where the person signs."""

    id: UUID
    state: str
    created_at: datetime
    sign_url: str | None
    case_number: str | None
    cases: list[CaseShown]

    @classmethod
    def of(cls, row: HandedOrder, order: Order | None, state: str) -> OrderShown:
        is_waiting = state == "waiting_for_signature" and row.draft is not None
        query = f"?utkast={row.draft.public_id}" if is_waiting and row.draft else ""
        cases = order.requests.select_related("order").order_by("position") if order else ()
        return cls(
            id=row.public_id,
            state=state,
            created_at=row.created_at,
            sign_url=address("order") + query if is_waiting else None,
            case_number=order.case_number if order else None,
            cases=[CaseShown.of(one) for one in cases],
        )


class RightShown(AboutOnePerson):
    starts_on: date
    ends_on: date
    state_since: datetime
    next_review_on: date
    end_cause: str

    @classmethod
    def of(cls, row: Grant) -> RightShown:
        return cls(
            **_about(row, "grant"),
            starts_on=row.starts_on,
            ends_on=row.ends_on,
            state_since=row.state_since,
            next_review_on=row.next_review_on,
            end_cause=row.end_cause,
        )


class FindingShown(AboutOnePerson):
    kind: str
    owner: str
    found_at: datetime

    @classmethod
    def of(cls, row: Finding) -> FindingShown:
        return cls(
            **_about(row, "finding"),
            kind=row.kind,
            owner=row.owner,
            found_at=row.found_at,
        )


class ReviewShown(Schema):
    id: UUID
    unit: PlaceShown
    scope: str
    service: str
    state: str
    opened_at: datetime
    due_on: date
    closed_at: datetime | None
    url: str

    @classmethod
    def of(cls, row: Review) -> ReviewShown:
        return cls(
            id=row.public_id,
            unit=PlaceShown(hsa_id=row.unit_hsa_id, name=row.unit_name),
            scope=row.scope,
            service=row.service,
            state=row.state,
            opened_at=row.opened_at,
            due_on=row.due_on,
            closed_at=row.closed_at,
            url=address("review", row.public_id),
        )


class Cases(Schema):
    """`next`: the id to send as `after` for the rest; null where there is none."""

    items: list[CaseShown]
    next: UUID | None


class Orders(Schema):
    items: list[OrderShown]
    next: UUID | None


class Rights(Schema):
    items: list[RightShown]
    next: UUID | None


class Findings(Schema):
    items: list[FindingShown]
    next: UUID | None


class Reviews(Schema):
    items: list[ReviewShown]
    next: UUID | None


class OutlookShown(Schema):
    """What an order on one place would meet. `answer`: yes, no or unknown."""

    unit: PlaceShown
    answer: str
    causes: list[str]
    warnings: list[str]
    refusals: list[str]


class Outlooks(Schema):
    items: list[OutlookShown]


class Token(Schema):
    access_token: str
    token_type: str
    expires_in: int
    scope: str


class TokenRefused(Schema):
    """RFC 6749 §5.2."""

    error: str


def address(name: str, *args: Any) -> str:
    """The page's whole address."""
    return f"{settings.SITE_URL}{reverse(name, args=args)}"


def _about(row: AccessRequest | Grant | Finding, page: str) -> dict[str, Any]:
    is_hidden = row.subject_is_protected
    return {
        "id": row.public_id,
        "state": row.state,
        "url": address(page, row.public_id),
        "service": row.service,
        "level": row.level,
        "unit": PlaceShown(hsa_id=row.unit_hsa_id, name=row.unit_name),
        "person": PersonShown(
            hsa_id=None if is_hidden else row.subject_hsa_id,
            name=None if is_hidden else row.subject_name,
            is_protected=is_hidden,
        ),
    }
