"""The tables of reviews: one sitting over a unit's rights, its items, and who is asked to decide.

Columns whose name ends in `_key` hold a folded HSA-id, as in `models`. State changes only through
`reviews`. "Nobody reviews their own right" and "no decision without a reviewer and a reason" are
constraints here as well as rules in the operations. Sources: domain §7 (four eyes), §8 (follow-up).
"""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning.models.columns import KEY_LENGTH, service_choices
from provisioning.models.people import Delegation, User
from provisioning.models.rights import Grant
from provisioning.rules.hsa import HsaId


class ReviewScope(models.TextChoices):
    DUE = "due", _("The rights whose time for review has come")
    ALL = "all", _("All rights on the unit")


class ReviewState(models.TextChoices):
    OPEN = "open", _("Open")
    CLOSED = "closed", _("Finished")


class Decision(models.TextChoices):
    """What became of an item. Only the first two are a reviewer's decision."""

    KEEP = "keep", _("Kept")
    REMOVE = "remove", _("Removed")
    SILENCE_KEPT = "silence_kept", _("Kept: nobody decided in time")
    SILENCE_REMOVED = "silence_removed", _("Removed: nobody decided in time")
    ENDED = "ended", _("The right had ended already")
    PROLONGED = "prolonged", _("Kept: somebody approved it anew meanwhile")


class Relation(models.TextChoices):
    """What the reviewer was to the unit at the decision."""

    OWN = "own", _("Own mandate")
    DELEGATE = "delegate", _("By delegation from the head of unit")
    ABOVE = "above", _("Mandate above the unit")


BY_A_PERSON = (Decision.KEEP.value, Decision.REMOVE.value)


class Review(models.Model):
    """One review of the rights on one unit (or of one care provider's process leaders)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    unit_key = models.CharField(max_length=KEY_LENGTH)
    unit_hsa_id = models.CharField(max_length=KEY_LENGTH)
    unit_name = models.CharField(max_length=300, blank=True)
    is_provider = models.BooleanField(default=False)
    scope = models.CharField(max_length=5, choices=ReviewScope.choices)
    service = models.CharField(max_length=20, blank=True, choices=service_choices)  # blank: all
    opened_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="reviews_opened"
    )  # None: the timetable
    opened_at = models.DateTimeField(default=timezone.now)
    due_on = models.DateField()  # the last day
    times_asked = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=10, choices=ReviewState.choices, default=ReviewState.OPEN)
    closed_at = models.DateTimeField(null=True)
    escalation_level = models.PositiveSmallIntegerField(default=0)
    escalated_on = models.DateField()  # the day from which the next rung is counted
    operators_told_at = models.DateTimeField(null=True)  # nobody may decide what is left

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("unit_key",),
                condition=Q(state=ReviewState.OPEN.value),
                name="one_open_review_per_unit",
            ),
            models.CheckConstraint(
                condition=Q(state=ReviewState.CLOSED.value, closed_at__isnull=False)
                | Q(state=ReviewState.OPEN.value, closed_at=None),
                name="review_closed_has_its_moment",
            ),
        )
        indexes = (
            models.Index(fields=("state", "due_on"), name="review_due"),
            models.Index(fields=("unit_key", "-id"), name="review_unit"),
        )

    def __str__(self) -> str:
        return f"review {self.public_id}"

    @property
    def unit_id(self) -> HsaId:
        return HsaId(self.unit_hsa_id)

    @property
    def is_open(self) -> bool:
        return self.state == ReviewState.OPEN.value


class ReviewItemQuerySet(models.QuerySet["ReviewItem"]):
    def undecided(self) -> ReviewItemQuerySet:
        return self.filter(decision="")

    def waiting_for(self, person_key: str) -> ReviewItemQuerySet:
        """Those of open reviews that this person is asked about: except the person's own."""
        own = Reviewer.objects.filter(review=OuterRef("review"), person_key=person_key)
        asked = own.filter(Q(only_subject_key="") | Q(only_subject_key=OuterRef("subject_key")))
        barred = own.filter(is_barred=True, only_subject_key=OuterRef("subject_key"))
        rows = self.filter(Exists(asked), ~Exists(barred), review__state=ReviewState.OPEN)
        return rows.exclude(subject_key=person_key)


class ReviewItem(models.Model):
    """One right in a review: the decision, who made it, why, and what the directory said then."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="items")
    grant = models.ForeignKey(Grant, on_delete=models.PROTECT, related_name="review_items")
    subject_key = models.CharField(max_length=KEY_LENGTH)  # as in the grant: what the constraint compares
    decision = models.CharField(max_length=20, blank=True, choices=Decision.choices)
    reason = models.TextField(blank=True)
    reviewer = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="reviewed")
    reviewed_for = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="reviewed_by_others"
    )  # the head of unit for whom a delegate decided
    relation = models.CharField(max_length=10, blank=True, choices=Relation.choices)  # by which mandate
    decided_at = models.DateTimeField(null=True)
    # How the sitting went: seconds since the page was shown, and how many rights were decided with them.
    seconds_spent = models.PositiveIntegerField(null=True)
    batch_size = models.PositiveIntegerField(null=True)
    is_shared_answer = models.BooleanField(default=False)  # decided together with others, by one answer
    # Whether something has changed since the last decision on the right; None: not looked at yet.
    has_news = models.BooleanField(null=True)
    # What the directory said when it was decided: verdict codes, when, and the digest of both.
    directory_said = models.JSONField(default=dict)
    directory_read_at = models.DateTimeField(null=True)
    directory_digest = models.CharField(max_length=64, blank=True)

    objects: ClassVar[ReviewItemQuerySet] = ReviewItemQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("review", "grant"), name="one_item_per_right_and_review"),
            models.CheckConstraint(
                condition=Q(reviewer=None) | ~Q(reviewer=F("subject_key")), name="reviewer_is_not_subject"
            ),
            models.CheckConstraint(
                condition=(
                    Q(decision__in=BY_A_PERSON, reviewer__isnull=False, decided_at__isnull=False)
                    & ~Q(reason="")
                    & ~Q(directory_digest="")
                )
                | (~Q(decision__in=BY_A_PERSON) & Q(reviewer=None)),
                name="review_decided_by_somebody",
            ),
        )
        indexes = (models.Index(fields=("review", "decision", "subject_key"), name="review_item_left"),)

    def __str__(self) -> str:
        return f"item {self.public_id}"


class Reviewer(models.Model):
    """Somebody who is asked to decide, as the directory said when it was last asked.

    It makes inboxes plain queries and is never the mandate itself: that is read from the directory again
    before each decision.
    """

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="reviewers")
    person_key = models.CharField(max_length=KEY_LENGTH)
    person_hsa_id = models.CharField(max_length=KEY_LENGTH)
    person_name = models.CharField(max_length=200, blank=True)
    # Asked only about this person's rights: somebody who could not decide on them has everything else.
    only_subject_key = models.CharField(max_length=KEY_LENGTH, blank=True)
    # Never about that person's rights: the directory shows one human behind both HSA-ids.
    is_barred = models.BooleanField(default=False)
    delegation = models.ForeignKey(Delegation, null=True, on_delete=models.PROTECT, related_name="reviewers")
    asked_on = models.DateField(null=True)  # the day of the first notice
    told_on = models.DateField(null=True)  # the day of the latest one; None: tell again

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("review", "person_key", "only_subject_key"), name="one_reviewer_row_per_person"
            ),
            models.CheckConstraint(
                condition=Q(is_barred=False) | ~Q(only_subject_key=""), name="reviewer_barred_from_somebody"
            ),
        )
        indexes = (models.Index(fields=("person_key",), name="reviewer_inbox"),)

    def __str__(self) -> str:
        return f"reviewer of {self.review_id}"
