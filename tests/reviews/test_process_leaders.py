"""A review of a care provider's process leaders: only whoever holds the provider's mandate decides."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioning import dates
from provisioning.directory import open_directory
from provisioning.errors import NotAllowed
from provisioning.mandates import current
from provisioning.models import Decision, OutgoingMessage, Removal, Review
from provisioning.reviews import ask, begin
from provisioning.rules.hsa import HsaId
from provisioning.rules.mandates import Delegable
from provisioning.rules.states.right import GrantState
from tests import acts, cast
from tests.mandates import delegating
from tests.reviews import sitting
from tests.rights import life
from workflows.sweeps import reviews

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def a_working_day(monkeypatch):
    """Notices go out on working days only; these tests are not about which day it is."""
    monkeypatch.setattr("provisioning.rules.dates.deadlines.is_working_day", lambda day: True)


def asked(review: Review) -> set[HsaId]:
    return {HsaId(row.person_hsa_id) for row in review.reviewers.all()}


def test_from_its_opening_to_the_removal(directory, kiv, a_working_day):
    grant = sitting.process_leader(kiv)
    unit_right = life.granted(kiv)
    review = sitting.opened(grant)
    assert (review.is_provider, review.unit_key) == (True, cast.PROVIDER.folded)
    assert [item.grant_id for item in review.items.all()] == [grant.pk], "units have reviews of their own"
    assert asked(review) == {cast.PROVIDER_HEAD}

    assert ask.send_notices(dates.today()) == 1
    told = OutgoingMessage.objects.get(kind="review_waits")
    assert told.recipient_key == cast.PROVIDER_HEAD.folded

    sitting.decide(review, {grant: Decision.REMOVE}, by=cast.PROVIDER_HEAD, reason="Leder inte längre.")
    review.refresh_from_db()
    grant.refresh_from_db()
    assert not review.is_open
    assert grant.current_state is GrantState.ENDING
    removal = life.with_kiv(Removal.objects.get())
    assert (removal.cause, removal.started_by_id) == ("review", cast.PROVIDER_HEAD.folded)
    life.take_away(kiv, removal)
    life.work()
    grant.refresh_from_db()
    assert grant.current_state is GrantState.ENDED
    unit_right.refresh_from_db()
    assert unit_right.current_state is GrantState.ACTIVE


def test_what_is_kept_comes_again_with_the_providers_other_rights(directory, kiv):
    grant = sitting.process_leader(kiv)
    review = sitting.opened(grant)
    sitting.decide(review, {grant: Decision.KEEP}, by=cast.PROVIDER_HEAD)
    grant.refresh_from_db()
    assert grant.current_state is GrantState.ACTIVE
    assert grant.next_review_on > dates.today() + timedelta(days=300)
    assert not Removal.objects.exists()


def test_persons_the_settings_name_are_asked_as_well(directory, kiv, settings):
    settings.PROVIDER_MANDATES = {cast.PROVIDER.text: [cast.OUTSIDER.text]}
    grant = sitting.process_leader(kiv)
    review = sitting.opened(grant)
    assert asked(review) == {cast.PROVIDER_HEAD, cast.OUTSIDER}
    sitting.decide(review, {grant: Decision.KEEP}, by=cast.OUTSIDER)
    assert sitting.item(review, grant).reviewer_id == cast.OUTSIDER.folded


@pytest.mark.parametrize("by", [cast.HEAD, cast.HEAD_ABOVE, cast.DELEGATE, cast.KIV_ADMINISTRATOR])
def test_heads_of_units_and_their_delegates_decide_nothing_about_it(directory, kiv, by):
    delegating.give(kinds=[Delegable.ATTESTING])
    grant = sitting.process_leader(kiv)
    review = sitting.opened(grant)
    with pytest.raises(NotAllowed):
        sitting.decide(review, {grant: Decision.REMOVE}, by=by)
    assert sitting.item(review, grant).decision == ""
    assert not Removal.objects.exists()


def test_a_mandate_that_has_ended_decides_nothing(directory, kiv, settings):
    settings.PROVIDER_MANDATES = {cast.PROVIDER.text: [cast.OUTSIDER.text]}
    grant = sitting.process_leader(kiv)
    review = sitting.opened(grant)
    settings.PROVIDER_MANDATES = {}
    with pytest.raises(NotAllowed):
        sitting.decide(review, {grant: Decision.KEEP}, by=cast.OUTSIDER)
    reviews.ask_around(open_directory())
    assert asked(review) == {cast.PROVIDER_HEAD}


def test_a_holders_own_right_is_reviewed_by_another_holder(directory, kiv, settings):
    settings.PROVIDER_MANDATES = {cast.PROVIDER.text: [cast.OUTSIDER.text]}
    own = sitting.process_leader(kiv, person_id=cast.OUTSIDER)
    review = sitting.opened(own)
    assert sitting.waits_for(cast.OUTSIDER) == set()
    with pytest.raises(NotAllowed):
        sitting.decide(review, {own: Decision.KEEP}, by=cast.OUTSIDER)
    sitting.decide(review, {own: Decision.KEEP}, by=cast.PROVIDER_HEAD)
    assert sitting.item(review, own).decision == Decision.KEEP


def test_it_is_asked_further_up_nowhere_and_silence_removes(directory, kiv, settings, a_working_day):
    settings.REVIEW_UNDECIDED = "remove"
    grant = sitting.process_leader(kiv)
    review = sitting.opened(grant)
    Review.objects.update(escalated_on=dates.today() - timedelta(days=60))
    reviews.ask_around(open_directory())
    review.refresh_from_db()
    assert (review.escalation_level, asked(review)) == (0, {cast.PROVIDER_HEAD})
    sitting.has_lasted(review)
    reviews.sweep()
    assert sitting.item(review, grant).decision == Decision.SILENCE_REMOVED


def test_operators_are_told_when_the_only_holder_is_the_subject(directory, kiv, settings):
    settings.REVIEW_UNDECIDED = "remove"
    settings.OPERATORS = (cast.AUDITOR.text,)
    settings.PROVIDER_MANDATES = {cast.PROVIDER.text: [cast.OUTSIDER.text]}
    own = sitting.process_leader(kiv, person_id=cast.PROVIDER_HEAD)
    settings.PROVIDER_MANDATES = {}
    review = sitting.opened(own)
    sitting.has_lasted(review)
    reviews.sweep()
    review.refresh_from_db()
    assert review.is_open
    assert sitting.item(review, own).decision == ""
    assert not Removal.objects.exists()
    assert OutgoingMessage.objects.get(kind="review_stuck").recipient_key == cast.AUDITOR.folded


def test_the_mandates_holder_starts_one_and_a_head_of_unit_cannot(directory, kiv):
    place = begin.place_of(sitting.process_leader(kiv))
    holder = acts.user(cast.PROVIDER_HEAD)
    begin.require_may_begin(place, by=holder, mandates=current.read(cast.PROVIDER_HEAD))
    for other in (cast.HEAD, cast.HEAD_ABOVE):
        with pytest.raises(NotAllowed):
            begin.require_may_begin(place, by=acts.user(other), mandates=current.read(other))
