"""What a unit's team needs, as the settings have it."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from provisioning.rules.hsa import HsaId, Level, Service
from provisioning.rules.team import Access, TeamNeeds, TeamTask


def of_unit(unit_id: HsaId) -> TeamNeeds:
    """The tasks of this unit's team. Services that are not ordered here take no access of anybody."""
    return for_units()(unit_id)


def for_units() -> Callable[[HsaId], TeamNeeds]:
    """The same for many units: the settings are read once."""
    units = {HsaId(text) for text in settings.TEAM_COORDINATOR_UNITS}
    accesses = {
        TeamTask(task): tuple(access for text in texts if (access := _access(text)) is not None)
        for task, texts in settings.TEAM_ACCESSES.items()
    }
    without, needed = TeamNeeds(accesses, needs_coordinator=False), TeamNeeds(accesses)
    return lambda unit_id: needed if not units or unit_id in units else without


def _access(text: str) -> Access | None:
    service, _colon, level = text.partition(":")
    return (Service(service), Level(level)) if service in settings.SERVICES else None
