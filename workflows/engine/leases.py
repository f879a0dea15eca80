"""A claim on background work is a short lease that its worker renews while it works.

So a worker that is killed holds its work for seconds, and one whose directory is slow keeps it. Losing a
lease does no harm: what comes late is thrown away when it is recorded (`BackgroundActivation.holds`).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

log = logging.getLogger(__name__)

# Keys of a task's data: since when its work fails, how often in a row. Gone when it was done as it should.
FAILING_SINCE, FAILURES = "failing_since", "failures"

RENEWED_TIMES = 3  # so many times in the length of a lease


def failing(data: dict[str, Any], *, is_ours: bool = True) -> dict[str, Any]:
    """What a task's data says of failures, with one more. `is_ours`: False where the database was away."""
    return {
        FAILING_SINCE: data.get(FAILING_SINCE, timezone.now().isoformat()),
        FAILURES: data.get(FAILURES, 0) + is_ours,
    }


def failing_since(data: dict[str, Any]) -> datetime | None:
    """Since when the work fails; None where it does not."""
    return datetime.fromisoformat(data[FAILING_SINCE]) if FAILING_SINCE in data else None


def lease() -> timedelta:
    """How long a claim lasts that nobody renews."""
    return timedelta(seconds=settings.BACKGROUND_LEASE_SECONDS)


def renew(task_pk: int, claim: str) -> bool:
    """Make the claim last a whole lease from now. Returns whether it still was this claim's."""
    rows = Task.objects.filter(pk=task_pk, status=STATUS.SCHEDULED, data__claim=claim)
    return bool(rows.update(scheduled=timezone.now() + lease()))


@contextmanager
def kept(task_pk: int, claim: str) -> Iterator[None]:
    """Renew the claim as long as the work inside lasts."""
    is_over = threading.Event()
    keeper = threading.Thread(target=_keep, args=(task_pk, claim, is_over), name="lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        is_over.set()


def _keep(task_pk: int, claim: str, is_over: threading.Event) -> None:
    try:
        while not is_over.wait(lease().total_seconds() / RENEWED_TIMES):
            if not renew(task_pk, claim):
                return
    except DatabaseError as exc:  # the work goes on; at worst somebody else does it, too
        log.warning("the lease on background work %s is not renewed: %s", task_pk, type(exc).__name__)
    finally:
        connection.close()
