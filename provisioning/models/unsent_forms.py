"""What somebody has filled in and not sent."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils import timezone


class UnsentForm(models.Model):
    """One form of one person. `data` is read by its owner alone, and goes when the form is sent.

    `opened`: which opening of the page saves it, for forms of which there may be several; else empty.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey("provisioning.User", on_delete=models.CASCADE, related_name="unsent_forms")
    page = models.CharField(max_length=200)  # its address, which holds nothing personal
    opened = models.CharField(max_length=40, blank=True)
    data = models.TextField()
    saved_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        ordering = ("-saved_at", "-pk")
        constraints = [
            models.UniqueConstraint("user", "page", "opened", name="unsent_form_once_per_opening"),
        ]

    def __str__(self) -> str:
        return f"unsent form {self.public_id}"
