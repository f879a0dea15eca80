"""After a clock that was wrong for a moment: times that lie too far ahead for their kind are brought back.

An hour ahead for some seconds, and looks, claims and mails that were planned meanwhile stay an hour away.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from provisioning.messages import outbox
from provisioning.models import AccessRequest, OutgoingMessage, Removal
from workflows.engine import leases

log = logging.getLogger(__name__)

MARGIN = timedelta(minutes=2)
LONGEST_PUT_OFF = timedelta(minutes=15)  # of background work after an unforeseen error


def sweep() -> int:
    """Make due what was planned by a clock that was ahead. Returns how many times were brought back."""
    now = timezone.now()
    count = _polls(now) + _messages(now) + _background(now)
    if count:
        log.warning("%d times lay further ahead than their kind allows: brought back", count)
    return count


def _polls(now: datetime) -> int:
    latest = now + _longest(settings.POLL_SCHEDULE_SECONDS)
    rows = (one.objects.open().filter(next_poll_at__gt=latest) for one in (AccessRequest, Removal))
    return sum(found.update(next_poll_at=now) for found in rows)


def _messages(now: datetime) -> int:
    latest = now + _longest([outbox.LONGEST_DELAY_SECONDS])
    waiting = Q(state__in=[OutgoingMessage.Delivery.QUEUED, OutgoingMessage.Delivery.WAITING])
    return OutgoingMessage.objects.filter(waiting, next_try_at__gt=latest).update(next_try_at=now)


def _background(now: datetime) -> int:
    """A first look may wait for an order's first day, and is reckoned anew; all others have their limit."""
    limits = (settings.WAIT_RECHECK_SECONDS, *settings.HSA_POLL_SCHEDULE_SECONDS)
    latest = now + max(_longest(limits), leases.lease() + MARGIN, LONGEST_PUT_OFF + MARGIN)
    rows = Task.objects.filter(flow_task_type="JOB", status=STATUS.SCHEDULED, scheduled__gt=latest)
    return sum(_bring_back(pk, now) for pk in list(rows.values_list("pk", flat=True)))


def _bring_back(pk: int, now: datetime) -> bool:
    with Task.objects.get(pk=pk).activation() as activation:
        task = activation.task
        is_first = not task.data.get("attempts")
        wanted = now + (task.flow_task.first_delay(activation) if is_first else timedelta(0))
        if task.status != STATUS.SCHEDULED or task.scheduled <= wanted + MARGIN:
            return False
        task.scheduled = wanted
        task.save(update_fields=["scheduled"])
    return True


def _longest(seconds: Iterable[int]) -> timedelta:
    return timedelta(seconds=max(seconds)) + MARGIN
