"""The day after a last day: the right ends and its removal starts by itself; an unfinished order ends."""

from __future__ import annotations

from django.db import transaction

from provisioning import dates, grants, removals, requests
from provisioning.errors import WrongState
from provisioning.models import AccessRequest
from provisioning.rules.right_lifecycle import EndCause, GrantState
from workflows import steps


def end_late_orders() -> int:
    """End the orders whose own last day has passed before anything was set. Returns how many."""
    return sum(_end_late(request) for request in requests.due_to_end(dates.today()).order_by("pk"))


def _end_late(request: AccessRequest) -> bool:
    try:
        steps.end_late(request)
    except WrongState:
        return False  # finished or ended in between
    return True


def end_due() -> int:
    """End what has run out and start what is to be removed, one transaction each. Returns removals begun."""
    return sum(_end(pk) for pk in grants.due_to_end(dates.today()))


@transaction.atomic
def _end(pk: int) -> bool:
    today = dates.today()
    grant = grants.lock(pk)
    try:
        if grant.current_state is GrantState.ACTIVE:
            grants.expire(grant, on=today)
        waits = grant.end_cause == EndCause.EXPIRY.value and grants.waits_for_renewal(grant, on=today)
        if waits or not removals.may_be_tried_again(grant):
            return False
        steps.begin_removal(removals.begin, grant, EndCause(grant.end_cause), by=None)
    except WrongState:
        return False  # prolonged, ended or begun in between
    return True
