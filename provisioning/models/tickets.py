"""What a ticket system calls a KIV administrators' task of ours."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models.functions import Upper
from django.utils import timezone

from provisioning.models.systems import System


class Ticket(models.Model):
    """A case's task as a ticket of one system. That the ticket is closed says nothing about the task."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="tickets")
    case_id = models.UUIDField(db_index=True)  # of a request or a removal
    number = models.CharField(max_length=40)
    is_closed = models.BooleanField(default=False)
    told_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager[Ticket]] = models.Manager()

    class Meta:
        ordering = ("pk",)
        constraints = (models.UniqueConstraint("system", "case_id", name="one_ticket_per_case"),)
        indexes = (models.Index(Upper("number"), name="ticket_number"),)

    def __str__(self) -> str:
        return self.number
