"""What ended on each past day, counted by place and service: figures without persons."""

from __future__ import annotations

from django.db import models

from provisioning.models.columns import KEY_LENGTH


class DayFigures(models.Model):
    """One day's counts of one place.

    `place_key`: a unit's folded id, a digest of the name of a place above units, or `all`.
    """

    day = models.DateField()
    place_key = models.CharField(max_length=KEY_LENGTH)
    place_dn = models.TextField(blank=True)
    place_name = models.CharField(max_length=300, blank=True)
    service = models.CharField(max_length=20, blank=True)
    counts = models.JSONField(default=dict)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("place_key", "day", "service"), name="figures_once_a_day"),
        )
        indexes = (models.Index(fields=("day",), name="figures_day"),)

    def __str__(self) -> str:
        return f"{self.place_key} {self.day}"


class FiguredPlace(models.Model):
    """A place of the directory that figures are kept of: what can be chosen, without a look at the days."""

    place_key = models.CharField(max_length=KEY_LENGTH, unique=True)  # as that of `DayFigures`
    place_dn = models.TextField()
    place_name = models.CharField(max_length=300)

    class Meta:
        indexes = (models.Index(fields=("place_name", "id"), name="figured_place_name"),)

    def __str__(self) -> str:
        return self.place_name


class StepHistory(models.Model):
    """What the latest finished orders of one place took. `cases`: day, then working hours in each step."""

    place_key = models.CharField(max_length=KEY_LENGTH, unique=True)  # as that of `DayFigures`
    counted_to = models.DateField()  # the last day that has been added
    cases = models.JSONField(default=list)

    class Meta:
        verbose_name_plural = "step histories"

    def __str__(self) -> str:
        return f"{self.place_key} to {self.counted_to}"
