"""The day after a last day: the right ends and its removal starts by itself; an unfinished order ends."""

from __future__ import annotations

from django.db import transaction

from provisioning import dates
from provisioning.errors import WrongState
from provisioning.models import AccessRequest
from provisioning.orders import end as orders_end
from provisioning.removals import begin, take_back
from provisioning.rights import end as rights_end
from provisioning.rights import find
from provisioning.rules.states.right import EndCause, GrantState
from workflows import steps
from workflows.alone import alone


def end_late_orders() -> int:
    """End the orders whose own last day has passed before anything was set. Returns how many."""
    ended = 0
    for request in orders_end.due_to_end(dates.today()).order_by("pk"):
        with alone(f"ending case {request.case_number}"):
            ended += _end_late(request)
    return ended


def _end_late(request: AccessRequest) -> bool:
    try:
        steps.end_late(request)
    except WrongState:
        return False  # finished or ended in between
    return True


def end_due() -> int:
    """End what has run out and start what is to be removed, one transaction each. Returns removals begun."""
    begun = 0
    for pk in rights_end.due_to_end(dates.today()):
        with alone(f"ending right {pk}"):
            begun += _end(pk)
    return begun


@transaction.atomic
def _end(pk: int) -> bool:
    today = dates.today()
    grant = find.lock(pk)
    try:
        if grant.current_state is GrantState.ACTIVE:
            rights_end.expire(grant, on=today)
        waits = grant.end_cause == EndCause.EXPIRY.value and find.waits_for_renewal(grant, on=today)
        if waits or not take_back.may_be_tried_again(grant):
            return False
        steps.begin_removal(begin.begin, grant, EndCause(grant.end_cause), by=None)
    except WrongState:
        return False  # prolonged, ended or begun in between
    return True
