"""Following a change that stands in KIV on its way into the national HSA, or out of it.

What a request and a removal share on this last part of the way; inside the operations of `orders.arrive` and
`removals.leave_hsa`. A silent or late HSA decides nothing. Source: domain §6 (value set, arrived).
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from provisioning.assessments import hsa_delay
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import handlers, moves, schedule
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import Case
from provisioning.operators import operator_ids


@transaction.atomic
def stop(case: Case) -> None:
    """The national HSA is not configured any more: what KIV holds decides again. Raises WrongState."""
    moves.move(case, case.STATES.VERIFYING)
    events.record(Action.HSA_NOT_READ.of(case), actor=None, case=case)


def begin(case: Case, *fields: str) -> None:
    """KIV is as it should be: from now on HSA is looked at. Raises WrongState."""
    case.hsa_shows, case.hsa_late_told_at = {}, None
    moves.move(case, case.STATES.AWAITING_HSA, "hsa_shows", "hsa_late_told_at", *fields)
    handlers.release(case)


def put_off(case: Case, *fields: str) -> None:
    """HSA is not there yet. When that has lasted, those concerned are told, once; nothing else follows."""
    now = timezone.now()
    if case.hsa_late_told_at is None and now - case.state_since >= hsa_delay.late_after():
        case.hsa_late_told_at = now
        entry = events.record(Action.HSA_LATE.of(case), actor=None, case=case, code=case.hsa_shows["code"])
        outbox.enqueue(entry, MessageKind.HSA_LATE.of(case), [*case.starters, *operator_ids()], case=case)
    case.save(update_fields=["poll_count", "hsa_shows", "hsa_late_told_at", *fields])


def delay(case: Case) -> timedelta:
    """How long until the next look into the national HSA, by the number of looks so far."""
    return schedule.step(settings.HSA_POLL_SCHEDULE_SECONDS, max(0, case.poll_count - 1))
