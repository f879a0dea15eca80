"""What a ticket system says about a KIV task: its number, a note, that somebody has it, that it is closed.

The task is closed by the directory alone: what is said here is written down, and moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.models import AccessRequest, AuditEntry, Case, Removal, System, Ticket
from provisioning.rules import event_kinds
from provisioning.rules.event_kinds import EventKind
from provisioning.rules.hsa import HsaId


@dataclass(frozen=True, slots=True)
class TicketNews:
    """What is said of a ticket. What is None stays as it was."""

    number: str | None = None
    note: str = ""
    is_taken: bool | None = None
    is_closed: bool | None = None


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


def by_api(system: System, case: Case, news: TicketNews) -> Ticket:
    """Write down what the ticket system says by a call of the API."""
    return _write(case, news, {"system": system}, {})


def by_mail(group: HsaId, case: Case, news: TicketNews) -> Ticket:
    """Write down what the ticket system says that serves this group of KIV administrators by mail."""
    return _write(case, news, {"system": None, "mailed_to": group.folded}, {"mailed_to": group.text})


@transaction.atomic
def _write(case: Case, news: TicketNews, whose: dict[str, Any], recorded: dict[str, Any]) -> Ticket:
    """The same said again without a note is nothing new."""
    case_id: UUID = case.public_id
    row, is_new = Ticket.objects.select_for_update().get_or_create(**whose, case_id=case_id)
    before = (row.number, row.is_taken, row.is_closed)
    row.number = row.number if news.number is None else news.number
    row.is_taken = row.is_taken if news.is_taken is None else news.is_taken
    row.is_closed = row.is_closed if news.is_closed is None else news.is_closed
    after = (row.number, row.is_taken, row.is_closed)
    if not is_new and not news.note and before == after:
        return row
    row.told_at = timezone.now()
    row.save(update_fields=["number", "is_taken", "is_closed", "told_at"])
    events.record(
        Action.TICKET_SAYS.of(case),
        actor=None,
        case=case,
        reason=news.note,
        ticket=row.number,
        taken=row.is_taken,
        closed=row.is_closed,
        **recorded,
    )
    return row
