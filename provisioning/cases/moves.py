"""The moves of a request and of a removal: locked, from one state to the next, to the end.

For their operations alone. Each operation is one transaction that locks the row, checks the move, and writes
state, audit entry and messages together, or nothing.
"""

from __future__ import annotations

from typing import TypeVar

from django.utils import timezone

from provisioning.cases import handlers, schedule
from provisioning.errors import WrongState
from provisioning.models import Case
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import RemovalState

C = TypeVar("C", bound=Case)


def lock(kind: type[C], pk: int) -> C:
    """The row, locked until the transaction ends."""
    rows = kind._default_manager.select_for_update(of=("self",)).select_related(*kind.READ_WITH)
    return rows.get(pk=pk)


def move(case: Case, target: RequestState | RemovalState, *fields: str) -> None:
    """Go to this state, and save `fields` with it. Raises WrongState."""
    if not case.may_move(target):
        raise WrongState
    case.state, case.state_since = target.value, timezone.now()
    forgotten = case.leave_state()
    case.next_poll_at = timezone.now() + schedule.poll_delay(case, 0) if case.is_looked_at else None
    case.save(update_fields=["state", "state_since", "next_poll_at", *forgotten, *fields])


def end(case: Case, target: RequestState | RemovalState, *fields: str, reason: str, code: str = "") -> None:
    """End it here: nobody has it any longer. Raises WrongState."""
    case.end_reason, case.end_code = reason.strip(), code
    move(case, target, "end_reason", "end_code", *fields)
    handlers.release(case)
