"""Waking the worker: best effort, after commit. Rows are the truth; sweeps repair every lost nudge.

A dead broker must not stall the person whose click caused the nudge: sending is tried once, briefly,
and a failure is only logged.
"""

from __future__ import annotations

import logging

from celery import current_app
from django.db import transaction
from kombu.exceptions import KombuError, OperationalError

from provisioning import traces

log = logging.getLogger(__name__)


def wake(task_name: str, *args: int) -> None:
    """Ask the worker, once this transaction is committed, to run a task with these keys."""
    headers = traces.carried()

    def nudge() -> None:
        _send(task_name, args, headers)

    # No partial: of what fails here Django logs the qualified name, and a partial has none.
    transaction.on_commit(nudge, robust=True)


def _send(task_name: str, args: tuple[int, ...], headers: dict[str, str]) -> None:
    try:
        current_app.send_task(task_name, args=args, headers=headers, retry=False, ignore_result=True)
    except (KombuError, OperationalError, OSError) as exc:
        log.warning("nudge %s lost (%s); the sweep will find it", task_name, type(exc).__name__)
