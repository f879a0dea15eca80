"""Looking rights up: the one in force, the orders that prolong it, what tells one from another."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from django.conf import settings

from provisioning import dates
from provisioning.models import AccessRequest, AccessRequestQuerySet, Grant, PersonAndPlace
from provisioning.rules.hsa import HsaId, Level, Service
from provisioning.rules.states.request import UNATTESTED

RIGHT = ("subject_key", "service", "level", "unit_key")  # the columns that tell one right from another


def lock(pk: int) -> Grant:
    """The row, locked until the transaction ends."""
    return Grant.objects.select_for_update(of=("self",)).select_related("origin__order__orderer").get(pk=pk)


def in_force(person_id: HsaId, service: Service, level: Level, unit_id: HsaId) -> Grant | None:
    """The right as it stands, if there is one that is not being ended: what a new order prolongs.

    Not one whose last day has passed, though no sweep has been there yet: the order then begins today.
    """
    right = {"service": service.value, "level": level.value, "unit_key": unit_id.folded}
    rows = Grant.objects.active().filter(subject_key=person_id.folded, **right)
    return rows.filter(ends_on__gte=dates.today()).first()


def stands(request: AccessRequest) -> bool:
    """Say whether the right that is asked for is in force until then, so that the request prolongs it.

    Not one that is being ended: what is ordered from a later day must not stop its removal today.
    """
    day_before = request.starts_on - timedelta(days=1)
    return Grant.objects.active().filter(**right_of(request), ends_on__gte=day_before).exists()


def right_of(about: PersonAndPlace) -> dict[str, str]:
    """The columns that tell the right it is about from others, to look rows up by."""
    return {name: getattr(about, name) for name in RIGHT}


def waits_for_renewal(grant: Grant, *, on: date) -> bool:
    """Say whether removal waits a little because an attested order for the same right is under way.

    The right has ended all the same; what waits is the KIV administrator's work, so that a value is not
    taken away one day and set again the next. At most so many days, and not for an order whose first day is
    still to come: see docs/decisions.
    """
    orders = open_renewals(grant).exclude(state__in=UNATTESTED).filter(starts_on__lte=on)
    return on <= waits_until(grant) and orders.exists()


def waits_until(grant: Grant) -> date:
    """The last day on which removal waits for such an order."""
    return grant.ends_on + timedelta(days=settings.RENEWAL_GRACE_DAYS)


def open_renewals(grant: Grant) -> AccessRequestQuerySet:
    """Orders for the same right that are not finished."""
    return AccessRequest.objects.open().filter(**right_of(grant))


def being_renewed(grants: Collection[Grant]) -> frozenset[int]:
    """Those of these rights for which an order is under way, by their numbers: asked once for all."""
    asked = AccessRequest.objects.open().filter(
        subject_key__in={grant.subject_key for grant in grants},
        unit_key__in={grant.unit_key for grant in grants},
    )
    ordered = set(asked.order_by().values_list(*RIGHT))
    return frozenset(grant.pk for grant in grants if tuple(right_of(grant).values()) in ordered)


def attested_orders(subject_key: str) -> AccessRequestQuerySet:
    """Orders for the person that are attested and not finished: what they need is being set."""
    return AccessRequest.objects.open().filter(subject_key=subject_key).exclude(state__in=UNATTESTED)
