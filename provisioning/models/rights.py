"""The tables of a right's life: grants, the notices of their end, and removals.

Columns whose name ends in `_key` hold a folded HSA-id, as in `models`. State changes only through
`rights` and `removals`. "One living grant per right" and "nobody removes their own right" are constraints.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning.models.columns import KEY_LENGTH, AboutOneRight
from provisioning.models.messages import OutgoingMessage
from provisioning.models.orders import AccessRequest
from provisioning.models.people import User
from provisioning.rules.states.right import LIVING, EndCause, GrantState


class GrantStateChoice(models.TextChoices):
    ACTIVE = GrantState.ACTIVE.value, _("In force")
    ENDING = GrantState.ENDING.value, _("Being ended")
    ENDED = GrantState.ENDED.value, _("Ended")


class EndCauseChoice(models.TextChoices):
    EXPIRY = EndCause.EXPIRY.value, _("Its last day has passed")
    HEAD_OF_UNIT = EndCause.HEAD_OF_UNIT.value, _("The head of unit ended it")
    PERSON = EndCause.PERSON.value, _("The person ended it")
    REVIEW = EndCause.REVIEW.value, _("It was not kept at a review")
    FINDING = EndCause.FINDING.value, _("The directory and the tool did not agree")
    LEAVER = EndCause.LEAVER.value, _("The person has left or moved")
    ORDER_ENDED = EndCause.ORDER_ENDED.value, _("The order it was set for came to nothing")
    REORGANISATION = EndCause.REORGANISATION.value, _("The unit was reorganised")


class GrantQuerySet(models.QuerySet["Grant"]):
    def living(self) -> GrantQuerySet:
        return self.filter(state__in=[state.value for state in LIVING])

    def active(self) -> GrantQuerySet:
        return self.filter(state=GrantState.ACTIVE.value)


class Grant(AboutOneRight):
    """A right that exists, from a finished request until the directory has shown it gone."""

    person_dn = models.TextField(blank=True)
    origin = models.OneToOneField(AccessRequest, on_delete=models.PROTECT, related_name="first_grant")
    starts_on = models.DateField()
    ends_on = models.DateField()  # the last day
    next_review_on = models.DateField()
    state = models.CharField(max_length=10, choices=GrantStateChoice.choices, default=GrantState.ACTIVE.value)
    state_since = models.DateTimeField(default=timezone.now)
    created_at = models.DateTimeField(default=timezone.now)
    # Somebody has decided that it may run out: no more notices.
    let_end_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="grants_let_end")
    let_end_at = models.DateTimeField(null=True)
    let_end_reason = models.TextField(blank=True)
    noticed_on = models.DateField(null=True)  # the day of the latest notice that has been given
    end_cause = models.CharField(max_length=20, blank=True, choices=EndCauseChoice.choices)
    ended_at = models.DateTimeField(null=True)

    objects: ClassVar[GrantQuerySet] = GrantQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("subject_key", "service", "level", "unit_key"),
                condition=Q(state__in=sorted(state.value for state in LIVING)),
                name="one_living_grant_per_right",
            ),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="grant_ends_after_start"),
            models.CheckConstraint(
                condition=Q(state=GrantState.ACTIVE.value, end_cause="")
                | (~Q(state=GrantState.ACTIVE.value) & ~Q(end_cause="")),
                name="grant_ends_for_a_cause",
            ),
            models.CheckConstraint(
                condition=Q(state=GrantState.ENDED.value, ended_at__isnull=False)
                | (~Q(state=GrantState.ENDED.value) & Q(ended_at=None)),
                name="grant_ended_has_its_moment",
            ),
            models.CheckConstraint(
                condition=Q(let_end_by=None, let_end_at=None)
                | Q(let_end_by__isnull=False, let_end_at__isnull=False),
                name="grant_let_end_by_somebody",
            ),
        )
        indexes = (
            models.Index(fields=("state", "ends_on"), name="grant_ending"),
            models.Index(fields=("state", "next_review_on"), name="grant_review"),
            models.Index(fields=("subject_key", "state"), name="grant_subject"),
            models.Index(
                fields=("subject_key",), condition=Q(subject_is_protected=True), name="grant_protected"
            ),
            models.Index(fields=("unit_key", "state"), name="grant_unit"),
            models.Index(
                fields=("ends_on", "id"),
                condition=Q(state__in=sorted(state.value for state in LIVING)),
                name="grant_living",
            ),
            models.Index(
                fields=("service", "level", "unit_key"),
                condition=Q(state__in=sorted(state.value for state in LIVING)),
                name="grant_places",
            ),
            models.Index(fields=("-ended_at", "-id"), name="grant_ended"),
            models.Index(fields=("service", "-id"), name="grant_service"),
            models.Index(fields=("state", "-id"), name="grant_state"),
            models.Index(fields=("end_cause", "-id"), name="grant_cause"),
            models.Index(fields=("state_since", "id"), name="grant_since"),
            models.Index(fields=("ends_on", "id"), name="grant_ends"),
        )

    def __str__(self) -> str:
        return f"grant {self.public_id}"

    @property
    def current_state(self) -> GrantState:
        return GrantState(self.state)

    @property
    def is_living(self) -> bool:
        return self.current_state in LIVING


class Notice(models.Model):
    """One person's notice of one right's end. A digest carries all that wait for the same person."""

    grant = models.ForeignKey(Grant, on_delete=models.CASCADE, related_name="notices")
    due_on = models.DateField()
    days_left = models.PositiveSmallIntegerField()
    recipient_key = models.CharField(max_length=KEY_LENGTH)
    recipient_hsa_id = models.CharField(max_length=KEY_LENGTH)
    created_at = models.DateTimeField(default=timezone.now)
    message = models.ForeignKey(OutgoingMessage, null=True, on_delete=models.SET_NULL, related_name="notices")
    digested_at = models.DateTimeField(null=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("grant", "due_on", "recipient_key"), name="one_notice_per_person_and_day"
            ),
        )
        indexes = (models.Index(fields=("digested_at", "recipient_key"), name="notice_waiting"),)

    def __str__(self) -> str:
        return f"notice {self.pk} of grant {self.grant_id}"
