"""What has changed about a right since the last decision is marked, and comes first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from provisioning import dates
from provisioning.directory import open_directory
from provisioning.models import Decision, Grant, Review, ReviewItem
from provisioning.pages.reviews import words
from provisioning.reviews import news
from provisioning.reviews import said as reviews_said
from provisioning.reviews.news import News
from provisioning.rights import review_date
from provisioning.rules.hsa import Attribute
from tests import cast
from tests.pages.reading import text_of
from tests.reviews import sitting
from tests.rights import life
from workflows.sweeps import reviews

pytestmark = pytest.mark.django_db(transaction=True)


def kept(grant: Grant) -> None:
    """The right was kept at a review that is over, a year ago."""
    review = sitting.opened(grant)
    sitting.decide(review, {grant: Decision.KEEP})
    ago = timezone.now() - timedelta(days=360)
    Review.objects.filter(pk=review.pk).update(opened_at=ago)
    ReviewItem.objects.filter(review=review).update(decided_at=ago)
    Grant.objects.filter(pk=grant.pk).update(created_at=ago - timedelta(days=5))


def opened_again(*grants: Grant) -> Review:
    sitting.is_due(*grants)
    assert reviews.open_due() == 1
    reviews.ask_around(open_directory())
    return Review.objects.get(state="open")


def news_of(review: Review) -> dict[int, list[News]]:
    items = list(review.items.select_related("grant"))
    found = news.of(review, items, reviews_said.look(item.grant for item in items))
    return {item.grant_id: found[item.pk] for item in items}


def test_nothing_has_changed_about_what_was_kept(directory, kiv):
    grant = life.granted(kiv)
    kept(grant)
    review = opened_again(grant)
    assert news_of(review) == {grant.pk: []}
    assert sitting.item(review, grant).has_news is False


def test_what_was_never_decided_or_is_new_is_marked_and_comes_first(directory, kiv, enter):
    old = life.granted(kiv)
    assert news_of(sitting.begun(old)) == {old.pk: [News.NEVER_DECIDED]}
    Review.objects.all().delete()
    kept(old)
    new = life.statistics(kiv, cast.COORDINATOR)
    review = opened_again(old, new)
    assert news_of(review) == {old.pk: [], new.pk: [News.NEW]}
    assert sitting.item(review, new).has_news
    page = text_of(enter(cast.HEAD).get(reverse("review", args=[review.public_id])))
    assert "New since the last review" in page
    assert page.index("Intygsstatistik") < page.index("Rehabstöd")


def test_another_title_place_or_answer_is_marked(directory, kiv):
    grant = life.granted(kiv)
    kept(grant)
    kiv.add_value(grant.person_dn, "hsaTitle", "Fysioterapeut")
    review = opened_again(grant)
    assert news_of(review) == {grant.pk: [News.TITLE]}
    before = ReviewItem.objects.get(decision=Decision.KEEP)
    before.directory_said["known"]["place"] = "elsewhere"
    before.save()
    kiv.remove_value(grant.person_dn, Attribute.SYSTEM_ROLE, life.ROLE)
    assert news_of(review) == {grant.pk: [News.PLACE, News.TITLE, News.SAID]}


def test_a_silent_directory_and_decisions_of_old_mark_nothing(directory, kiv):
    grant = life.granted(kiv)
    kept(grant)
    ReviewItem.objects.update(directory_said={})
    review = opened_again(grant)
    assert news_of(review) == {grant.pk: []}
    directory.faults.is_busy = True
    assert news_of(review) == {grant.pk: []}


def test_what_is_kept_of_the_person_is_no_title_and_no_place(directory, kiv):
    grant = life.granted(kiv)
    kiv.add_value(grant.person_dn, "hsaTitle", "Fysioterapeut")
    kept(grant)
    said = ReviewItem.objects.get().directory_said["known"]
    assert set(said) == {"place", "title"}
    assert "Fysioterapeut" not in str(said)
    assert all(len(digest) == 16 for digest in said.values())


def test_who_reviews_the_head_is_said_by_name(directory, kiv, enter):
    own, other = sitting.own_right_of_the_head(kiv), life.granted(kiv)
    review = sitting.opened(own, other)
    [above] = review.reviewers.exclude(only_subject_key="")
    assert words.reviewers_of_reviewers(review) == above.person_name != ""
    page = text_of(enter(cast.HEAD).get(reverse("review", args=[review.public_id])))
    assert f"are decided on by {above.person_name}" in page


def test_a_review_without_the_head_s_own_rights_names_nobody(directory, kiv, enter):
    review = sitting.opened(life.granted(kiv))
    assert words.reviewers_of_reviewers(review) == ""
    page = text_of(enter(cast.HEAD).get(reverse("review", args=[review.public_id])))
    assert "Nobody decides on their own rights" not in page


def test_rights_to_a_whole_provider_can_come_up_more_often(directory, kiv, settings):
    settings.REVIEW_PROVIDER_EVERY_MONTHS = 3
    leader, unit_right = sitting.process_leader(kiv), life.granted(kiv)
    today = dates.today()
    assert leader.next_review_on <= today + timedelta(days=93)
    assert unit_right.next_review_on > today + timedelta(days=300)
    review_date.record_reviewed(leader, opened_on=today)
    assert leader.next_review_on <= today + timedelta(days=93)
    settings.REVIEW_PROVIDER_EVERY_MONTHS = 12
    review_date.record_reviewed(leader, opened_on=today)
    assert leader.next_review_on > today + timedelta(days=300)
    settings.REVIEW_PROVIDER_EVERY_MONTHS = 3
    prolonged = review_date.next_review_on(leader.unit_key, leader.level, prolonged=leader)
    assert prolonged <= today + timedelta(days=93)
