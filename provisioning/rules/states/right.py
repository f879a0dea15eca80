"""The states of a right that exists, and of its removal; why a right ends; the moves of a removal.

The flow decides when a move is made; this table decides whether it may be made at all.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping


class GrantState(enum.StrEnum):
    """A right counts while ACTIVE; while ENDING its removal is due or under way, and it still stands."""

    ACTIVE = "active"
    ENDING = "ending"
    ENDED = "ended"


LIVING: frozenset[GrantState] = frozenset({GrantState.ACTIVE, GrantState.ENDING})


class EndCause(enum.StrEnum):
    """Why a right ends. Source: domain §8 and the ways a removal can be started."""

    EXPIRY = "expiry"
    HEAD_OF_UNIT = "head_of_unit"
    PERSON = "person"
    REVIEW = "review"
    FINDING = "finding"
    LEAVER = "leaver"
    ORDER_ENDED = "order_ended"  # set for an order that came to nothing
    REORGANISATION = "reorganisation"


class RemovalState(enum.StrEnum):
    """Where a removal is. DONE only when every directory that is read has shown that nothing is left."""

    LOOKING = "looking"
    AWAITING_KIV = "awaiting_kiv"
    VERIFYING = "verifying"
    AWAITING_HSA = "awaiting_hsa"  # where the national HSA is read, too: gone from KIV, not yet from there
    DONE = "done"
    NOT_NEEDED = "not_needed"  # nothing may or needs to be removed: the right was given anew, or is needed
    WITHDRAWN = "withdrawn"
    CANNOT_BE_DONE = "cannot_be_done"


REMOVAL_ENDED: frozenset[RemovalState] = frozenset(
    {RemovalState.DONE, RemovalState.NOT_NEEDED, RemovalState.WITHDRAWN, RemovalState.CANNOT_BE_DONE}
)
REMOVAL_OPEN: frozenset[RemovalState] = frozenset(RemovalState) - REMOVAL_ENDED

_AFTER_LOOK = frozenset(
    {
        RemovalState.AWAITING_KIV,
        RemovalState.AWAITING_HSA,
        RemovalState.DONE,
        RemovalState.NOT_NEEDED,
        RemovalState.CANNOT_BE_DONE,
    }
)

REMOVAL_MOVES: Mapping[RemovalState, frozenset[RemovalState]] = {
    RemovalState.LOOKING: _AFTER_LOOK | {RemovalState.WITHDRAWN},
    RemovalState.AWAITING_KIV: frozenset(
        {
            RemovalState.VERIFYING,
            RemovalState.NOT_NEEDED,
            RemovalState.CANNOT_BE_DONE,
            RemovalState.WITHDRAWN,
        }
    ),
    RemovalState.VERIFYING: _AFTER_LOOK,  # something has been removed: too late to withdraw
    RemovalState.AWAITING_HSA: (_AFTER_LOOK | {RemovalState.VERIFYING}) - {RemovalState.AWAITING_HSA},
} | dict.fromkeys(REMOVAL_ENDED, frozenset[RemovalState]())
