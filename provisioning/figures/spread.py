"""How long things took, as counts by length: they are added up day by day, and still tell median and 90 %.

A slot is 15 % longer than the one before, so that what is told is never further off than that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta

_RATIO = 1.15
_FIRST_SECONDS = 60.0


def slot(length: timedelta) -> int:
    """In which slot a length lies; the first holds all below a minute."""
    seconds = length.total_seconds()
    if seconds < _FIRST_SECONDS:
        return 0
    return int(math.log(seconds / _FIRST_SECONDS) / math.log(_RATIO)) + 1


def quantile(slots: Mapping[int, int], share: float) -> timedelta | None:
    """The length that this share did not exceed; None where there is nothing."""
    wanted = sum(slots.values()) * share
    seen = 0
    for number in sorted(slots):
        seen += slots[number]
        if seen and seen >= wanted:
            return _middle(number)
    return None


def within(slots: Mapping[int, int], limit: timedelta) -> int:
    """How many took at most that long."""
    return sum(count for number, count in slots.items() if _middle(number) <= limit)


def _middle(number: int) -> timedelta:
    return timedelta(seconds=_FIRST_SECONDS * _RATIO ** (number - 0.5))
