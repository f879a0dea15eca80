"""The Celery app: a worker that may run a task twice and late, and the timetable of the sweeps."""

from __future__ import annotations

import os
from typing import Any

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("provisioning")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

# Each entry is a sweep: it finds what is due and does it, so that a run that was missed heals itself.
TIMETABLE: dict[str, dict[str, Any]] = {}
app.conf.beat_schedule = TIMETABLE
