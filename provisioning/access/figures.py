"""Whose work somebody may see in figures: heads that of own units, KIV administrators of own areas."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q, QuerySet

from provisioning.figures import counting
from provisioning.mandates import current
from provisioning.models import (
    AccessRequest,
    AccessRequestQuerySet,
    DayFigures,
    Finding,
    FindingQuerySet,
    Review,
    User,
)
from provisioning.rules import names
from provisioning.rules.states.request import RequestState

MOST_AREAS = 200


@dataclass(frozen=True, slots=True)
class Scope:
    """What figures are shown of. Without units and tops: everything."""

    key: str
    name: str
    place_keys: frozenset[str]
    unit_keys: frozenset[str] = frozenset()
    tops: tuple[str, ...] = ()
    is_kiv_queue: bool = False  # a KIV administrator's: of open cases those in KIV alone

    @property
    def where(self) -> Q:
        if self.unit_keys:
            return Q(unit_key__in=self.unit_keys)
        found = Q()
        for dn in self.tops:
            found |= Q(unit_dn__iexact=dn) | Q(unit_dn__iendswith=f",{dn}")
        return found


def figure_scopes(user: User) -> tuple[Scope, ...]:
    """What this person may see figures of, the widest first; empty for everybody else."""
    mandates = current.for_display(user)
    found: list[Scope] = []
    if user.is_auditor or user.is_operator:
        found += [Scope(counting.ALL, "", frozenset([counting.ALL])), *_areas()]
    if mandates.units:
        keys = frozenset(one.folded for one in mandates.unit_ids)
        found.append(Scope("mine", "", keys, keys))
    if len(mandates.units) > 1:
        for unit in mandates.units:
            own = frozenset(one.folded for one in (unit.hsa_id, *unit.member_ids))
            found.append(Scope(unit.hsa_id.folded, unit.name, own, own))
    if mandates.managed_dns:
        tops = _outermost(mandates.managed_dns)
        found.append(Scope("kiv", "", frozenset(map(counting.place_key, tops)), tops=tops, is_kiv_queue=True))
    return tuple(found)


def _areas() -> list[Scope]:
    """The places above units that figures are kept of."""
    rows = DayFigures.objects.exclude(place_dn="").order_by("place_name", "place_dn")
    found = rows.values_list("place_key", "place_dn", "place_name").distinct()[:MOST_AREAS]
    return [Scope(key, name, frozenset([key]), tops=(dn,)) for key, dn, name in found]


def _outermost(dns: tuple[str, ...]) -> tuple[str, ...]:
    """Those that do not lie within another of them: nothing is counted twice."""
    once = {names.key(dn): names.tidy(dn) for dn in dns}
    return tuple(
        dn
        for key, dn in once.items()
        if not any(other != key and names.is_within(key, other) for other in once)
    )


def open_in(scope: Scope) -> AccessRequestQuerySet:
    """The open cases there."""
    rows = AccessRequest.objects.open().filter(scope.where)
    return rows.filter(state=RequestState.AWAITING_KIV.value) if scope.is_kiv_queue else rows


def findings_in(scope: Scope) -> FindingQuerySet:
    """The differences there that are to be resolved."""
    return Finding.objects.to_settle().filter(scope.where)


def reviews_in(scope: Scope) -> QuerySet[Review] | None:
    """The reviews there; None for a place of the directory, which reviews do not know."""
    return None if scope.tops else Review.objects.filter(scope.where)
