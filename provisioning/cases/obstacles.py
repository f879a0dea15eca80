"""What stands in the way of orders: noted as it is met, and read back by unit to see what usually does."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from provisioning.models import AccessRequest, Obstacle
from provisioning.rules import sticking
from provisioning.rules.causes import DIRECTORY_CODES, Cause, Code
from provisioning.rules.sticking import Habit

NO_ADMINISTRATOR, UNANSWERED = "order.no_administrator", "order.unanswered"
KIV_SAYS = "kiv."  # before the reason that a KIV administrator chose

MOST_LOOKED_AT = 2000

# What an order is there to set, what it does, and what the directory did not tell: nothing in the way.
_NOT_IN_THE_WAY = DIRECTORY_CODES | {
    Code.ROLE_MISSING,
    Code.RIGHT_MISSING,
    Code.EFFECT_DOCTOR_BECOMES_COORDINATOR,
    Code.EFFECT_WHOLE_PROVIDER,
    Code.ORDER_ROLE_NOT_NEEDED,
}


def note(request: AccessRequest, codes: Iterable[str]) -> None:
    """Note what stands in the way, each cause once a case. Inside the operation that met it."""
    Obstacle.objects.bulk_create(
        [Obstacle(request=request, unit_key=request.unit_key, code=code) for code in dict.fromkeys(codes)],
        ignore_conflicts=True,
    )


def note_causes(request: AccessRequest, causes: Iterable[Cause]) -> None:
    """The same of what a check found, but for what the order is there to set."""
    note(request, [cause.code.value for cause in causes if cause.code not in _NOT_IN_THE_WAY])


def habits_of(unit_keys: Collection[str]) -> dict[str, list[Habit[UUID]]]:
    """What usually stands in the way on each of these units; units without such are left out."""
    since = timezone.now() - timedelta(days=sticking.LOOKED_BACK_DAYS)
    rows = Obstacle.objects.filter(unit_key__in=unit_keys, at__gte=since).order_by("-at")
    met: dict[str, list[tuple[str, datetime, UUID]]] = defaultdict(list)
    found = rows.values_list("unit_key", "code", "at", "request__public_id")[:MOST_LOOKED_AT]
    for unit_key, code, at, public_id in found:
        met[unit_key].append((code, at, public_id))
    approved: dict[str, list[datetime]] = defaultdict(list)
    orders = AccessRequest.objects.filter(unit_key__in=list(met), attested_at__gte=since).order_by("-pk")
    for unit_key, attested_at in orders.values_list("unit_key", "attested_at")[:MOST_LOOKED_AT]:
        if attested_at is not None:
            approved[unit_key].append(attested_at)
    habits = {unit_key: sticking.habits(theirs, approved[unit_key]) for unit_key, theirs in met.items()}
    return {unit_key: those for unit_key, those in habits.items() if those}
