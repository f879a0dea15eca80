"""What the operators have to look after: a case that stands still, an entry that fails, unusual searches."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning.models.columns import KEY_LENGTH
from provisioning.models.orders import AccessRequest
from provisioning.models.people import User


class IncidentKind(models.TextChoices):
    STALLED = "stalled", _("A case stands still")
    ENTRY = "entry", _("An entry in the directory cannot be dealt with")
    PIECE = "piece", _("A piece of the work fails")
    SEARCHES = "searches", _("Unusually many searches")


class IncidentQuerySet(models.QuerySet["Incident"]):
    def standing(self) -> IncidentQuerySet:
        """Whatever is neither over by itself nor settled by an operator."""
        return self.filter(over_at=None)


class Incident(models.Model):
    """One thing that operators have, from when it was noticed until it is over or settled.

    `about` names the thing within its kind: there is one row at a time about each.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=20, choices=IncidentKind.choices)
    about = models.CharField(max_length=200)
    request = models.ForeignKey(AccessRequest, null=True, on_delete=models.CASCADE, related_name="incidents")
    removal = models.ForeignKey(
        "provisioning.Removal", null=True, on_delete=models.CASCADE, related_name="incidents"
    )
    person_key = models.CharField(max_length=KEY_LENGTH, blank=True)  # whose entry it is, or who searched
    person_hsa_id = models.CharField(max_length=KEY_LENGTH, blank=True)
    code = models.CharField(max_length=60)  # why, see `rules.dates.automatic.Stall`
    detail = models.CharField(max_length=60, blank=True)  # the error's type, or the directory's code
    count = models.PositiveIntegerField(default=1)
    since = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)  # last
    told_at = models.DateTimeField(null=True)
    tried_again_at = models.DateTimeField(null=True)  # by an operator
    over_at = models.DateTimeField(null=True)
    settled_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="incidents_settled"
    )

    objects: ClassVar[IncidentQuerySet] = IncidentQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("since", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("kind", "about"), condition=Q(over_at=None), name="one_standing_incident"
            ),
        )
        indexes = (models.Index(fields=("over_at", "told_at"), name="incident_to_tell"),)

    def __str__(self) -> str:
        return f"incident {self.public_id}"
