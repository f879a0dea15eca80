"""What a ticket system says about a KIV task: its number, a note, and that its ticket is closed.

The task is closed by the directory alone: what is said here is written down, and moves nothing.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.models import AccessRequest, AuditEntry, Case, Removal, System, Ticket
from provisioning.rules import event_kinds
from provisioning.rules.event_kinds import EventKind


def case_of(system: System, case_id: UUID) -> Case | None:
    """The case, if the system is told of KIV tasks and this case has had one."""
    told = [row for row in system.subscriptions.all() if EventKind.KIV_TASK_OPENED.value in row.kinds]
    if not any(row.is_in_force for row in told):
        return None
    case: Case | None = AccessRequest.objects.select_related("order").filter(public_id=case_id).first()
    case = case or Removal.objects.filter(public_id=case_id).first()
    if case is None:
        return None
    entries = AuditEntry.objects.filter(action__in=event_kinds.OPENS_TASK, **case.audit_pointers)
    return case if entries.exists() else None


@transaction.atomic
def say(system: System, case: Case, *, number: str, note: str, is_closed: bool) -> Ticket:
    """Write down what the ticket system says. The same said again without a note is nothing new."""
    case_id: UUID = case.public_id
    row, is_new = Ticket.objects.select_for_update().get_or_create(
        system=system, case_id=case_id, defaults={"number": number, "is_closed": is_closed}
    )
    if not is_new and not note and (row.number, row.is_closed) == (number, is_closed):
        return row
    row.number, row.is_closed, row.told_at = number, is_closed, timezone.now()
    row.save(update_fields=["number", "is_closed", "told_at"])
    events.record(
        Action.TICKET_SAYS.of(case), actor=None, case=case, reason=note, ticket=number, closed=is_closed
    )
    return row
