"""A row for each process that works in the background, and when it last said that it lives."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Heartbeat(models.Model):
    class Process(models.TextChoices):
        WORKER = "worker", _("Worker")
        TIMETABLE = "timetable", _("Timetable")

    name = models.CharField(max_length=200, primary_key=True)  # host and process
    kind = models.CharField(max_length=20, choices=Process.choices)
    started_at = models.DateTimeField(default=timezone.now)
    beats_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
