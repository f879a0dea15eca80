"""How fast rights were decided upon in one sitting: a question to ask, never a verdict on anybody.

The limits are GUESS: no source says how long a look takes. They are generous, so that somebody who knows the
people of the own unit is not suspected.
"""

from __future__ import annotations

FEW_RIGHTS = 5  # fewer are decided in a moment by anybody who knows them
QUICK_SECONDS_PER_RIGHT = 3


def is_quick(seconds: int, rights: int) -> bool:
    """Say whether so many rights were decided in so little time that somebody should ask how."""
    return rights >= FEW_RIGHTS and seconds < QUICK_SECONDS_PER_RIGHT * rights
