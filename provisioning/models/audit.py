"""The event log: signed entries, and the end of their chain."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning.models.orders import AccessRequest, Order
from provisioning.models.people import User


class AuditEntry(models.Model):
    """One fact: who did what on what, when and why. Append-only; written by `audit.record` alone.

    Every column but `id` is part of what `mac` signs, and each row signs the one before it. Order and
    request are therefore held by what names them outside this database, without a constraint: a row
    can be read and checked after its case has been removed.
    """

    sequence = models.BigIntegerField(unique=True)  # 1, 2, 3 … without gaps
    at = models.DateTimeField(default=timezone.now)
    action = models.CharField(max_length=60)  # dotted and stable: request.attested
    actor = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="acts"
    )  # None: the tool itself
    principal = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="acts_by_others"
    )  # the person the actor acted for; None: for themselves
    order = models.ForeignKey(
        Order,
        to_field="case_number",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="audit_entries",
    )
    request = models.ForeignKey(
        AccessRequest,
        to_field="public_id",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="audit_entries",
    )
    # What else it is about, by its public id: a grant, a removal, …
    about = models.UUIDField(null=True, db_index=True)
    reason = models.TextField(blank=True)
    data = models.JSONField(default=dict)  # codes, old and new; never names
    version = models.PositiveSmallIntegerField()  # of the form in which the content is signed
    key_id = models.CharField(max_length=8)  # which key signed it
    previous = models.CharField(max_length=64)  # the MAC of the row before
    mac = models.CharField(max_length=64)

    class Meta:
        ordering = ("sequence",)
        verbose_name_plural = _("audit entries")
        indexes = (
            models.Index(fields=("action", "at"), name="audit_action"),
            models.Index(fields=("at",), name="audit_at"),
        )

    def __str__(self) -> str:
        return f"{self.action} #{self.sequence}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("audit entries are never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("audit entries are never deleted")


class AuditHead(models.Model):
    """Where the audit chain ends: the one row that writers lock, so that they come one after another.

    `cut_through` is the last number that retention has removed; the database lets go of no later row.
    """

    ONLY = 1
    NOTHING = "0" * 64  # what the first row of all has before it

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    sequence = models.BigIntegerField(default=0)
    mac = models.CharField(max_length=64, default=NOTHING)
    cut_through = models.BigIntegerField(default=0)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(id=1), name="one_audit_head"),)

    def __str__(self) -> str:
        return f"audit chain through #{self.sequence}"
