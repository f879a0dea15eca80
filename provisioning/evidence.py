"""What one look into the directory showed of a case's values, and keeping it as evidence."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from provisioning import readings
from provisioning.directory import Which
from provisioning.grant_models import Removal
from provisioning.models import AccessRequest, Evidence
from provisioning.rules.hsa import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The values that a case concerns, as one look gave them."""

    read_at: datetime
    values: Mapping[tuple[str, str], Sequence[str] | None]  # (dn, attribute) → values; None: no such entry

    def as_data(self) -> list[dict[str, Any]]:
        return [
            {"dn": dn, "attribute": attribute, "values": None if values is None else list(values)}
            for (dn, attribute), values in self.values.items()
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenWanted(Seen):
    """Of values that a request wants: are they there?"""

    is_in_place: Answer
    instead: tuple[Mapping[str, str], ...] = ()  # near misses: code, about, expected


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenUnwanted(Seen):
    """Of values that a removal is about: are they gone?"""

    gone: tuple[bool, ...]  # of each change, in their order

    @property
    def is_gone(self) -> bool:
        return bool(self.gone) and all(self.gone)


def keep(
    case: AccessRequest | Removal,
    moment: Evidence.Moment,
    read_at: datetime,
    *,
    values: Collection[dict[str, Any]] = (),
    verdict: dict[str, Any] | None = None,
    which: Which = Which.OWN,
) -> None:
    """Keep it with the case. Inside its operation."""
    Evidence.objects.create(
        request=case if isinstance(case, AccessRequest) else None,
        removal=case if isinstance(case, Removal) else None,
        moment=moment,
        read_at=read_at,
        source=readings.source(which),
        values=list(values),
        verdict=verdict or {},
    )
