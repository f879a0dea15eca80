"""The last day of a review: asked about again once, then removed. Source: domain §8."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.conf import settings
from django.db import transaction

from provisioning import dates
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.models import Decision, Grant, Review, Reviewer, ReviewItem, ReviewState
from provisioning.removals import begin as removals_begin
from provisioning.removals.begin import Start
from provisioning.reviews import begin as reviews_begin
from provisioning.reviews import decide
from provisioning.reviews.ask import tell_operators
from provisioning.reviews.decide import close_if_decided, locked_rights, settle, settle_what_needs_no_answer
from provisioning.rights import review_date
from provisioning.rules.dates import deadlines
from provisioning.rules.states.right import EndCause


def due_to_end(on: date) -> list[int]:
    """Keys of open reviews whose last day has passed."""
    rows = Review.objects.filter(state=ReviewState.OPEN, due_on__lt=on)
    return list(rows.order_by("due_on").values_list("pk", flat=True))


@transaction.atomic
def end(review_pk: int, *, on: date, start: Start) -> None:
    """The last day has passed: ask once more, or treat what is undecided as the setting says."""
    review = reviews_begin.lock(review_pk)
    if not review.is_open or review.due_on >= on:
        return
    settle_what_needs_no_answer(review)
    items = list(review.items.undecided().select_for_update(of=("self",)))
    rights = locked_rights(items)
    if items and settings.REVIEW_UNDECIDED == "ask_again" and review.times_asked == 1:
        review.times_asked += 1
        _prolong(review, on, "times_asked")
        events.record(Action.REVIEW_ASKED_AGAIN, actor=None, about=review, due=review.due_on.isoformat())
        return
    rows = list(review.reviewers.all())
    for item in items:
        _end_undecided(review, item, rights[item.grant_id], rows, on=on, start=start)
    left = review.items.undecided().count()
    if left:
        _prolong(review, on)
        tell_operators(review, left=left)
    close_if_decided(review, by=None)


def _prolong(review: Review, on: date, *fields: str) -> None:
    """A new last day, and everybody who has not decided is told again."""
    review.due_on = deadlines.add_working_days(on, settings.REVIEW_WORKING_DAYS)
    review.save(update_fields=["due_on", *fields])
    review.reviewers.update(told_on=None)


def _end_undecided(
    review: Review, item: ReviewItem, grant: Grant, rows: Sequence[Reviewer], *, on: date, start: Start
) -> None:
    keeps = settings.REVIEW_UNDECIDED == "keep"
    if not keeps and not decide.was_asked(item, rows, on=on):
        return  # nobody could decide, so nothing follows from their silence
    if keeps:
        review_date.record_reviewed(grant, opened_on=dates.today(review.opened_at))
        settle(item, grant, Decision.SILENCE_KEPT)
    else:
        settle(item, grant, Decision.SILENCE_REMOVED)
        removals_begin.begin(grant, EndCause.REVIEW, by=None, start=start)
