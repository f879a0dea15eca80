"""Who holds which task in a unit's insurance-medicine team, with its history."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning.models.columns import KEY_LENGTH
from provisioning.rules.hsa import HsaId
from provisioning.rules.team import TeamTask


class TeamTaskChoice(models.TextChoices):
    HEAD = TeamTask.HEAD.value, _("Head of unit")
    DOCTOR = TeamTask.DOCTOR.value, _("Doctor with the insurance-medicine task")
    COORDINATOR = TeamTask.COORDINATOR.value, _("Rehabilitation coordinator")


class TeamMemberQuerySet(models.QuerySet["TeamMember"]):
    def holding(self, day: object) -> TeamMemberQuerySet:
        """Those who hold a task on this day."""
        return self.filter(Q(ends_on=None) | Q(ends_on__gte=day), starts_on__lte=day, ended_at=None)

    def not_over(self, day: object) -> TeamMemberQuerySet:
        """Those who hold a task on this day or will."""
        return self.filter(Q(ends_on=None) | Q(ends_on__gte=day), ended_at=None)


class TeamMember(models.Model):
    """One person who was named for one task on one unit. It gives no right: it says who needs some."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    task = models.CharField(max_length=20, choices=TeamTaskChoice.choices)
    unit_key = models.CharField(max_length=KEY_LENGTH)
    unit_hsa_id = models.CharField(max_length=KEY_LENGTH)
    unit_name = models.CharField(max_length=300, blank=True)
    subject_key = models.CharField(max_length=KEY_LENGTH)
    subject_hsa_id = models.CharField(max_length=KEY_LENGTH)
    subject_name = models.CharField(max_length=200, blank=True)
    subject_is_protected = models.BooleanField(default=False)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)  # the last day; empty: until somebody ends it
    named_by = models.ForeignKey("provisioning.User", on_delete=models.PROTECT, related_name="teams_named")
    named_at = models.DateTimeField(default=timezone.now)
    ended_by = models.ForeignKey(
        "provisioning.User", null=True, on_delete=models.PROTECT, related_name="team_tasks_ended"
    )
    ended_at = models.DateTimeField(null=True)

    objects = TeamMemberQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(
                fields=["unit_key", "task", "subject_key"],
                condition=Q(ended_at=None),
                name="one_naming_for_a_task",
            ),
            models.CheckConstraint(
                condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on")), name="team_task_ends_after_start"
            ),
        )
        indexes = (
            models.Index(fields=["unit_key", "ended_at"], name="team_of_unit"),
            models.Index(fields=["subject_key"], name="team_of_person"),
        )

    def __str__(self) -> str:
        return f"{self.task} at {self.unit_hsa_id}"

    @property
    def unit_id(self) -> HsaId:
        return HsaId(self.unit_hsa_id)

    @property
    def subject_id(self) -> HsaId:
        return HsaId(self.subject_hsa_id)
