"""The moves of a request: locked, from one state to the next, to its end. For its operations alone.

Each operation is one transaction that locks the row, checks the move, and writes state, audit entry and
messages together, or nothing. Source: domain §7 (four eyes).
"""

from __future__ import annotations

from django.utils import timezone

from provisioning import handlers, watching
from provisioning.errors import WrongState
from provisioning.models import AccessRequest
from provisioning.rules.hsa import HsaId
from provisioning.rules.lifecycle import State, may_move


def lock(pk: int) -> AccessRequest:
    """The row, locked until the transaction ends."""
    return AccessRequest.objects.select_for_update(of=("self",)).select_related("order__orderer").get(pk=pk)


def move(request: AccessRequest, target: State, *fields: str) -> None:
    """Go to this state, and save `fields` with it. Raises WrongState."""
    if not may_move(request.current_state, target):
        raise WrongState
    request.state, request.state_since = target.value, timezone.now()
    request.reminded_at, request.reminder_count, request.nudged_at = None, 0, None
    request.escalation_level, request.escalated_at = 0, None
    request.next_poll_at = (
        timezone.now() + watching.poll_delay(request, 0) if target is State.AWAITING_KIV else None
    )
    request.poll_count = 0
    always = ["state", "state_since", "reminded_at", "reminder_count", "next_poll_at", "poll_count"]
    always += ["nudged_at", "escalation_level", "escalated_at"]
    people = ["attester", "attested_for", "attested_at", "attestation_comment"]
    second = ["second_attester", "second_attested_at", "second_attestation_comment"]
    request.save(update_fields=[*always, *people, *second, *fields])


def end(request: AccessRequest, target: State, *, reason: str, code: str = "") -> None:
    """End it here: nobody has it any longer. Raises WrongState."""
    request.end_reason, request.end_code = reason.strip(), code
    move(request, target, "end_reason", "end_code")
    handlers.release(request)


def orderer_and_subject(request: AccessRequest) -> list[HsaId]:
    return [request.order.orderer.identity, request.subject_id]
