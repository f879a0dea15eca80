"""The states of one request for access, and the moves between them.

The flow decides when a move is made; this table decides whether it may be made at all.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping


class RequestState(enum.StrEnum):
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


ENDED: frozenset[RequestState] = frozenset(
    {
        RequestState.DONE,
        RequestState.REJECTED,
        RequestState.WITHDRAWN,
        RequestState.CANNOT_BE_DONE,
        RequestState.GAVE_UP,
    }
)
OPEN: frozenset[RequestState] = frozenset(RequestState) - ENDED

WAITING_ON: Mapping[RequestState, Waiting] = {
    RequestState.AWAITING_ATTESTATION: Waiting.ATTESTER,
    RequestState.AWAITING_SECOND_ATTESTATION: Waiting.SECOND_ATTESTER,
    RequestState.CHECKING: Waiting.TOOL,
    RequestState.AWAITING_CHOICE: Waiting.ORDERER,
    RequestState.WAITING_FOR_COMMISSION: Waiting.TOOL,
    RequestState.AWAITING_KIV: Waiting.KIV_ADMINISTRATOR,
    RequestState.VERIFYING: Waiting.TOOL,
    RequestState.AWAITING_HSA: Waiting.TOOL,
} | dict.fromkeys(ENDED, Waiting.NOBODY)

UNATTESTED: frozenset[RequestState] = frozenset(
    {RequestState.AWAITING_ATTESTATION, RequestState.AWAITING_SECOND_ATTESTATION}
)
WITH_A_PERSON: frozenset[RequestState] = frozenset(
    state for state, whose in WAITING_ON.items() if whose not in (Waiting.TOOL, Waiting.NOBODY)
)

# A check can find any of these; so can the verification and every re-check while waiting.
_AFTER_CHECK = frozenset(
    {
        RequestState.VERIFYING,
        RequestState.AWAITING_KIV,
        RequestState.AWAITING_CHOICE,
        RequestState.CANNOT_BE_DONE,
    }
)

# The person has left: the request ends in anybody's hands.
_WHEREVER_IT_IS = frozenset({RequestState.CANNOT_BE_DONE})

MOVES: Mapping[RequestState, frozenset[RequestState]] = {
    RequestState.AWAITING_ATTESTATION: frozenset(
        {
            RequestState.AWAITING_SECOND_ATTESTATION,
            RequestState.CHECKING,
            RequestState.REJECTED,
            RequestState.GAVE_UP,
            RequestState.WITHDRAWN,
        }
    )
    | _WHEREVER_IT_IS,
    RequestState.AWAITING_SECOND_ATTESTATION: frozenset(
        {RequestState.CHECKING, RequestState.REJECTED, RequestState.GAVE_UP, RequestState.WITHDRAWN}
    )
    | _WHEREVER_IT_IS,
    RequestState.CHECKING: _AFTER_CHECK | {RequestState.WAITING_FOR_COMMISSION, RequestState.WITHDRAWN},
    RequestState.AWAITING_CHOICE: frozenset(
        {RequestState.CHECKING, RequestState.WAITING_FOR_COMMISSION, RequestState.WITHDRAWN}
    )
    | _WHEREVER_IT_IS,
    RequestState.WAITING_FOR_COMMISSION: _AFTER_CHECK | {RequestState.GAVE_UP, RequestState.WITHDRAWN},
    RequestState.AWAITING_KIV: frozenset(
        {
            RequestState.VERIFYING,
            RequestState.CHECKING,
            RequestState.AWAITING_CHOICE,
            RequestState.CANNOT_BE_DONE,
            RequestState.WITHDRAWN,
        }
    ),
    RequestState.VERIFYING: _AFTER_CHECK
    | {RequestState.AWAITING_HSA, RequestState.DONE, RequestState.WITHDRAWN},
    RequestState.AWAITING_HSA: _AFTER_CHECK | {RequestState.DONE, RequestState.WITHDRAWN},
} | dict.fromkeys(ENDED, frozenset[RequestState]())
