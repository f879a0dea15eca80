"""Other systems that use the API, and the orders that they have handed over."""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.utils import timezone

from provisioning.models.people import User
from provisioning.models.unsent_forms import UnsentForm


class SystemQuerySet(models.QuerySet["System"]):
    def in_force(self) -> SystemQuerySet:
        return self.filter(revoked_at=None)


class System(models.Model):
    """One system that may call. It is added and revoked by a command, and never deleted."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    client_id = models.SlugField(max_length=50, unique=True)
    name = models.CharField(max_length=100)
    secret_digest = models.CharField(max_length=64)  # of a secret that nobody chose: see `systems.keep`
    scopes: Any = models.JSONField(default=list)
    created_at = models.DateTimeField(default=timezone.now)
    revoked_at = models.DateTimeField(null=True)
    called_at = models.DateTimeField(null=True)  # when it last asked for a token

    objects = SystemQuerySet.as_manager()

    class Meta:
        ordering = ("client_id",)

    def __str__(self) -> str:
        return self.client_id


class HandedOrder(models.Model):
    """An order that a system handed over for a person: placed at once, or a draft for that person to send.

    The order itself is found by its submission. What was ordered stands there, or in the draft, and not here.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="handed_orders")
    key = models.CharField(max_length=100)  # the system's own: the same order sent twice is one
    content_digest = models.CharField(max_length=64)  # by which another order under the same key is told
    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="handed_orders")
    submission = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    draft = models.ForeignKey(UnsentForm, null=True, on_delete=models.SET_NULL, related_name="handed_orders")
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    withdrawn_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-pk",)
        constraints = (models.UniqueConstraint("system", "key", name="one_handed_order_per_key"),)

    def __str__(self) -> str:
        return f"handed order {self.public_id}"
