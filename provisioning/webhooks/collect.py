"""From the event log to what is to be told: each entry once, in order, however often the process dies."""

from __future__ import annotations

from typing import Any
from uuid import uuid5

from django.db import transaction

from provisioning.models import (
    AccessRequest,
    AuditEntry,
    AuditHead,
    Case,
    HookDelivery,
    Removal,
    Subscription,
)
from provisioning.rules import event_kinds

MOST_AT_ONCE = 2000  # entries of the log that one transaction looks at


def catch_up(pk: int) -> None:
    """Bring one subscription up to the end of the log."""
    while not collect(pk):
        pass


@transaction.atomic
def collect(pk: int) -> bool:
    """Write the next deliveries of one subscription, and how far was looked. Says whether that is the end."""
    row = Subscription.objects.select_for_update().get(pk=pk)
    head = AuditHead.objects.filter(pk=AuditHead.ONLY).first()  # before the entries: all up to it are there
    last = head.sequence if head else 0
    until = min(last, row.cursor + MOST_AT_ONCE)
    entries = AuditEntry.objects.filter(
        sequence__gt=row.cursor, sequence__lte=until, action__in=event_kinds.TELLING
    )
    wanted = frozenset(row.kinds)
    made = [one for entry in entries.order_by("sequence") for one in _deliveries(row, entry, wanted)]
    HookDelivery.objects.bulk_create(made, ignore_conflicts=True)
    if until > row.cursor:
        row.cursor = until
        row.save(update_fields=["cursor"])
    return until >= last


def _deliveries(row: Subscription, entry: AuditEntry, wanted: frozenset[str]) -> list[HookDelivery]:
    turned_by = _turned_by(entry) if entry.action in event_kinds.TURNS_TASK else None
    kinds = [kind for kind in event_kinds.kinds_of(entry.action, turned_by=turned_by) if kind.value in wanted]
    if not kinds:
        return []
    content = _content(entry)
    return [
        HookDelivery(
            # The same event is the same message, also when it is told again.
            public_id=uuid5(row.public_id, f"{entry.sequence} {kind.value}"),
            subscription=row,
            sequence=entry.sequence,
            kind=kind.value,
            happened_at=entry.at,
            case_key=str(entry.request_id or entry.about or entry.order_id or ""),
            content=content,
        )
        for kind in kinds
    ]


def _turned_by(entry: AuditEntry) -> str | None:
    """What opened or closed the KIV task of this case before the entry."""
    case: dict[str, Any] = {"request": None, "about": entry.about}
    if entry.request_id:
        case = {"request_id": entry.request_id}
    before = AuditEntry.objects.filter(sequence__lt=entry.sequence, action__in=event_kinds.TURNS_TASK, **case)
    return before.order_by("-sequence").values_list("action", flat=True).first()


def _content(entry: AuditEntry) -> dict[str, Any]:
    """Case number and ids: nothing about any person."""
    kind, _dot, _rest = entry.action.partition(".")
    content: dict[str, Any] = {"case_number": entry.order_id}
    case: Case | None = None
    if entry.request_id:
        content |= {"case_id": str(entry.request_id)}
        case = AccessRequest.objects.select_related("order").filter(public_id=entry.request_id).first()
    elif entry.about and kind == "removal":
        case = Removal.objects.filter(public_id=entry.about).first()
    if case is not None:
        content["case_number"] = case.case_number
    if entry.about:
        content["right_id" if kind == "grant" else f"{kind}_id"] = str(entry.about)
    return content
