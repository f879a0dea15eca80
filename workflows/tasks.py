"""Entrances for the worker: the flow's background work, its sweep, the polling of KIV tasks, retention."""

from __future__ import annotations

from celery import shared_task

from workflows import comparing, escalation, expiry, polling, retention, reviewing, steps

RETENTION_SECONDS = 150  # well below the time limit of tasks


@shared_task(name="workflows.run_background")
def run_background(task_pk: int) -> None:
    """Do one piece of background work. Any error puts it off; nothing of the error but its type is kept."""
    try:
        steps.run_background(task_pk)
    except Exception as exc:
        steps.put_off_after_error(task_pk, exc)


@shared_task(name="workflows.sweep_background")
def sweep_background() -> None:
    """Do what is due and was not nudged, or whose worker died."""
    for task_pk in steps.due_background():
        run_background(task_pk)


@shared_task(name="workflows.poll_kiv_tasks")
def poll_kiv_tasks() -> None:
    """Look whether the values that KIV tasks wait for have come."""
    polling.poll_due()


@shared_task(name="workflows.sweep_escalations")
def sweep_escalations() -> None:
    """Ask the next one up where nobody has answered."""
    escalation.climb_due()


@shared_task(name="workflows.sweep_expiry")
def sweep_expiry() -> None:
    """End rights whose last day has passed, and start their removal; end orders that came too late."""
    expiry.end_late_orders()
    expiry.end_due()


@shared_task(name="workflows.sweep_retention")
def sweep_retention() -> None:
    """Remove what has been kept long enough; what there is no time for goes the next night."""
    retention.sweep_all(seconds=RETENTION_SECONDS)


@shared_task(name="workflows.sweep_reviews")
def sweep_reviews() -> None:
    """Open the reviews that are due, tell those who have not decided, ask further up, end what is over."""
    reviewing.sweep()


@shared_task(name="workflows.sweep_directory", time_limit=3300, soft_time_limit=3240)
def sweep_directory() -> None:
    """Compare all rights with the directory; a directory that does not answer changes nothing."""
    comparing.sweep()
