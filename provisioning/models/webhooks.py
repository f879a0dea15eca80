"""Which events other systems want to be told of, and each telling of one."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils import timezone

from provisioning.models.systems import System


class SubscriptionQuerySet(models.QuerySet["Subscription"]):
    def in_force(self) -> SubscriptionQuerySet:
        return self.filter(ended_at=None, system__revoked_at=None)


class Subscription(models.Model):
    """Events of some kinds, sent to one address of a system. Ended, and never deleted.

    The secret that signs stands in no table: it follows from id, `secret_number` and the tool's own secret.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="subscriptions")
    url = models.CharField(max_length=500)
    kinds: Any = models.JSONField(default=list)
    tells_person = models.BooleanField(default=False)  # and unit; of a protected person never
    cursor = models.BigIntegerField(default=0)  # the last entry of the event log that was looked at
    secret_number = models.PositiveIntegerField(default=1)
    rotated_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)

    objects = SubscriptionQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"subscription {self.public_id}"

    @property
    def is_in_force(self) -> bool:
        return self.ended_at is None and self.system.revoked_at is None


class HookDelivery(models.Model):
    """One event told to one subscriber. Holds ids alone: what else is told is read when it is sent."""

    class Telling(models.TextChoices):
        QUEUED = "queued"
        SENDING = "sending"
        DELIVERED = "delivered"
        DEAD = "dead"  # the operators send it again, or let those behind it pass
        SET_ASIDE = "set_aside"

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    subscription = models.ForeignKey(Subscription, on_delete=models.PROTECT, related_name="deliveries")
    sequence = models.BigIntegerField()  # of the event log
    kind = models.CharField(max_length=40)
    happened_at = models.DateTimeField()
    case_key = models.CharField(max_length=40)  # what is told in order: a case, or what else it is about
    content: Any = models.JSONField(default=dict)  # case number and ids
    state = models.CharField(max_length=10, choices=Telling.choices, default=Telling.QUEUED)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint("subscription", "sequence", "kind", name="one_delivery_per_event"),
        )
        indexes = (
            models.Index(fields=("state", "next_try_at"), name="hook_due"),
            models.Index(fields=("subscription", "case_key", "sequence"), name="hook_order"),
            models.Index(fields=("settled_at",), name="hook_settled"),
        )

    def __str__(self) -> str:
        return f"{self.kind} #{self.sequence}"
