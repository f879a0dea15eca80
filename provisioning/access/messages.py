"""Who may see and send again a mail. Source: domain §7."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone

from provisioning.models import AuditEntry, OutgoingMessage, User


def may_read_messages(user: User) -> bool:
    """The list of messages is for those who run the tool, and for auditors."""
    return user.is_operator or user.is_auditor


def visible_messages(user: User) -> QuerySet[OutgoingMessage]:
    """Messages with their delivery state: for operators and auditors."""
    rows = OutgoingMessage.objects.select_related("request__order", "removal", "cause")
    return rows if may_read_messages(user) else rows.none()


def own_notices(user: User) -> QuerySet[OutgoingMessage]:
    """What the person was told, or would have been told by a mail."""
    rows = OutgoingMessage.objects.select_related("request__order", "removal", "cause__order")
    return rows.filter(recipient_key=user.pk).exclude(kind="digest")


def find_message(user: User, uuid: UUID) -> OutgoingMessage:
    """The message, if this person may read it. Raises Http404."""
    return get_object_or_404(visible_messages(user), uuid=uuid)


def searched_much(user: User) -> list[tuple[str, datetime]]:
    """Who searched unusually often in one of the last seven days, and when: for operators and auditors."""
    if not may_read_messages(user):
        return []
    since = timezone.now() - timedelta(days=7)
    rows = AuditEntry.objects.filter(action="search.unusual", at__gte=since, actor__is_protected=False)
    return list(rows.order_by("-at").values_list("actor__hsa_id", "at"))


def may_resend(user: User) -> bool:
    """Operators send failed messages again; auditors change nothing."""
    return user.is_operator
