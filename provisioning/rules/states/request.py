"""The states of one request for access, and the moves between them.

The flow decides when a move is made; this table decides whether it may be made at all.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping


class State(enum.StrEnum):
    """Where a request is. Whoever must act next follows from the state: see `Waiting`."""

    AWAITING_ATTESTATION = "awaiting_attestation"
    AWAITING_SECOND_ATTESTATION = "awaiting_second_attestation"
    CHECKING = "checking"
    AWAITING_CHOICE = "awaiting_choice"
    WAITING_FOR_COMMISSION = "waiting_for_commission"
    AWAITING_KIV = "awaiting_kiv"
    VERIFYING = "verifying"
    AWAITING_HSA = "awaiting_hsa"  # where the national HSA is read, too: seen in KIV, not yet there
    DONE = "done"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    CANNOT_BE_DONE = "cannot_be_done"
    GAVE_UP = "gave_up"


class Waiting(enum.StrEnum):
    """Who has the request now."""

    ATTESTER = "attester"
    SECOND_ATTESTER = "second_attester"
    ORDERER = "orderer"
    KIV_ADMINISTRATOR = "kiv_administrator"
    TOOL = "tool"
    NOBODY = "nobody"


ENDED: frozenset[State] = frozenset(
    {State.DONE, State.REJECTED, State.WITHDRAWN, State.CANNOT_BE_DONE, State.GAVE_UP}
)
OPEN: frozenset[State] = frozenset(State) - ENDED

WAITING_ON: Mapping[State, Waiting] = {
    State.AWAITING_ATTESTATION: Waiting.ATTESTER,
    State.AWAITING_SECOND_ATTESTATION: Waiting.SECOND_ATTESTER,
    State.CHECKING: Waiting.TOOL,
    State.AWAITING_CHOICE: Waiting.ORDERER,
    State.WAITING_FOR_COMMISSION: Waiting.TOOL,
    State.AWAITING_KIV: Waiting.KIV_ADMINISTRATOR,
    State.VERIFYING: Waiting.TOOL,
    State.AWAITING_HSA: Waiting.TOOL,
} | dict.fromkeys(ENDED, Waiting.NOBODY)

UNATTESTED: frozenset[State] = frozenset({State.AWAITING_ATTESTATION, State.AWAITING_SECOND_ATTESTATION})
WITH_A_PERSON: frozenset[State] = frozenset(
    state for state, whose in WAITING_ON.items() if whose not in (Waiting.TOOL, Waiting.NOBODY)
)

# A check can find any of these; so can the verification and every re-check while waiting.
_AFTER_CHECK = frozenset({State.VERIFYING, State.AWAITING_KIV, State.AWAITING_CHOICE, State.CANNOT_BE_DONE})

# The person has left: the request ends, whoever has it.
_WHEREVER_IT_IS = frozenset({State.CANNOT_BE_DONE})

MOVES: Mapping[State, frozenset[State]] = {
    State.AWAITING_ATTESTATION: frozenset(
        {State.AWAITING_SECOND_ATTESTATION, State.CHECKING, State.REJECTED, State.GAVE_UP, State.WITHDRAWN}
    )
    | _WHEREVER_IT_IS,
    State.AWAITING_SECOND_ATTESTATION: frozenset(
        {State.CHECKING, State.REJECTED, State.GAVE_UP, State.WITHDRAWN}
    )
    | _WHEREVER_IT_IS,
    State.CHECKING: _AFTER_CHECK | {State.WITHDRAWN},
    State.AWAITING_CHOICE: frozenset({State.CHECKING, State.WAITING_FOR_COMMISSION, State.WITHDRAWN})
    | _WHEREVER_IT_IS,
    State.WAITING_FOR_COMMISSION: _AFTER_CHECK | {State.GAVE_UP, State.WITHDRAWN},
    State.AWAITING_KIV: frozenset(
        {State.VERIFYING, State.CHECKING, State.AWAITING_CHOICE, State.CANNOT_BE_DONE, State.WITHDRAWN}
    ),
    State.VERIFYING: _AFTER_CHECK | {State.AWAITING_HSA, State.DONE, State.WITHDRAWN},
    State.AWAITING_HSA: _AFTER_CHECK | {State.DONE, State.WITHDRAWN},
} | dict.fromkeys(ENDED, frozenset[State]())
