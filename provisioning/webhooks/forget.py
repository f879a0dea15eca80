"""Forgetting what has been told, once nobody asks about it any more. The event log keeps what happened."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from provisioning.models import AccessRequest, HookDelivery, Removal, Ticket, TicketReply


def forget_old() -> int:
    """Forget what was told or given up long ago, or waits for a subscription that ended. Says how many."""
    oldest = timezone.now() - timedelta(days=settings.RETENTION_WEBHOOKS_DAYS)
    over = Q(subscription__ended_at__lt=oldest) | Q(subscription__system__revoked_at__lt=oldest)
    cases = (model.objects.filter(public_id=OuterRef("case_id")) for model in (AccessRequest, Removal))
    is_of_nothing = [~Exists(rows) for rows in cases]
    Ticket.objects.filter(*is_of_nothing).delete()
    TicketReply.objects.filter(*is_of_nothing).delete()
    return HookDelivery.objects.filter(Q(settled_at__lt=oldest) | over).delete()[0]
