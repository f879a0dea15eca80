"""Which accesses the tasks of a unit's insurance-medicine team take: ours, with what the environment says."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured

# GUESS: no source says what each of them must read; a region says otherwise by TEAM_ACCESSES.
OURS: dict[str, list[str]] = {
    "head": ["intygsstatistik:unit"],
    "doctor": ["rehabstod:own", "intygsstatistik:unit"],
    "coordinator": ["rehabstod:unit"],
}
LEVELS = ("own", "unit")


def read(given: dict[str, Any]) -> dict[str, list[str]]:
    """Ours, with those tasks that are given in their place. Raises ImproperlyConfigured."""
    for task, accesses in given.items():
        if task not in OURS:
            raise ImproperlyConfigured(f"TEAM_ACCESSES knows the tasks {', '.join(OURS)}, and not {task}.")
        if not isinstance(accesses, list) or not all(_is_access(one) for one in accesses):
            raise ImproperlyConfigured(
                f'TEAM_ACCESSES must give {task} a list such as ["rehabstod:unit"], of level own or unit.'
            )
    return OURS | given


def _is_access(text: object) -> bool:
    service, colon, level = str(text).partition(":")
    return isinstance(text, str) and bool(service and colon) and level in LEVELS
