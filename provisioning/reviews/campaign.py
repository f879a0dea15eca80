"""Opening reviews of many units at once: which units that means, and what each would be about.

The choice is by service, by unit, by how long ago the last review was. Nothing is asked of the directory: who
decides is looked up by the timetable right after, at the pace that it bears. Source: features C1.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Max, Q

from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.models import Grant, Review, ReviewScope, ReviewState, User
from provisioning.reviews import begin as reviews_begin
from provisioning.rules.hsa import HsaId, Service


@dataclass(frozen=True, slots=True)
class Planned:
    """One review that would be opened, not saved, and how many rights it would be about."""

    place: Review
    rights: int
    is_open_already: bool


def plan(
    *,
    units: Collection[HsaId] = (),
    service: Service | None = None,
    not_reviewed_for_days: int | None = None,
    on: date,
) -> list[Planned]:
    """The units with such rights, by name. No units named: all. Writes nothing."""
    rights = Grant.objects.active()
    if units:
        rights = rights.filter(unit_key__in=[unit_id.folded for unit_id in units])
    if service is not None:
        rights = rights.filter(service=service.value)
    if not_reviewed_for_days is not None:
        since = on - timedelta(days=not_reviewed_for_days)
        rights = rights.exclude(unit_key__in=_reviewed_since(since, service))
    found: dict[str, list[Grant]] = {}
    for grant in rights.order_by("unit_name", "unit_key", "pk"):
        found.setdefault(grant.unit_key, []).append(grant)
    being_reviewed = Review.objects.filter(state=ReviewState.OPEN, unit_key__in=found)
    are_open = set(being_reviewed.values_list("unit_key", flat=True))
    return [Planned(_place(own[-1], service), len(own), key in are_open) for key, own in found.items()]


def _reviewed_since(day: date, service: Service | None) -> Collection[str]:
    """Units with a review (of the service's rights, too) that was begun that day or later."""
    about = Q(service="") if service is None else Q(service__in=("", service.value))
    rows = Review.objects.filter(about).values("unit_key")
    latest = rows.annotate(at=Max("opened_at")).filter(at__date__gte=day)
    return list(latest.values_list("unit_key", flat=True))


def _place(grant: Grant, service: Service | None) -> Review:
    place = reviews_begin.place_of(grant)
    place.scope = ReviewScope.ALL
    place.service = service.value if service else ""
    return place


def begin(planned: Iterable[Planned], *, by: User) -> list[Review]:
    """Open each, in a transaction of its own; one that is open already is left out. Raises NotAllowed."""
    if not by.is_auditor:
        raise NotAllowed
    opened = []
    for one in planned:
        try:
            opened.append(reviews_begin.begin(one.place, (), by=by))
        except (WrongState, Invalid):
            continue  # being reviewed already, or its last right has just ended
    return opened
