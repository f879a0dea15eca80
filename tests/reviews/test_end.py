"""The end of a review: what nobody decided is removed or kept by setting, and never while nobody could."""

from __future__ import annotations

import pytest

from provisioning import dates
from provisioning.models import Decision, OutgoingMessage, Removal, Review
from provisioning.removals.begin import Start
from provisioning.reviews import end
from provisioning.rules.states.right import GrantState
from tests import cast
from tests.reviews import sitting
from tests.rights import life
from workflows.sweeps import reviews

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_undecided_are_asked_again_and_then_removed(directory, kiv, settings):
    settings.REVIEW_UNDECIDED = "ask_again"
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    sitting.has_lasted(review)
    reviews.sweep()
    review.refresh_from_db()
    assert (review.times_asked, review.is_open) == (2, True)
    assert review.due_on > dates.today()
    assert not Removal.objects.exists()
    assert review.reviewers.filter(told_on=None).exists(), "they are told again"

    sitting.has_lasted(review)
    reviews.sweep()
    review.refresh_from_db()
    assert not review.is_open
    item = sitting.item(review, grant)
    assert (item.decision, item.reviewer) == (Decision.SILENCE_REMOVED, None)
    removal = Removal.objects.get()
    assert (removal.cause, removal.started_by) == ("review", None)


def test_silence_removes_at_once_or_keeps_by_setting(directory, kiv, settings):
    settings.REVIEW_UNDECIDED = "keep"
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    sitting.has_lasted(review)
    reviews.sweep()
    assert sitting.item(review, grant).decision == Decision.SILENCE_KEPT
    grant.refresh_from_db()
    assert grant.current_state is GrantState.ACTIVE
    assert grant.next_review_on > dates.today()

    settings.REVIEW_UNDECIDED = "remove"
    again = sitting.begun(grant)
    sitting.has_lasted(again)
    reviews.sweep()
    assert sitting.item(again, grant).decision == Decision.SILENCE_REMOVED
    assert Removal.objects.get().cause == "review"


def test_on_the_last_day_it_is_still_open(directory, kiv, settings):
    settings.REVIEW_UNDECIDED = "remove"
    review = sitting.opened(life.granted(kiv))
    sitting.has_lasted(review)
    Review.objects.update(due_on=dates.today())
    reviews.sweep()
    assert not Removal.objects.exists()


@pytest.mark.parametrize("why", ["nobody asked", "told just now"])
def test_nothing_is_removed_that_nobody_could_decide_upon(directory, kiv, settings, why):
    settings.REVIEW_UNDECIDED = "remove"
    settings.OPERATORS = (cast.AUDITOR.text,)
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    sitting.has_lasted(review)
    if why == "nobody asked":
        review.reviewers.all().delete()
    else:
        sitting.told(review, dates.today())
    end.end(review.pk, on=dates.today(), start=_not_started)
    review.refresh_from_db()
    assert review.is_open
    assert review.due_on > dates.today()
    assert sitting.item(review, grant).decision == ""
    stuck = OutgoingMessage.objects.get(kind="review_stuck")
    assert stuck.recipient_key == cast.AUDITOR.folded


@pytest.mark.parametrize("fault", ["busy", "dropped"])
def test_a_silent_directory_ends_no_review_and_tells_nobody(directory, kiv, settings, fault):
    settings.REVIEW_UNDECIDED = "remove"
    grant, other = life.granted(kiv), life.statistics(kiv)
    review = sitting.opened(grant, other)
    sitting.has_lasted(review)
    if fault == "busy":
        directory.faults.is_busy = True
    else:
        directory.faults.drop_connections = -1
    reviews.sweep()
    review.refresh_from_db()
    assert review.is_open
    assert review.items.undecided().count() == 2
    assert not Removal.objects.exists()
    assert not OutgoingMessage.objects.filter(kind="review_stuck").exists()


def _not_started(removal: Removal) -> Start:
    raise AssertionError("nothing is to be removed")
