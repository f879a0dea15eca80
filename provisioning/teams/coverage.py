"""How far the teams of many units have come, by area: which units there are is the directory's to say.

An area is what stands directly above a unit in the directory. What the directory said is kept for some
minutes, and for a day in case it falls silent.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from provisioning import copies, dates
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError
from provisioning.models import TeamMember
from provisioning.rules import names
from provisioning.rules.alphabet import place_of
from provisioning.rules.dates import periods
from provisioning.rules.dates.periods import PeriodState
from provisioning.rules.hsa import HsaId, Unit
from provisioning.rules.team import Coverage, TeamTask
from provisioning.teams import needs

FRESH_FOR = timedelta(minutes=5)
_KEPT_SECONDS = 24 * 60 * 60
_KEY = "teams:care_units:2"


@dataclass(frozen=True, slots=True)
class CareUnit:
    """What of a care unit is kept. `dn` is empty where only a team that was named tells of the unit."""

    hsa_id: HsaId
    name: str
    dn: str = ""
    provider_id: HsaId | None = None
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CareUnits:
    """The care units, and when the directory said so. `is_read` is False where it does not answer now."""

    units: tuple[CareUnit, ...]
    read_at: datetime | None
    is_read: bool = True


@dataclass(frozen=True, slots=True)
class CoveredUnit:
    """One unit, its area, and how far its team has come."""

    unit: CareUnit
    area: str
    area_name: str
    coverage: Coverage
    missing: tuple[TeamTask, ...]


@dataclass(frozen=True, slots=True)
class CoveredArea:
    """One area: how many of its units have come how far."""

    key: str
    name: str
    counts: Mapping[Coverage, int]

    @property
    def total(self) -> int:
        return sum(self.counts.values())

    @property
    def complete(self) -> int:
        return self.counts.get(Coverage.COMPLETE, 0)

    @property
    def incomplete(self) -> int:
        return self.counts.get(Coverage.INCOMPLETE, 0)

    @property
    def nobody(self) -> int:
        return self.counts.get(Coverage.NOBODY, 0)


def care_units() -> CareUnits:
    """All care units: as read some minutes ago at most, or what is known while the directory is silent."""
    kept: CareUnits | None = copies.recall(_KEY)
    now = timezone.now()
    if kept is not None and kept.read_at is not None and now - kept.read_at < FRESH_FOR:
        return kept
    try:
        found = open_directory().care_units()
    except DirectoryError:
        if kept is not None:
            return CareUnits(kept.units, kept.read_at, is_read=False)
        return CareUnits(_named(), None, is_read=False)
    units = tuple(
        CareUnit(one.hsa_id, one.name, one.dn, one.provider_id, one.kinds)
        for one in found
        if not _has_closed(one)
    )
    kept = CareUnits(units, now)
    copies.keep(_KEY, kept, _KEPT_SECONDS)
    return kept


def of_providers(
    units: Iterable[CareUnit], providers: Collection[HsaId], dns: Iterable[str]
) -> list[CareUnit]:
    """The units of these care providers: those that name one of them, or stand below one's entry."""
    tops = tuple(dns)
    inside: dict[str, bool] = {}
    found = []
    for unit in units:
        above = names.parent(unit.dn)
        if above not in inside:
            inside[above] = names.lies_in(above, tops)
        if unit.provider_id in providers or (unit.provider_id is None and inside[above]):
            found.append(unit)
    return found


def covered(units: Sequence[CareUnit], held: Mapping[str, Collection[TeamTask]]) -> list[CoveredUnit]:
    """Each unit with its area and how far its team has come, by area and name. `held`: by the unit's key."""
    by_place = {names.key(one.dn): one.name for one in units if one.dn}
    areas: dict[str, tuple[str, str]] = {}
    wanted = needs.for_units()
    rows = []
    for unit in units:
        above = names.parent(unit.dn)
        if above not in areas:
            areas[above] = (_area_key(above), by_place.get(names.key(above)) or _own_name(above))
        needed, tasks = wanted(unit.hsa_id, unit.kinds), held.get(unit.hsa_id.folded, ())
        rows.append(CoveredUnit(unit, *areas[above], needed.coverage(tasks), needed.missing(tasks)))
    return sorted(rows, key=lambda row: (place_of(row.area_name), row.area, place_of(row.unit.name)))


def by_area(rows: Iterable[CoveredUnit]) -> list[CoveredArea]:
    """The areas of these units, in the units' order, with how many of them have come how far."""
    counts: defaultdict[str, Counter[Coverage]] = defaultdict(Counter)
    called: dict[str, str] = {}
    for row in rows:
        counts[row.area][row.coverage] += 1
        called[row.area] = row.area_name
    return [CoveredArea(key, name, counts[key]) for key, name in called.items()]


def held_tasks(unit_ids: Iterable[HsaId] | None = None) -> defaultdict[str, set[TeamTask]]:
    """The tasks that somebody holds today, by the unit's key. `unit_ids`: on these alone; None: on any."""
    held: defaultdict[str, set[TeamTask]] = defaultdict(set)
    rows = TeamMember.objects.holding(dates.today()).order_by()
    if unit_ids is not None:
        rows = rows.filter(unit_key__in=[one.folded for one in unit_ids])
    for unit_key, task in rows.values_list("unit_key", "task").distinct():
        held[unit_key].add(TeamTask(task))
    return held


def _named() -> tuple[CareUnit, ...]:
    """The units somebody was named for: all that is known here without the directory."""
    rows = TeamMember.objects.order_by("pk").values_list("unit_hsa_id", "unit_name")
    return tuple(CareUnit(HsaId(text), name or text) for text, name in dict(rows).items())


def _has_closed(unit: Unit) -> bool:
    return unit.is_archived or periods.state(unit.period, at=timezone.now()) is PeriodState.ENDED


def _area_key(dn: str) -> str:
    """What stands in an address for the area: the same however its name is written."""
    return hashlib.sha256(",".join(names.key(dn)).encode()).hexdigest()[:16]


def _own_name(dn: str) -> str:
    pair = names.first_pair(dn)
    return pair[1] if pair is not None else dn
