"""The tables of drift: sweeps, what was known of the persons they look at, and findings.

Columns whose name ends in `_key` hold a folded HSA-id, as in `models`. State changes only through `findings`.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning.models.columns import KEY_LENGTH, PersonAndPlace
from provisioning.models.orders import AccessRequest
from provisioning.models.people import User
from provisioning.models.removals import Removal
from provisioning.models.rights import Grant
from provisioning.rules.drift.differences import DriftKind, NextStep, Owner, steps_for


class Sweep(models.Model):
    """One comparison of all rights with the directory."""

    class Outcome(models.TextChoices):
        RUNNING = "running", _("Under way")
        COMPLETE = "complete", _("Complete")
        INCOMPLETE = "incomplete", _("Something could not be read")
        STOPPED = "stopped", _("Stopped: too much seemed to be lost at once")
        FAILED = "failed", _("The directory did not answer")

    started_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)
    is_full = models.BooleanField()
    outcome = models.CharField(max_length=20, choices=Outcome.choices, default=Outcome.RUNNING)
    code = models.CharField(max_length=60, blank=True)
    persons = models.PositiveIntegerField(default=0)
    unread = models.PositiveIntegerField(default=0)  # persons of whom something could not be read
    # Those of them that the next sweep looks at again, changed or not: HSA-ids, while they are few.
    again = models.JSONField(default=list)
    found = models.PositiveIntegerField(default=0)
    ended = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("outcome",), condition=Q(outcome="running"), name="one_sweep_at_a_time"
            ),
        )

    def __str__(self) -> str:
        return f"sweep {self.pk}"


class KnownPerson(models.Model):
    """What was known of somebody with rights when they were first compared: only what a change is told by."""

    subject_key = models.CharField(max_length=KEY_LENGTH, primary_key=True)
    is_doctor = models.BooleanField()

    def __str__(self) -> str:
        return self.subject_key


class AbsenceDoubt(models.Model):
    """Somebody, or what stood about them, is not seen any more: only a later comparison ends something."""

    subject_key = models.CharField(max_length=KEY_LENGTH, primary_key=True)
    since = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"not seen since {self.since}"


class FindingQuerySet(models.QuerySet["Finding"]):
    def not_over(self) -> FindingQuerySet:
        """Whatever the directory still shows, settled or not."""
        return self.exclude(state=Finding.State.OVER)

    def to_settle(self) -> FindingQuerySet:
        return self.filter(state=Finding.State.OPEN)


class Finding(PersonAndPlace):
    """One thing in which rights and directory do not agree, until the directory is right again."""

    class State(models.TextChoices):
        OPEN = "open", _("To be resolved")
        SETTLING = "settling", _("Being resolved")
        EXPLAINED = "explained", _("Explained")
        OVER = "over", _("Resolved")

    class PassedTo(models.TextChoices):
        """Who settles it where its own owner cannot: there is none, or it is about that person."""

        ABOVE = "above", _("The next head of unit up")
        OPERATORS = "operators", _("Those who run this tool")

    kind = models.CharField(max_length=40)
    owner = models.CharField(max_length=20)
    passed_to = models.CharField(max_length=10, blank=True, choices=PassedTo.choices)
    grant = models.ForeignKey(Grant, null=True, on_delete=models.PROTECT, related_name="findings")
    # A role value that no right explains, byte for byte, and where it stands.
    value = models.CharField(max_length=300, blank=True)
    dn = models.TextField(blank=True)
    expected = models.CharField(max_length=300, blank=True)
    situation = models.CharField(max_length=64)  # a digest: what an explanation rests on

    state = models.CharField(max_length=20, choices=State.choices, default=State.OPEN)
    state_since = models.DateTimeField(default=timezone.now)
    found_at = models.DateTimeField(default=timezone.now)
    explanation = models.TextField(blank=True)
    settled_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="findings_settled")
    request = models.ForeignKey(  # the order it was adopted or ordered again by
        AccessRequest, null=True, on_delete=models.PROTECT, related_name="findings"
    )
    removal = models.ForeignKey(Removal, null=True, on_delete=models.PROTECT, related_name="findings")
    told_at = models.DateTimeField(null=True)
    told_keys = models.JSONField(default=list)  # who was told: when all of them are gone, others are

    objects: ClassVar[FindingQuerySet] = FindingQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("subject_key", "kind", "service", "level", "unit_key", "value"),
                condition=~Q(state="over"),
                name="one_standing_finding_of_a_kind",
            ),
            models.CheckConstraint(
                condition=~Q(state="explained") | ~Q(explanation=""), name="explained_with_a_reason"
            ),
            models.CheckConstraint(
                condition=Q(settled_by=None) | ~Q(settled_by=models.F("subject_key")),
                name="finding_settled_by_somebody_else",
            ),
        )
        indexes = (
            models.Index(fields=("state", "owner"), name="finding_inbox"),
            models.Index(fields=("unit_key", "state"), name="finding_unit"),
            models.Index(
                fields=("subject_key",), condition=Q(subject_is_protected=True), name="finding_protected"
            ),
            models.Index(fields=("told_at", "state"), name="finding_untold"),
            models.Index(fields=("-state_since", "-id"), name="finding_settled"),
            models.Index(fields=("found_at", "id"), name="finding_found"),
            models.Index(fields=("service", "-id"), name="finding_service"),
            models.Index(fields=("state", "-id"), name="finding_state"),
            models.Index(fields=("kind", "-id"), name="finding_kind"),
            models.Index(fields=("subject_key", "-id"), name="finding_subject"),
            models.Index(fields=("owner", "unit_dn"), name="finding_owner"),
            models.Index(
                fields=("passed_to", "unit_dn"), condition=~Q(passed_to=""), name="finding_passed_on"
            ),
        )

    def __str__(self) -> str:
        return f"finding {self.public_id}"

    @property
    def what(self) -> DriftKind:
        return DriftKind(self.kind)

    @property
    def whose(self) -> Owner:
        return Owner(self.owner)

    @property
    def steps(self) -> tuple[NextStep, ...]:
        if self.state == self.State.EXPLAINED:
            return (NextStep.RECONSIDER,)
        return steps_for(self.what) if self.state == self.State.OPEN else ()
