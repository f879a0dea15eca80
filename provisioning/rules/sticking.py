"""What usually stands in the way on a unit: so often, and so lately, that it pays to fix it once.

Source: our own choice. Three cases and a fifth of the orders make a habit; five orders in a row without it
mean that it has been fixed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

LOOKED_BACK_DAYS = 120
FEWEST = 3
SHARE = 5  # one in five
FIXED_AFTER = 5  # approved orders without it

Case = TypeVar("Case")


@dataclass(frozen=True, slots=True)
class Habit(Generic[Case]):
    """One thing that usually stands in the way, in how many of how many orders, and the latest of them."""

    code: str
    count: int
    out_of: int
    latest: tuple[Case, ...]


def habits(
    met: Iterable[tuple[str, datetime, Case]], approved: Sequence[datetime], *, shown: int = 3
) -> list[Habit[Case]]:
    """The most frequent first. `met`: code, when and in which case, once each; `approved`: when orders were.

    An order that was approved before the period may have met something in it, so that more can have met
    something than were approved.
    """
    by_code: dict[str, list[tuple[datetime, Case]]] = {}
    for code, at, case in met:
        by_code.setdefault(code, []).append((at, case))
    found = []
    for code, cases in by_code.items():
        latest = sorted(cases, key=lambda one: one[0], reverse=True)
        out_of = max(len(approved), len(cases))
        if is_habit(len(cases), out_of) and not _is_fixed(latest[0][0], approved):
            found.append(Habit(code, len(cases), out_of, tuple(case for _at, case in latest[:shown])))
    return sorted(found, key=lambda one: (-one.count, one.code))


def is_habit(count: int, out_of: int) -> bool:
    return count >= FEWEST and count * SHARE >= out_of


def _is_fixed(last_met: datetime, approved: Collection[datetime]) -> bool:
    return sum(at > last_met for at in approved) >= FIXED_AFTER
