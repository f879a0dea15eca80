"""Persons the directory no longer calls protected: a second look decides."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from provisioning.models.columns import KEY_LENGTH


class ProtectionDoubt(models.Model):
    person_key = models.CharField(max_length=KEY_LENGTH, primary_key=True)
    since = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"doubt since {self.since}"
