"""A reorganisation: one unit or care provider becomes another, or closes; and each right that it moves."""

from __future__ import annotations

import uuid
from typing import cast

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning.models.columns import KEY_LENGTH, AboutOneRight
from provisioning.models.orders import AccessRequest
from provisioning.models.people import User
from provisioning.models.removals import Removal
from provisioning.models.rights import Grant
from provisioning.rules.hsa import HsaId


class ReorganisationState(models.TextChoices):
    PROPOSED = "proposed", _("Waits for approval")
    RUNNING = "running", _("Being carried out")
    DONE = "done", _("Done")
    DECLINED = "declined", _("Not carried out")


class Reorganisation(models.Model):
    """From one id to another. Without a new id the unit closes, and its rights end."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    old_key = models.CharField(max_length=KEY_LENGTH)
    old_hsa_id = models.CharField(max_length=KEY_LENGTH)
    old_name = models.CharField(max_length=300, blank=True)
    old_dn = models.TextField(blank=True)
    new_key = models.CharField(max_length=KEY_LENGTH, blank=True)
    new_hsa_id = models.CharField(max_length=KEY_LENGTH, blank=True)
    new_name = models.CharField(max_length=300, blank=True)
    is_provider = models.BooleanField(default=False)
    reason = models.TextField()
    proposed_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="reorganisations_proposed"
    )  # None: from the command line
    proposed_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="reorganisations_decided"
    )
    decided_at = models.DateTimeField(null=True)
    state = models.CharField(
        max_length=10, choices=ReorganisationState.choices, default=ReorganisationState.PROPOSED
    )
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("old_key",),
                condition=Q(state__in=["proposed", "running"]),
                name="one_open_reorganisation_per_unit",
            ),
            models.CheckConstraint(
                condition=~Q(old_key=F("new_key")), name="reorganised_into_something_else"
            ),
            models.CheckConstraint(
                condition=Q(state="proposed") | Q(decided_by__isnull=False),
                name="reorganisation_decided_by_somebody",
            ),
        )

    def __str__(self) -> str:
        return f"reorganisation {self.public_id}"

    @property
    def old_id(self) -> HsaId:
        return HsaId(self.old_hsa_id)

    @property
    def new_id(self) -> HsaId | None:
        return HsaId(self.new_hsa_id) if self.new_hsa_id else None


class ReorganisedRight(models.Model):
    """One right of the old unit, or one open order there, and what has become of it."""

    class HowFar(models.TextChoices):
        WAITING = "waiting", _("Waits to be ordered")
        ORDERED = "ordered", _("The new right is ordered; the old one stands")
        MOVED = "moved", _("Moved")
        STAYS = "stays", _("Stays as it was")

    reorganisation = models.ForeignKey(Reorganisation, on_delete=models.CASCADE, related_name="items")
    grant = models.ForeignKey(Grant, null=True, on_delete=models.CASCADE, related_name="reorganised")
    request = models.ForeignKey(
        AccessRequest, null=True, on_delete=models.CASCADE, related_name="reorganised"
    )  # an order that was open for the same
    new_request = models.ForeignKey(
        AccessRequest, null=True, on_delete=models.SET_NULL, related_name="reorganised_from"
    )
    removal = models.ForeignKey(Removal, null=True, on_delete=models.SET_NULL, related_name="reorganised")
    state = models.CharField(max_length=10, choices=HowFar.choices, default=HowFar.WAITING)
    why = models.TextField(blank=True)  # why it stays

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.CheckConstraint(
                condition=Q(grant__isnull=False) | Q(request__isnull=False),
                name="reorganised_right_or_order",
            ),
            models.UniqueConstraint(fields=("reorganisation", "grant"), name="right_reorganised_once"),
        )

    def __str__(self) -> str:
        return f"right {self.pk} of reorganisation {self.reorganisation_id}"

    @property
    def about(self) -> AboutOneRight:
        """The right that stands, else the order."""
        return cast(AboutOneRight, self.grant or self.request)
