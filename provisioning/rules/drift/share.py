"""How much may seem to be gone at once before the answer itself is doubted.

An account that has lost sight of a tree, or a hidden attribute, looks like everybody leaving at once. So
nothing ends in large numbers because it was not seen. Source: domain §6 (don't know never decides).
"""

from __future__ import annotations

ALL_FROM = 5  # of fewer than these, all can well be gone at once
NEARLY_ALL = 0.9


def is_too_much(lost: int, of: int, *, percent: float, few: int, all_from: int = ALL_FROM) -> bool:
    """Say whether so many losses are not believed: beyond the share, or all or nearly all there are.

    `few`: so many are never beyond the share. `of`: how many could have been lost.
    `all_from`: of fewer than these, all may be gone at once.
    """
    if lost > max(few, of * percent / 100):
        return True
    return lost >= all_from and lost >= of * NEARLY_ALL
