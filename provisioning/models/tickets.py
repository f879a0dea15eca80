"""What a ticket system calls a KIV administrators' task of ours, and which of its mails were read."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils import timezone

from provisioning.models.columns import KEY_LENGTH
from provisioning.models.systems import System


class Ticket(models.Model):
    """A case's task as a ticket of one system. That the ticket is closed says nothing about the task."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    system = models.ForeignKey(System, null=True, on_delete=models.PROTECT, related_name="tickets")
    # In the place of a system that calls: the group of KIV administrators whose ticket system is mailed to.
    mailed_to = models.CharField(max_length=KEY_LENGTH, blank=True)
    case_id = models.UUIDField(db_index=True)  # of a request or a removal
    number = models.CharField(max_length=40, blank=True)
    is_taken = models.BooleanField(default=False)
    is_closed = models.BooleanField(default=False)
    told_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager[Ticket]] = models.Manager()

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint("system", "case_id", name="one_ticket_per_case"),
            models.UniqueConstraint(
                fields=("mailed_to", "case_id"), condition=Q(system=None), name="one_mailed_ticket_per_case"
            ),
            models.CheckConstraint(
                condition=Q(system=None, mailed_to__gt="") | Q(system__isnull=False, mailed_to=""),
                name="ticket_of_one_system",
            ),
        )
        indexes = (models.Index(Upper("number"), name="ticket_number"),)

    def __str__(self) -> str:
        return self.number


class TicketReply(models.Model):
    """A mail of a ticket system that was read and written down: the same mail is not read twice."""

    digest = models.CharField(max_length=64, unique=True)  # of the mail's own id, or of all of it
    case_id = models.UUIDField(db_index=True)
    read_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager[TicketReply]] = models.Manager()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"reply {self.digest[:12]}"
