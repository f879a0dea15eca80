"""A register as somebody wants to see it again: its filters under a name, for its owner alone."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone

from provisioning.models.people import User


class SavedView(models.Model):
    """The filters as an address holds them: a person in them is sealed, as there."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_views")
    register = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    query = models.TextField()
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(fields=("user", "register", "name"), name="saved_view_by_its_name"),
        )

    def __str__(self) -> str:
        return f"view {self.public_id}"
