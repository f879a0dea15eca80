"""What a unit's team needs, as the settings have it."""

from __future__ import annotations

from collections.abc import Callable, Collection

from django.conf import settings

from provisioning.rules.hsa import HsaId, Level, Service
from provisioning.rules.team import Access, TeamNeeds, TeamTask


def of_unit(unit_id: HsaId, kinds: Collection[str]) -> TeamNeeds:
    """The tasks of this unit's team. Services that are not ordered here take no access of anybody."""
    return for_units()(unit_id, kinds)


def for_units() -> Callable[[HsaId, Collection[str]], TeamNeeds]:
    """The same for many units, each with its kinds: the settings are read once."""
    units = {HsaId(text) for text in settings.TEAM_COORDINATOR_UNITS}
    wanted = {text.strip().casefold() for text in settings.TEAM_COORDINATOR_KINDS}
    accesses = {
        TeamTask(task): tuple(access for text in texts if (access := _access(text)) is not None)
        for task, texts in settings.TEAM_ACCESSES.items()
    }
    without, needed = TeamNeeds(accesses, needs_coordinator=False), TeamNeeds(accesses)

    def of(unit_id: HsaId, kinds: Collection[str]) -> TeamNeeds:
        is_named = unit_id in units or any(kind.strip().casefold() in wanted for kind in kinds)
        return needed if is_named or not (units or wanted) else without

    return of


def _access(text: str) -> Access | None:
    service, _colon, level = text.partition(":")
    return (Service(service), Level(level)) if service in settings.SERVICES else None
