"""Forgetting what systems have handed over, once nothing is left of it: neither an order nor a draft."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db.models import Exists, OuterRef
from django.utils import timezone

from provisioning.models import HandedOrder, Order


def forget_old() -> int:
    """Forget those that nobody signed in time, and those whose order has been removed. Returns how many."""
    oldest = timezone.now() - timedelta(days=settings.RETENTION_DRAFTS_DAYS)
    orders = Order.objects.filter(submission=OuterRef("submission"))
    return HandedOrder.objects.filter(~Exists(orders), created_at__lt=oldest).delete()[0]
