"""How a webhook's answer is judged, and how long is waited before it is sent again.

Source: Standard Webhooks 1.0.0, "Operational considerations": 2xx is success, redirects are failures, 410
means that nobody wants it any more; pauses grow from seconds to a day.
"""

from __future__ import annotations

import enum
from datetime import timedelta

PAUSES = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)
)
LONGEST = 1 + len(PAUSES)  # tries


class TryOutcome(enum.Enum):
    """What becomes of it."""

    DELIVERED = enum.auto()
    AGAIN = enum.auto()
    DEAD = enum.auto()


def judge(status: int | None, *, tries: int, most: int) -> TryOutcome:
    """What the answer means. `status`: of HTTP; None where none came. `tries`: this one counted."""
    if status is not None and 200 <= status < 300:
        return TryOutcome.DELIVERED
    if status == 410 or tries >= most:
        return TryOutcome.DEAD
    return TryOutcome.AGAIN


def is_unwell(status: int | None) -> bool:
    """Say whether the receiver itself is in trouble, so that nothing else is sent to it just now."""
    return status is None or status == 429 or status >= 500


def pause(tries: int) -> timedelta:
    """How long to wait after so many tries."""
    return PAUSES[min(max(tries, 1), len(PAUSES)) - 1]
