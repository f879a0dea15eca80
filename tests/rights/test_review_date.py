"""The timetable: a unit's rights come up together, once a year, and never what was decided just now."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from provisioning import dates
from provisioning.models import Decision, Grant, Removal, Review
from provisioning.reviews import begin
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import Level
from tests import acts, cast
from tests.reviews import sitting
from tests.rights import life
from workflows.sweeps import reviews

pytestmark = pytest.mark.django_db(transaction=True)


def reviewed_on(grant: Grant, on: date) -> None:
    """As if its review had been planned for that day."""
    Grant.objects.filter(pk=grant.pk).update(next_review_on=on)
    grant.refresh_from_db()


def in_days(count: int) -> date:
    return dates.today() + timedelta(days=count)


def prolonged(grant: Grant) -> Grant:
    life.nearly_over(grant)
    acts.order(person_id=grant.subject_id, starts_on=grant.ends_on + timedelta(days=1), days=60)
    acts.work()
    grant.refresh_from_db()
    return grant


def test_the_first_right_on_a_unit_begins_its_year(directory, kiv):
    grant = life.granted(kiv)
    assert grant.next_review_on == deadlines.next_review(dates.today())


@pytest.mark.parametrize(("days_away", "is_joined"), [(200, True), (90, True), (89, False), (1, False)])
def test_a_new_right_joins_its_units_review_unless_it_is_too_near(directory, kiv, days_away, is_joined):
    first = life.granted(kiv)
    reviewed_on(first, in_days(days_away))
    second = life.statistics(kiv)
    this_round = first.next_review_on
    assert second.next_review_on == (this_round if is_joined else deadlines.next_review(this_round))


def test_another_units_review_is_not_joined(directory, kiv):
    elsewhere = life.granted(kiv)
    Grant.objects.filter(pk=elsewhere.pk).update(unit_key="ELSEWHERE", next_review_on=in_days(200))
    assert life.statistics(kiv).next_review_on == deadlines.next_review(dates.today())


def test_a_right_that_has_ended_has_no_review_to_join(directory, kiv):
    ended = life.granted(kiv)
    reviewed_on(ended, in_days(200))
    life.removal_by_head(ended)
    assert life.statistics(kiv).next_review_on == deadlines.next_review(dates.today())


def test_a_prolongation_leaves_a_review_that_is_far_away_where_it_is(directory, kiv):
    grant = life.granted(kiv)
    reviewed_on(grant, in_days(120))
    assert prolonged(grant).next_review_on == in_days(120)


def test_a_prolongation_moves_a_review_that_is_near_to_the_units_next(directory, kiv):
    near, other = life.granted(kiv), life.statistics(kiv)
    reviewed_on(near, in_days(30))
    reviewed_on(other, in_days(150))
    assert prolonged(near).next_review_on == in_days(150)


def test_a_prolongation_alone_on_its_unit_goes_to_the_next_round(directory, kiv):
    grant = life.granted(kiv)
    reviewed_on(grant, in_days(30))
    assert prolonged(grant).next_review_on == deadlines.next_review(in_days(30))


def test_the_timetable_opens_reviews_of_prolonged_rights_by_default(directory, kiv):
    """The year of one unit: nothing asks for a review but the dates that the operations have set."""
    first = life.granted(kiv)
    reviewed_on(first, in_days(100))  # given nine months ago
    second = life.granted(kiv, person_id=cast.DOCTOR, level=Level.OWN)
    reviewed_on(second, in_days(20))
    prolonged_now = prolonged(first)
    planned = {prolonged_now.next_review_on, second.next_review_on}
    assert planned == {in_days(100), in_days(20)}
    assert [place.unit_key for place in begin.places_due(in_days(20))] == [second.unit_key]
    assert begin.places_due(in_days(19)) == []


def test_all_that_is_kept_comes_up_together_whichever_day_it_was_decided(directory, kiv):
    early, late = life.granted(kiv), life.statistics(kiv)
    review = sitting.opened(early, late)
    ten_days_ago = review.opened_at - timedelta(days=10)
    sitting.decide(review, {early: Decision.KEEP})
    Review.objects.filter(pk=review.pk).update(opened_at=ten_days_ago)
    sitting.decide(review, {late: Decision.KEEP})
    early.refresh_from_db()
    late.refresh_from_db()
    assert early.next_review_on == deadlines.next_review(dates.today())
    assert late.next_review_on == deadlines.next_review(dates.today(ten_days_ago))


def test_a_review_that_lasts_very_long_is_not_followed_by_another_at_once(directory, kiv):
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    Review.objects.update(opened_at=review.opened_at - timedelta(days=300))
    sitting.decide(review, {grant: Decision.KEEP})
    grant.refresh_from_db()
    assert grant.next_review_on == deadlines.next_review(dates.today())


def test_what_is_attested_anew_while_the_review_is_open_needs_no_answer(directory, kiv, settings):
    settings.REVIEW_UNDECIDED = "remove"
    anew, waiting = life.granted(kiv), life.statistics(kiv)
    review = sitting.opened(anew, waiting)
    prolonged(anew)
    reviews.sweep()
    assert sitting.item(review, anew).decision == Decision.PROLONGED
    assert sitting.waits_for(cast.HEAD) == {waiting.pk}
    sitting.has_lasted(review)
    reviews.sweep()
    assert [row.grant_id for row in Removal.objects.all()] == [waiting.pk]
    anew.refresh_from_db()
    assert not deadlines.has_ended(anew.ends_on, on=dates.today())


def test_an_order_attested_before_the_review_answers_nothing(directory, kiv):
    grant = prolonged(life.granted(kiv))
    review = sitting.opened(grant)
    reviews.sweep()
    assert sitting.item(review, grant).decision == ""


def test_a_review_of_nothing_but_ended_rights_is_over(directory, kiv):
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    life.removal_by_head(grant)
    reviews.sweep()
    review.refresh_from_db()
    assert not review.is_open
    assert sitting.item(review, grant).decision == Decision.ENDED
