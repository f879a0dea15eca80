"""Asking the reviewers: notices, reminders, and the next head up when nobody answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from provisioning import dates
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import Review, Reviewer
from provisioning.operators import operator_ids
from provisioning.reviews import begin, reviewers
from provisioning.reviews.decide import close_if_decided, settle_what_needs_no_answer
from provisioning.reviews.reviewers import AskedAbout
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import HsaId


def send_notices(on: date) -> int:
    """One message to each person with something left to decide, whatever its number. Returns how many.

    The first at once, then again after some working days, and only on a working day.
    """
    if not deadlines.is_working_day(on):
        return 0
    waiting: dict[str, list[int]] = {}
    for row in reviewers.with_something_left():
        if is_notice_due(row, on=on):
            waiting.setdefault(row.person_key, []).append(row.pk)
    return sum(_notice(pks, on=on) for pks in waiting.values())


def is_notice_due(row: Reviewer, *, on: date) -> bool:
    days = settings.REVIEW_REMINDER_WORKING_DAYS
    return row.told_on is None or on >= deadlines.add_working_days(row.told_on, days)


@transaction.atomic
def _notice(pks: Sequence[int], *, on: date) -> bool:
    # The reviews first, as every decision does: then nobody waits for the other in a circle.
    theirs = Reviewer.objects.filter(pk__in=pks).values("review")
    list(Review.objects.select_for_update().filter(pk__in=theirs).order_by("pk").values_list("pk"))
    locked = reviewers.with_something_left().filter(pk__in=pks).select_for_update(of=("self",))
    rows = [row for row in locked.select_related("review") if is_notice_due(row, on=on)]
    if not rows:
        return False  # another worker was faster, or all has been decided
    for row in rows:
        row.told_on, row.asked_on = on, row.asked_on or on
    Reviewer.objects.bulk_update(rows, ["told_on", "asked_on"])
    entry = events.record(
        Action.REVIEW_NOTICED, actor=None, reviews=sorted({str(row.review.public_id) for row in rows})
    )
    outbox.enqueue(entry, MessageKind.REVIEW_WAITS, [HsaId(rows[0].person_hsa_id)])
    return True


def is_escalation_due(review: Review, *, on: date) -> bool:
    """Say whether the next head up is asked, too."""
    if review.escalation_level >= settings.ESCALATION_LEVELS or review.is_provider:
        return False
    days = settings.REVIEW_ESCALATE_WORKING_DAYS
    return on >= deadlines.add_working_days(review.escalated_on, days)


@transaction.atomic
def ask(review: Review, found: Sequence[AskedAbout], *, climbs: bool) -> None:
    """Bring who is asked up to date; `climbs`: one rung further up, to which `found` reaches already."""
    row = begin.lock(review.pk)
    if not row.is_open or row.escalation_level != review.escalation_level:
        return
    if climbs:
        row.escalation_level, row.escalated_on = row.escalation_level + 1, dates.today()
        row.save(update_fields=["escalation_level", "escalated_on"])
    settle_what_needs_no_answer(row)
    added, gone = reviewers.assign(row, found)
    if climbs:
        events.record(
            Action.REVIEW_ESCALATED, actor=None, about=row, rung=row.escalation_level, newcomers=added
        )
    elif added or gone:
        events.record(Action.REVIEW_REVIEWERS_CHANGED, actor=None, about=row, added=added, removed=gone)
    left = row.items.undecided().count()
    if left and not found and row.operators_told_at is None:
        tell_operators(row, left=left)
    close_if_decided(row, by=None)


def tell_operators(review: Review, *, left: int) -> None:
    """Nobody could be asked: nothing is decided by that, and a human has to look."""
    review.operators_told_at = timezone.now()
    review.save(update_fields=["operators_told_at"])
    entry = events.record(Action.REVIEW_STUCK, actor=None, about=review, items=left)
    outbox.enqueue(entry, MessageKind.REVIEW_STUCK, operator_ids())
