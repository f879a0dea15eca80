"""How many may have one access on one place: above it whoever approves sees it and must say why.

A cap forbids nothing. It counts persons: those whose right lives there, and those whose order is approved and
under way. Whoever has the right already makes it no larger. Caps are a setting: no source says a number.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count

from provisioning.models import AccessRequest, Grant
from provisioning.rules.alphabet import place_of
from provisioning.rules.hsa import HsaId, Level, Service
from provisioning.rules.states.request import UNATTESTED


@dataclass(frozen=True, slots=True)
class Cap:
    """The most who may have it, and how many others have it or soon do."""

    most: int
    others: int

    @property
    def is_above(self) -> bool:
        """Whether one more is too many."""
        return self.others >= self.most


@dataclass(frozen=True, slots=True)
class AboveCap:
    """A place where more persons have an access than the cap says."""

    service: Service
    level: Level
    unit_hsa_id: str
    unit_name: str
    most: int
    have: int


def are_set() -> bool:
    """Whether any access has a cap here."""
    return bool(settings.ACCESS_CAPS)


def of(subject_id: HsaId, service: Service, level: Level, unit_id: HsaId) -> Cap | None:
    """The cap that one more person would meet; None where the access has none."""
    most = settings.ACCESS_CAPS.get(f"{service}:{level}")
    if most is None:
        return None
    place = {"service": service.value, "level": level.value, "unit_key": unit_id.folded}
    have = set(Grant.objects.living().filter(**place).order_by().values_list("subject_key", flat=True))
    if subject_id.folded in have:
        return Cap(most, 0)
    orders = AccessRequest.objects.open().filter(**place).exclude(state__in=UNATTESTED)
    have |= set(orders.order_by().values_list("subject_key", flat=True))
    return Cap(most, len(have - {subject_id.folded}))


def of_request(request: AccessRequest) -> Cap | None:
    """The cap that this request meets."""
    access = request.ordered_access
    return of(access.person_id, access.service, access.level, access.unit_id)


def recorded(cap: Cap | None) -> dict[str, Any]:
    """What the event of an approval says of the cap: nothing where there is none, or it is not reached."""
    return {"cap": cap.most, "others": cap.others} if cap is not None and cap.is_above else {}


def exceeded(unit_keys: Iterable[str] | None = None) -> list[AboveCap]:
    """Where more have a living right than the cap says; `unit_keys`: on these places only."""
    found = []
    for name, most in settings.ACCESS_CAPS.items():
        service, _colon, level = name.partition(":")
        rows = Grant.objects.living().filter(service=service, level=level)
        if unit_keys is not None:
            rows = rows.filter(unit_key__in=list(unit_keys))
        counted = rows.order_by().values("unit_key").annotate(have=Count("subject_key", distinct=True))
        above = {row["unit_key"]: row["have"] for row in counted.filter(have__gt=most)}
        named = Grant.objects.living().filter(unit_key__in=above).order_by("unit_key", "-pk")
        names = {
            key: (hsa_id, text)
            for key, hsa_id, text in named.values_list("unit_key", "unit_hsa_id", "unit_name")
        }
        found += [
            AboveCap(Service(service), Level(level), *names[key], most, have) for key, have in above.items()
        ]
    return sorted(found, key=lambda one: (place_of(one.unit_name), one.unit_hsa_id, one.service, one.level))
