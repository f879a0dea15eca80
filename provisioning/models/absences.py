"""Days on which somebody is away, and who has what waits for them meanwhile: words, never a mandate."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from provisioning.models.columns import KEY_LENGTH


class Absence(models.Model):
    """One person's absence, the running or the next one. What has passed is deleted."""

    person_key = models.CharField(max_length=KEY_LENGTH, unique=True)
    starts_on = models.DateField()
    ends_on = models.DateField()  # the last day away
    substitute_key = models.CharField(max_length=KEY_LENGTH, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="absence_ends_after_start"),
            models.CheckConstraint(
                condition=~Q(substitute_key=F("person_key")), name="substitute_is_somebody_else"
            ),
        )

    def __str__(self) -> str:
        return f"absence until {self.ends_on}"
