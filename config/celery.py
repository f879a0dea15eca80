"""The Celery app: a worker that may run a task twice and late, and the timetable of the sweeps."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("provisioning")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
