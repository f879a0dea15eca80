"""The secret address of a person's own deadlines; only its digest is kept."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from provisioning.models.columns import KEY_LENGTH


class CalendarFeed(models.Model):
    """One person's calendar feed. A new address takes the place of the old one."""

    person_key = models.CharField(max_length=KEY_LENGTH, unique=True)
    digest = models.CharField(max_length=64, unique=True)  # SHA-256 of the secret, which has 256 bits
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"calendar feed {self.pk}"
