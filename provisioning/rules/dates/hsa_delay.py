"""How long a change takes from KIV to the national HSA: a forecast from the delays measured so far.

Source: TKB (a change shows in HSA up to 10 minutes late), feature X14 (learned delays instead of promises).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

DOCUMENTED = timedelta(minutes=10)  # TKB: authorizationmanagement 2.4.5
WINDOW = 100  # so many of the latest delays count: a sync that has changed its pace is learned soon
FEWEST = 20  # below this a p95 is a guess, and the documented delay stays its floor
SHORTEST_ALARM = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What to expect of the next change. `count` delays were measured; none: the documented delay."""

    median: timedelta
    p95: timedelta
    count: int = 0

    @property
    def is_learned(self) -> bool:
        return self.count >= FEWEST

    @property
    def minutes(self) -> int:
        """The p95 in whole minutes, rounded up: what "normally within" may promise."""
        return max(1, math.ceil(self.p95.total_seconds() / 60))


def forecast(latest: Sequence[timedelta]) -> Forecast:
    """From the latest delays, in any order; at most WINDOW of them are expected.

    The rank is that of a p95 for the NEXT value, ⌈0.95·(n+1)⌉, which is one step on the safe side.
    """
    if not latest:
        return Forecast(DOCUMENTED, DOCUMENTED)
    ordered = sorted(latest)
    count = len(ordered)
    p95 = ordered[min(count, math.ceil(0.95 * (count + 1))) - 1]
    median = ordered[(count - 1) // 2]
    return Forecast(median, p95 if count >= FEWEST else max(p95, DOCUMENTED), count)


def late_after(expected: Forecast, *, configured: timedelta) -> timedelta:
    """After how long a person is told: twice the learned p95, at least half an hour; else as configured."""
    return max(2 * expected.p95, SHORTEST_ALARM) if expected.is_learned else configured
