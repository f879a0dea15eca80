"""Who is logged in where: a row for each session of a person, for the person to see and to end."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from provisioning.models.columns import KEY_LENGTH


class LogIn(models.Model):
    """One session. It goes with the session; the event log alone keeps that somebody was logged in."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user_key = models.CharField(max_length=KEY_LENGTH, db_index=True)
    session_key = models.CharField(max_length=40, unique=True)
    browser = models.CharField(max_length=60, blank=True)  # its kind and its system, nothing more exact
    begun_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-used_at",)

    def __str__(self) -> str:
        return f"log-in {self.public_id}"
