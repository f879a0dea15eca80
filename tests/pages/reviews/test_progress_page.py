"""Watching over reviews: how far each has come, who has the rest, and how the sittings went."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning import dates
from provisioning import directory as provisioning_directory
from provisioning.models import AuditEntry, Decision, Relation, Review
from provisioning.pages.reviews import progress as reviews_progress
from provisioning.rules.hsa import Level
from provisioning.rules.mandates import Delegable
from tests import acts, cast
from tests.mandates import delegating
from tests.pages.reading import text_of
from tests.reviews import sitting
from tests.rights import life
from workflows.sweeps import reviews

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def people(settings):
    settings.AUDITORS, settings.OPERATORS = (cast.AUDITOR.text,), (cast.OUTSIDER.text,)


def progress(browser, shows: str = "") -> str:
    page = browser.get(reverse("review_progress") + shows)
    assert page.status_code == 200
    return text_of(page)


def evidence(browser, review: Review):
    return browser.get(reverse("review_evidence", args=[review.public_id]))


def test_each_decision_keeps_by_which_mandate_it_was_made(directory, kiv):
    own, lent, above = (
        life.granted(kiv),
        life.statistics(kiv),
        life.granted(kiv, person_id=cast.DOCTOR, level=Level.OWN),
    )
    delegating.give(kinds=[Delegable.ATTESTING])
    review = sitting.opened(own, lent, above)
    sitting.decide(review, {own: Decision.KEEP}, by=cast.HEAD)
    sitting.decide(review, {lent: Decision.KEEP}, by=cast.DELEGATE)
    Review.objects.update(escalated_on=dates.today().replace(year=2020))
    reviews.ask_around(provisioning_directory.open_directory())
    sitting.decide(review, {above: Decision.KEEP}, by=cast.HEAD_ABOVE)
    relations = [sitting.item(review, grant).relation for grant in (own, lent, above)]
    assert relations == [Relation.OWN, Relation.DELEGATE, Relation.ABOVE]
    entry = AuditEntry.objects.get(action="grant.reviewed", about=above.public_id)
    assert entry.data["relation"] == "above"


def test_a_holder_of_the_providers_mandate_decides_by_an_own_one(directory, kiv):
    grant = sitting.process_leader(kiv)
    review = sitting.opened(grant)
    sitting.decide(review, {grant: Decision.KEEP}, by=cast.PROVIDER_HEAD)
    assert sitting.item(review, grant).relation == Relation.OWN


def test_what_was_saved_at_once_is_one_sitting(directory, kiv):
    first, second, third = (
        life.granted(kiv),
        life.statistics(kiv),
        life.granted(kiv, person_id=cast.DOCTOR, level=Level.OWN),
    )
    review = sitting.opened(first, second, third)
    sitting.decide(review, {first: Decision.KEEP, second: Decision.REMOVE}, seconds=40)
    sitting.decide(review, {third: Decision.KEEP}, seconds=7)
    found = reviews_progress.sittings(acts.user(cast.AUDITOR), review)
    assert [(one.kept, one.removed, one.seconds) for one in found] == [(1, 1, 40), (1, 0, 7)]
    assert not any(one.is_quick for one in found), "few rights are decided in a moment"


def test_the_pages_tell_how_far_it_is_who_has_the_rest_and_how_it_went(directory, kiv, enter):
    first, second = life.granted(kiv), life.statistics(kiv)
    review = sitting.begun(first)
    sitting.decide(review, {first: Decision.KEEP}, seconds=33)
    head = acts.user(cast.HEAD)
    for person in (cast.HEAD, cast.AUDITOR, cast.OUTSIDER):  # who started it, an auditor, an operator
        browser = enter(person)
        page = progress(browser)
        assert "1 of 2" in page, person
        assert head.name in page
        assert second.subject_name not in page
        page = text_of(evidence(browser, review))
        assert "1 kept, 0 removed" in page
        assert "33 seconds" in page
        assert "Own mandate" in page
        assert first.subject_name not in page
        assert first.subject_hsa_id not in page


def test_finished_reviews_stand_apart_with_what_silence_did(directory, kiv, enter, settings):
    settings.REVIEW_UNDECIDED = "remove"
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    sitting.has_lasted(review)
    reviews.sweep()
    operator = enter(cast.OUTSIDER)
    assert "No reviews to follow" in progress(operator)
    assert "The timetable" in progress(operator, "?visa=avslutade")
    page = text_of(evidence(operator, review))
    assert "Removed: nobody decided in time: 1" in page
    assert "Nobody has decided anything yet." in page


def test_a_review_that_nobody_can_be_asked_in_says_so(directory, kiv, enter):
    review = sitting.begun(life.granted(kiv))
    review.reviewers.all().delete()
    assert "Nobody can be asked" in progress(enter(cast.AUDITOR))


@pytest.mark.parametrize(
    "person", [cast.HEAD, cast.HEAD_ABOVE, cast.DELEGATE, cast.KIV_ADMINISTRATOR, cast.COORDINATOR]
)
def test_what_one_did_not_start_is_not_ones_to_follow(directory, kiv, enter, person):
    review = sitting.opened(life.granted(kiv))  # by the timetable
    browser = enter(person)
    assert evidence(browser, review).status_code == 404
    assert "No reviews to follow" in progress(browser)
    assert reverse("review_progress") not in browser.get(reverse("reviews")).content.decode()


def test_the_list_counts_what_is_decided(directory, kiv, enter):
    first, second = life.granted(kiv), life.statistics(kiv)
    review = sitting.opened(first, second)
    sitting.decide(review, {first: Decision.KEEP})
    assert "Decided: 1 of 2." in text_of(enter(cast.HEAD).get(reverse("reviews")))


def test_a_protected_reviewer_is_named_to_nobody_else(directory, kiv, enter):
    grant = life.granted(kiv)
    review = sitting.begun(grant)
    sitting.decide(review, {grant: Decision.KEEP})
    head = acts.user(cast.HEAD)
    type(head).objects.filter(pk=head.pk).update(is_protected=True)
    assert head.name not in text_of(evidence(enter(cast.AUDITOR), review))
