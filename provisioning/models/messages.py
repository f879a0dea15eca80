"""Mails to be sent, one row each."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning.models.audit import AuditEntry
from provisioning.models.columns import KEY_LENGTH
from provisioning.models.orders import AccessRequest


class OutgoingMessage(models.Model):
    """One mail to one person about one fact. The row is the truth; the broker only hurries it."""

    class Delivery(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        WAITING = "waiting", _("Waiting for a new try")
        FAILED = "failed", _("Failed")
        NO_ADDRESS = "no_address", _("The person has no mail address in the directory")
        UNUSABLE_ADDRESS = (
            "unusable",
            _("No usable mail address: what the directory holds is not one address"),
        )
        OUT_OF_DATE = "out_of_date", _("Not sent: it came too late to be true")
        COLLECTED = "collected", _("Waits for the daily mail")
        IN_DIGEST = "in_digest", _("In the daily mail")
        PAGE_ONLY = "page_only", _("Not mailed: the person reads it on the page")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cause = models.ForeignKey(AuditEntry, on_delete=models.PROTECT, related_name="messages")
    request = models.ForeignKey(AccessRequest, null=True, on_delete=models.PROTECT, related_name="messages")
    removal = models.ForeignKey(
        "provisioning.Removal", null=True, on_delete=models.PROTECT, related_name="messages"
    )
    # The daily mail that this notice is a part of.
    digest = models.ForeignKey("self", null=True, on_delete=models.SET_NULL, related_name="parts")
    kind = models.CharField(max_length=40)
    recipient_key = models.CharField(max_length=KEY_LENGTH)
    recipient_hsa_id = models.CharField(max_length=KEY_LENGTH)
    state = models.CharField(max_length=20, choices=Delivery.choices, default=Delivery.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    next_try_at = models.DateTimeField(default=timezone.now)
    tried_since = models.DateTimeField(null=True)  # tries end some days after this
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)  # while it is being sent: when it was handed over
    error_code = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("cause", "recipient_key", "kind"), name="one_message_per_cause_and_person"
            ),
            models.CheckConstraint(
                condition=Q(request=None) | Q(removal=None), name="message_about_one_thing"
            ),
        )
        indexes = (
            models.Index(fields=("state", "next_try_at"), name="message_due"),
            models.Index(fields=("state", "-id"), name="message_state"),
            models.Index(fields=("recipient_key", "-id"), name="message_recipient"),
            models.Index(
                fields=("-id",),
                condition=Q(state__in=["failed", "no_address", "unusable"])
                | Q(state="waiting", attempts__gte=2),
                name="message_troubled",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"
