"""Who may see, begin and decide a review. Source: domain §7."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404

from provisioning.access.parties import is_head
from provisioning.mandates import current
from provisioning.mandates.current import Mandates
from provisioning.models import Grant, Review, Reviewer, ReviewItem, User


def visible_reviews(user: User) -> QuerySet[Review]:
    """Reviews this person may read: asked in, decided in, or of units the person is head of now."""
    rows = Review.objects.select_related("opened_by")
    if user.is_auditor:
        return rows
    asked = Reviewer.objects.filter(person_key=user.hsa_key).values("review")
    decided = ReviewItem.objects.order_by().filter(reviewer=user).values("review")
    stood_in_for = ReviewItem.objects.order_by().filter(reviewed_for=user).values("review")
    is_party = Q(pk__in=asked) | Q(pk__in=decided) | Q(pk__in=stood_in_for)
    return rows.filter(is_party | is_head(user, current.for_display(user)))


def find_review(user: User, public_id: UUID) -> Review:
    """The review, if this person may read it. Raises Http404."""
    return get_object_or_404(visible_reviews(user), public_id=public_id)


def overseen_reviews(user: User) -> QuerySet[Review]:
    """Reviews whose course this person may follow: all, for auditors and operators; else those started."""
    rows = Review.objects.select_related("opened_by")
    return rows if user.is_auditor or user.is_operator else rows.filter(opened_by=user)


def find_overseen_review(user: User, public_id: UUID) -> Review:
    """The review, if this person may follow its course. Raises Http404."""
    return get_object_or_404(overseen_reviews(user), public_id=public_id)


def to_review(user: User) -> QuerySet[ReviewItem]:
    """Rights that wait for this person's decision in a review: except the person's own."""
    return ReviewItem.objects.undecided().waiting_for(user.hsa_key)


def visible_items(user: User, review: Review) -> QuerySet[ReviewItem]:
    """What of a review this person may read: all as auditor, head or reviewer of it all; else own part."""
    rows = review.items.select_related("grant__origin__order", "grant__origin__line")
    rows = rows.prefetch_related("reviewer", "reviewed_for")  # few people: not one for each row
    mandates = current.for_display(user)
    is_head = review.unit_id in mandates.unit_ids | mandates.provider_ids(user)
    has_all = review.reviewers.filter(person_key=user.hsa_key, only_subject_key="").exists()
    if user.is_auditor or is_head or has_all:
        return rows
    own = Q(reviewer=user) | Q(reviewed_for=user) | Q(pk__in=to_review(user).values("pk"))
    return rows.filter(own)


def may_begin_review(user: User) -> bool:
    """Say whether a way to start one is shown. The operation asks again, with mandates read fresh."""
    mandates = current.for_display(user)
    return user.is_auditor or mandates.is_head_of_unit or bool(mandates.provider_ids(user))


def rights_to_review(user: User, mandates: Mandates) -> QuerySet[Grant]:
    """The rights whose units this person may start a review of, with the mandates read just now."""
    rows = Grant.objects.active()
    return rows if user.is_auditor else rows.filter(is_head(user, mandates))
