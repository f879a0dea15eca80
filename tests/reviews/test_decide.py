"""Decisions in a review: by whom, with which reason, and what is kept of what the directory said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from provisioning import dates
from provisioning.audit import verify
from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.models import AuditEntry, Decision, Removal, ReviewItem
from provisioning.rules.hsa import Attribute
from provisioning.rules.mandates import Delegable
from provisioning.rules.states.right import GrantState
from tests import acts, cast
from tests.findings import drifting
from tests.mandates import delegating
from tests.reviews import sitting
from tests.rights import life
from workflows.sweeps import reviews

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_head_keeps_one_right_and_has_another_removed(directory, kiv):
    kept, gone = life.granted(kiv), life.statistics(kiv)
    review = sitting.opened(kept, gone)
    assert sitting.waits_for(cast.HEAD) == {kept.pk, gone.pk}
    saved = sitting.decide(review, {kept: Decision.KEEP, gone: Decision.REMOVE}, seconds=75)
    assert saved == 2
    kept.refresh_from_db()
    gone.refresh_from_db()
    assert kept.current_state is GrantState.ACTIVE
    assert kept.next_review_on > dates.today() + timedelta(days=300)
    assert gone.current_state is GrantState.ENDING
    removal = Removal.objects.get()
    assert (removal.cause, removal.started_by_id, removal.reason) == (
        "review",
        cast.HEAD.folded,
        sitting.WHY,
    )
    life.take_away(kiv, life.with_kiv(removal))
    life.work()
    gone.refresh_from_db()
    assert gone.current_state is GrantState.ENDED
    review.refresh_from_db()
    assert not review.is_open
    item = sitting.item(review, kept)
    assert (item.reviewer_id, item.seconds_spent, item.batch_size) == (cast.HEAD.folded, 75, 2)
    assert verify.verify().is_sound
    entry = AuditEntry.objects.get(action="grant.reviewed", about=kept.public_id)
    assert entry.data["directory"] == item.directory_digest


def test_the_decision_keeps_what_the_directory_said_at_that_moment(directory, kiv):
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    kiv.remove_value(grant.person_dn, Attribute.SYSTEM_ROLE, life.ROLE)
    sitting.decide(review, {grant: Decision.KEEP})
    kiv.add_value(grant.person_dn, Attribute.SYSTEM_ROLE, life.ROLE)
    item = sitting.item(review, grant)
    assert (item.directory_said["answer"], item.directory_said["causes"]) == ("no", ["role.missing"])
    assert item.directory_read_at is not None
    assert len(item.directory_digest) == 64


def test_a_part_is_saved_and_the_rest_waits(directory, kiv):
    first, second = life.granted(kiv), life.statistics(kiv)
    review = sitting.opened(first, second)
    sitting.decide(review, {first: Decision.KEEP})
    review.refresh_from_db()
    assert review.is_open
    assert sitting.waits_for(cast.HEAD) == {second.pk}
    sitting.decide(review, {second: Decision.KEEP})
    review.refresh_from_db()
    assert not review.is_open


def test_what_is_decided_is_not_decided_again(directory, kiv):
    first, second = life.granted(kiv), life.statistics(kiv)
    review = sitting.opened(first, second)
    sitting.decide(review, {first: Decision.KEEP})
    assert sitting.decide(review, {first: Decision.REMOVE}) == 0
    assert not Removal.objects.exists()
    sitting.decide(review, {second: Decision.KEEP})
    with pytest.raises(WrongState):
        sitting.decide(review, {second: Decision.REMOVE})


def test_a_right_that_ended_meanwhile_needs_no_decision(directory, kiv):
    grant, other = life.granted(kiv), life.statistics(kiv)
    review = sitting.opened(grant, other)
    life.removal_by_head(grant)
    assert sitting.decide(review, {grant: Decision.KEEP}) == 0
    assert sitting.item(review, grant).decision == Decision.ENDED
    assert Removal.objects.count() == 1


def test_what_needed_no_decision_any_more_is_in_the_event_log(directory, kiv):
    asked, unasked, other = life.granted(kiv), life.granted(kiv, person_id=cast.SETTLED), life.statistics(kiv)
    review = sitting.opened(asked, unasked, other)
    life.removal_by_head(asked)
    sitting.decide(review, {asked: Decision.KEEP})
    life.removal_by_head(unasked)
    reviews.sweep()
    told = AuditEntry.objects.filter(action="review.not_needed").order_by("sequence")
    assert [(entry.about, entry.data["decision"]) for entry in told] == [
        (asked.public_id, "ended"),
        (unasked.public_id, "ended"),
    ]
    assert {entry.data["review"] for entry in told} == {str(review.public_id)}
    assert sitting.item(review, other).decision == ""


@pytest.mark.parametrize("reason", ["", "   "])
def test_a_decision_without_a_reason_is_refused(directory, kiv, reason):
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    with pytest.raises(Invalid):
        sitting.decide(review, {grant: Decision.KEEP}, reason=reason)
    assert sitting.item(review, grant).decision == ""


def test_nobody_reviews_their_own_right_and_the_head_above_does(directory, kiv):
    own, other = sitting.own_right_of_the_head(kiv), life.granted(kiv)
    review = sitting.opened(own, other)
    assert sitting.waits_for(cast.HEAD) == {other.pk}
    assert sitting.waits_for(cast.HEAD_ABOVE) == {own.pk}
    with pytest.raises(NotAllowed):
        sitting.decide(review, {own: Decision.KEEP}, by=cast.HEAD)
    with pytest.raises(NotAllowed):
        sitting.decide(review, {other: Decision.KEEP}, by=cast.HEAD_ABOVE)
    sitting.decide(review, {own: Decision.KEEP}, by=cast.HEAD_ABOVE)
    assert sitting.item(review, own).reviewer_id == cast.HEAD_ABOVE.folded


def test_the_database_refuses_decisions_by_subject_or_nobody(directory, kiv):
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    sitting.decide(review, {grant: Decision.KEEP})
    rows = ReviewItem.objects.filter(grant=grant)
    acts.user(grant.subject_id)
    for change in ({"reviewer": grant.subject_key}, {"reviewer": None}, {"reason": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)


def test_an_attesting_delegate_decides_while_the_delegation_lasts(directory, kiv):
    first, second = life.granted(kiv), life.statistics(kiv)
    delegation = delegating.give(kinds=[Delegable.ATTESTING])
    review = sitting.opened(first, second)
    sitting.decide(review, {first: Decision.KEEP}, by=cast.DELEGATE)
    item = sitting.item(review, first)
    assert (item.reviewer_id, item.reviewed_for_id) == (cast.DELEGATE.folded, cast.HEAD.folded)
    delegating.revoke(delegation)
    with pytest.raises(NotAllowed):
        sitting.decide(review, {second: Decision.KEEP}, by=cast.DELEGATE)
    assert sitting.item(review, second).decision == ""


@pytest.mark.parametrize("by", [cast.OUTSIDER, cast.KIV_ADMINISTRATOR, cast.AUDITOR, cast.COORDINATOR])
def test_who_was_not_asked_decides_nothing(directory, kiv, by):
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    with pytest.raises(NotAllowed):
        sitting.decide(review, {grant: Decision.REMOVE}, by=by)
    assert not Removal.objects.exists()
    assert sitting.waits_for(by) == set()


def test_a_head_who_has_only_other_units_now_does_not_review_here_any_more(directory, kiv):
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    drifting.replace(kiv, grant.unit_dn, "hsaHealthCareUnitManager", [cast.HEAD_ABOVE.text])
    assert current.read(cast.HEAD).is_head_of_unit  # of Almby
    with pytest.raises(NotAllowed):
        sitting.decide(review, {grant: Decision.KEEP})
    assert sitting.item(review, grant).decision == ""
