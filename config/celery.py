"""The Celery app: a worker that may run a task twice and late, and the timetable of the sweeps."""

from __future__ import annotations

import os
import threading
from typing import Any

from celery import Celery
from celery.schedules import crontab
from celery.signals import (
    beat_init,
    task_postrun,
    task_prerun,
    worker_init,
    worker_ready,
    worker_shutting_down,
)
from celery.states import FAILURE
from kombu import Queue

from config import broker
from provisioning import traces
from provisioning.directory.ldap import pacing
from provisioning.directory.ldap.pacing import Lane

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
broker.install()

app = Celery("provisioning")
_running = threading.local()  # the span of the task that this thread runs
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def every(seconds: float, task: str) -> dict[str, Any]:
    """A sweep at this interval. A run that waited longer than that is dropped: the next one does its work."""
    return {"task": task, "schedule": seconds, "options": {"expires": seconds}}


# Each entry is a sweep: it finds what is due and does it, so that a run that was missed heals itself.
TIMETABLE: dict[str, dict[str, Any]] = {
    "background work": every(5, "workflows.sweep_background"),
    "KIV tasks": every(2, "workflows.poll_kiv_tasks"),
    "outdated KIV tasks": every(30, "workflows.sweep_outdated"),
    "reorganisations": every(60, "workflows.sweep_reorganisations"),
    "orders for many": every(10, "workflows.sweep_many_orders"),
    "values left behind": every(30, "workflows.sweep_left_values"),
    "messages": every(20, "workflows.sweep_messages"),
    "webhooks": every(10, "workflows.sweep_webhooks"),
    "daily mails": every(10 * 60, "workflows.sweep_daily_mails"),
    "reminders": every(15 * 60, "workflows.sweep_reminders"),
    "unusually long steps": every(60 * 60, "workflows.sweep_unusual"),
    "handlers": every(10 * 60, "workflows.sweep_handlers"),
    "escalations": every(15 * 60, "workflows.sweep_escalations"),
    "notices": every(30 * 60, "workflows.sweep_notices"),
    "expiry": every(10 * 60, "workflows.sweep_expiry"),
    "reviews": every(15 * 60, "workflows.sweep_reviews"),
    "comparison with the directory": every(15 * 60, "workflows.sweep_directory"),
    "delegations": every(10 * 60, "workflows.sweep_delegations"),
    "protected persons": every(30 * 60, "workflows.sweep_protection"),
    "watchdog": every(60, "workflows.sweep_watchdog"),
    "clock": every(60, "workflows.sweep_clock"),
    "sessions": every(60 * 60, "workflows.sweep_sessions"),
    "retention": {
        "task": "workflows.sweep_retention",
        "schedule": crontab(hour=3, minute=17),
        "options": {"expires": 12 * 60 * 60},
    },
    "figures": {
        "task": "workflows.sweep_figures",
        "schedule": crontab(hour=1, minute=23),
        "options": {"expires": 12 * 60 * 60},
    },
    "audit check": {
        "task": "workflows.verify_audit",
        "schedule": crontab(hour=2, minute=41),
        "options": {"expires": 12 * 60 * 60},
    },
    "audit checkpoint": every(60 * 60, "workflows.write_checkpoint"),
}
app.conf.beat_schedule = TIMETABLE
app.conf.beat_scheduler = "config.timetable:KeptScheduler"
app.conf.beat_max_loop_interval = 5  # it looks at the clock at least this often


# Looking whether KIV tasks are done never stands in line behind a thousand other pieces of work: a worker
# takes turns between its queues.
app.conf.task_queues = [Queue("celery"), Queue("pulse")]
app.conf.task_routes = {"workflows.poll_kiv_tasks": {"queue": "pulse"}}

# How urgent a task's searches are. Whatever is not named here is a sweep.
LANES = {
    "workflows.poll_kiv_tasks": Lane.PULSE,
    "workflows.run_background": Lane.CASE,
    "workflows.sweep_background": Lane.CASE,
    "workflows.send_message": Lane.CASE,
    "workflows.sweep_messages": Lane.CASE,
}


@task_prerun.connect
def enter_lane(task: Any = None, **kwargs: Any) -> None:
    """A task's searches are paced (provisioning.directory.ldap.pacing), and it is traced with its cause."""
    pacing.enter(LANES.get(getattr(task, "name", ""), Lane.SWEEP))
    headers = getattr(getattr(task, "request", None), "headers", None)
    _running.span = traces.span(getattr(task, "name", "task"), caused_by=headers)
    _running.told = _running.span.__enter__()


@task_postrun.connect
def leave_lane(state: str = "", **kwargs: Any) -> None:
    """The task is over, and so is its span; one that failed says so."""
    pacing.enter(None)
    span, told = _running.__dict__.pop("span", None), _running.__dict__.pop("told", None)
    if span is not None and told is not None:
        if state == FAILURE:
            told.failed(state)
        span.__exit__(None, None, None)


@worker_init.connect
@beat_init.connect
def refuse_to_start(**kwargs: Any) -> None:
    """Neither worker nor timetable run where demo and production are mixed, or the database is not migrated.

    Celery only logs what a signal's receiver raises, and goes on; SystemExit it lets through.
    """
    from django.core.exceptions import ImproperlyConfigured

    from config.checks import refuse_half_installed, refuse_mixed_modes

    try:
        refuse_mixed_modes()
        refuse_half_installed()
    except ImproperlyConfigured as exc:
        raise SystemExit(str(exc)) from exc


@worker_ready.connect
def begin_to_beat(**kwargs: Any) -> None:
    """From now on this worker says every few seconds that it lives."""
    from provisioning.heartbeats import Beating
    from provisioning.models import Heartbeat

    beating = Beating(Heartbeat.Process.WORKER)
    beating.start()
    worker_shutting_down.connect(lambda **_: beating.stop(), weak=False)


STOP_SECONDS = 50  # less than the minute that the compose file gives
STOPPED_HARD = 75  # the exit status


@worker_shutting_down.connect
def end_at_last(**kwargs: Any) -> None:
    """A worker that was told to stop ends, also where Redis neither answers nor closes.

    Celery then waits for the queue for ever. What is cut off is done by another: its claim runs out.
    """
    timer = threading.Timer(STOP_SECONDS, os._exit, [STOPPED_HARD])
    timer.daemon = True
    timer.start()
