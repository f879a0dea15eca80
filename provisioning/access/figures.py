"""Whose work somebody may see in figures: heads that of own units, KIV administrators of own areas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import QuerySet

from provisioning.figures import counting
from provisioning.mandates import current
from provisioning.models import (
    AccessRequest,
    AccessRequestQuerySet,
    FiguredPlace,
    Finding,
    FindingQuerySet,
    Review,
    User,
)
from provisioning.rules import names
from provisioning.rules.states.request import RequestState

MOST_AREAS = 200
Placed = TypeVar("Placed", bound=QuerySet[Any])


@dataclass(frozen=True, slots=True)
class FigureScope:
    """What figures are shown of. Without units and tops: everything."""

    key: str
    name: str
    place_keys: frozenset[str]
    unit_keys: frozenset[str] = frozenset()
    tops: tuple[str, ...] = ()
    is_kiv_queue: bool = False  # a KIV administrator's: of open cases those in KIV alone

    def within(self, rows: Placed) -> Placed:
        """Those of the rows that lie there. Names are compared as a directory does, not as text."""
        if self.unit_keys:
            return rows.filter(unit_key__in=self.unit_keys)
        if not self.tops:
            return rows
        places = rows.order_by().values_list("unit_key", "unit_dn").distinct()
        return rows.filter(unit_key__in={key for key, dn in places if names.lies_in(dn, self.tops)})


def figure_scopes(user: User) -> tuple[FigureScope, ...]:
    """What this person may see figures of, the widest first; empty for everybody else."""
    mandates = current.for_display(user)
    found: list[FigureScope] = []
    if user.is_auditor or user.is_operator:
        found += [FigureScope(counting.ALL, "", frozenset([counting.ALL])), *_areas()]
    if mandates.units:
        keys = frozenset(one.folded for one in mandates.unit_ids)
        found.append(FigureScope("mine", "", keys, keys))
    if len(mandates.units) > 1:
        for unit in mandates.units:
            own = frozenset(one.folded for one in (unit.hsa_id, *unit.member_ids))
            found.append(FigureScope(unit.hsa_id.folded, unit.name, own, own))
    if mandates.managed_dns:
        tops = _outermost(mandates.managed_dns)
        found.append(
            FigureScope("kiv", "", frozenset(map(counting.place_key, tops)), tops=tops, is_kiv_queue=True)
        )
    return tuple(found)


def _areas() -> list[FigureScope]:
    """The places above units that figures are kept of."""
    rows = FiguredPlace.objects.order_by("place_name", "pk")
    found = rows.values_list("place_key", "place_dn", "place_name")[:MOST_AREAS]
    return [FigureScope(key, name, frozenset([key]), tops=(dn,)) for key, dn, name in found]


def _outermost(dns: tuple[str, ...]) -> tuple[str, ...]:
    """Those that do not lie within another of them: nothing is counted twice."""
    once = {names.key(dn): names.tidy(dn) for dn in dns}
    return tuple(
        dn
        for key, dn in once.items()
        if not any(other != key and names.is_within(key, other) for other in once)
    )


def open_in(scope: FigureScope) -> AccessRequestQuerySet:
    """The open cases there."""
    rows = scope.within(AccessRequest.objects.open())
    return rows.filter(state=RequestState.AWAITING_KIV.value) if scope.is_kiv_queue else rows


def findings_in(scope: FigureScope) -> FindingQuerySet:
    """The differences there that are to be resolved."""
    return scope.within(Finding.objects.to_settle())


def reviews_in(scope: FigureScope) -> QuerySet[Review] | None:
    """The reviews there; None for a place of the directory, which reviews do not know."""
    return None if scope.tops else scope.within(Review.objects.all())
