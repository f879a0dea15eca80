"""What stood in the way of an order: which cause, when it was first met, and on which unit."""

from __future__ import annotations

from django.db import models
from django.utils import timezone

from provisioning.models.columns import KEY_LENGTH
from provisioning.models.orders import AccessRequest


class Obstacle(models.Model):
    """One cause in one order, once. It goes with the case; `unit_key` makes a unit's a short look."""

    request = models.ForeignKey(AccessRequest, on_delete=models.CASCADE, related_name="obstacles")
    unit_key = models.CharField(max_length=KEY_LENGTH)
    code = models.CharField(max_length=60)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (models.UniqueConstraint(fields=("request", "code"), name="one_obstacle_per_cause"),)
        indexes = (models.Index(fields=("unit_key", "-at"), name="obstacle_unit"),)

    def __str__(self) -> str:
        return f"{self.code} of request {self.request_id}"
