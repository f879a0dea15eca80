"""The steps from order to a login that works, and in which of them an open request is."""

from __future__ import annotations

import enum
from collections.abc import Mapping

from provisioning.rules.states.request import RequestState


class OrderStep(enum.IntEnum):
    """The steps in the order in which pages show them."""

    ORDER = 0
    ATTESTATION = 1
    SECOND_ATTESTATION = 2  # of process leaders alone
    CHECK = 3
    KIV = 4
    VERIFICATION = 5


STEP_OF: Mapping[RequestState, OrderStep] = {
    RequestState.AWAITING_ATTESTATION: OrderStep.ATTESTATION,
    RequestState.AWAITING_SECOND_ATTESTATION: OrderStep.SECOND_ATTESTATION,
    RequestState.CHECKING: OrderStep.CHECK,
    RequestState.AWAITING_CHOICE: OrderStep.CHECK,
    RequestState.WAITING_FOR_COMMISSION: OrderStep.CHECK,
    RequestState.AWAITING_KIV: OrderStep.KIV,
    RequestState.VERIFYING: OrderStep.VERIFICATION,
    RequestState.AWAITING_HSA: OrderStep.VERIFICATION,
}
