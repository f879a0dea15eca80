"""How many may have one access on one place, as the environment says it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ImproperlyConfigured

LEVELS = ("own", "unit", "provider")


def read(given: dict[str, Any], *, services: Collection[str]) -> dict[str, int]:
    """Each access with its cap. Raises ImproperlyConfigured."""
    for access, most in given.items():
        service, _colon, level = access.partition(":")
        if service not in services or level not in LEVELS:
            raise ImproperlyConfigured(f"ACCESS_CAPS knows no access {access}: write such as rehabstod:unit.")
        if not isinstance(most, int) or isinstance(most, bool) or most < 1:
            raise ImproperlyConfigured(f"ACCESS_CAPS must give {access} a whole number from 1.")
    return given
