"""Telling the operators of what they have to look after: one mail for all that is new, not too often."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import Incident
from provisioning.operators import operator_ids

log = logging.getLogger(__name__)

AT_MOST_EVERY = timedelta(minutes=15)  # the first at once; what comes after it, together


@transaction.atomic
def tell() -> int:
    """Write one mail to each operator about what is new. Returns how much that was."""
    now = timezone.now()
    new = Incident.objects.standing().filter(told_at=None)
    if not new.exists() or Incident.objects.filter(told_at__gt=now - AT_MOST_EVERY).exists():
        return 0
    rows = list(new.select_for_update().values_list("pk", flat=True))
    Incident.objects.filter(pk__in=rows).update(told_at=now)
    if rows:
        entry = events.record(Action.INCIDENTS_TOLD, actor=None, count=len(rows))
        outbox.enqueue(entry, MessageKind.INCIDENTS, operator_ids())
        log.error("%d new incidents for the operators: see the page Operation", len(rows))
    return len(rows)
