"""A head's units in figures: who has access, what is under way, what ends soon, and what does not match."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count, QuerySet
from django.urls import reverse

from provisioning import access, dates
from provisioning.mandates import current
from provisioning.models import User
from provisioning.rules.hsa import HsaId, Unit
from provisioning.rules.states.right import GrantState

ENDS_WITHIN = timedelta(days=30)
MOST_UNITS = 12


@dataclass(frozen=True, slots=True)
class UnitFigures:
    """One unit with its sub-units."""

    unit_id: HsaId
    name: str
    url: str
    people_url: str
    have_access: int
    under_way: int
    ending: int
    findings: int


def of_head(user: User, *, most: int = MOST_UNITS) -> tuple[list[UnitFigures], int]:
    """The figures of the first units of the head's, and how many units more there are."""
    units = current.for_display(user).units
    shown = units[:most]
    keys = {one.folded for unit in shown for one in (unit.hsa_id, *unit.member_ids)}
    grants = access.visible_grants(user).exclude(state=GrantState.ENDED.value)
    today = dates.today()
    counts = (
        _by_unit(grants, keys),
        _by_unit(access.visible_requests(user).open(), keys),
        _by_unit(grants.filter(ends_on__gte=today, ends_on__lte=today + ENDS_WITHIN), keys),
        _by_unit(access.to_settle(user), keys),
    )
    return [_of_unit(unit, *counts) for unit in shown], max(len(units) - most, 0)


def _by_unit(rows: QuerySet[Any], keys: Collection[str]) -> dict[str, int]:
    found = (
        rows.filter(unit_key__in=keys)
        .order_by()
        .values("unit_key")
        .annotate(count=Count("pk", distinct=True))
    )
    return {row["unit_key"]: row["count"] for row in found}


def _of_unit(unit: Unit, *counts: Mapping[str, int]) -> UnitFigures:
    ids: list[HsaId] = [unit.hsa_id, *unit.member_ids]
    keys = {one.folded for one in ids}
    url = reverse("beside_place", args=[unit.hsa_id.text])
    people_url = reverse("unit_people", args=[unit.hsa_id.text])
    figures = (sum(found.get(key, 0) for key in keys) for found in counts)
    return UnitFigures(unit.hsa_id, unit.name, url, people_url, *figures)
