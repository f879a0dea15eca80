"""Long lists in parts, by the id that the part before ended with: nothing is shown twice or missed."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from ninja import Field, Schema


class Rest(Schema):
    """`after`: `next` of the part before."""

    after: UUID | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


def part_of(rows: QuerySet[Any], rest: Rest) -> tuple[list[Any], UUID | None]:
    """One part of these rows, the latest first, and what to ask for the next part by. Raises Http404."""
    if rest.after is not None:
        rows = rows.filter(pk__lt=get_object_or_404(rows, public_id=rest.after).pk)
    found = list(rows.order_by("-pk")[: rest.limit + 1])
    shown = found[: rest.limit]
    return shown, shown[-1].public_id if len(found) > rest.limit else None
