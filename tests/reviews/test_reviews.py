"""A review from its opening to its end: who is asked, what is saved, and what silence does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from provisioning import dates
from provisioning.audit import verify
from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.models import AuditEntry, Decision, OutgoingMessage, Removal, Review, ReviewItem
from provisioning.removals.begin import Start
from provisioning.reviews import ask, begin, end
from provisioning.rules.hsa import Attribute, Level
from provisioning.rules.mandates import Delegable
from provisioning.rules.states.right import GrantState
from tests import cast
from tests.findings import drifting
from tests.grants import life
from tests.reviews import sitting
from tests.workflows import acts, delegating
from workflows.sweeps import reviews

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def a_working_day(monkeypatch):
    """Notices go out on working days only; these tests are not about which day it is."""
    monkeypatch.setattr("provisioning.rules.dates.deadlines.is_working_day", lambda day: True)


def test_the_timetable_opens_one_review_per_unit_with_what_is_due(directory, kiv):
    due = life.granted(kiv)
    other = life.granted(kiv, person_id=cast.DOCTOR, level=Level.OWN)
    review = sitting.opened(due)
    assert [item.grant_id for item in review.items.all()] == [due.pk]
    assert (review.opened_by, review.unit_key) == (None, cast.BJORKHAGA.folded)
    sitting.is_due(other)
    assert reviews.open_due() == 0, "one is open already"
    assert Review.objects.count() == 1


def test_rights_soon_due_are_taken_along_and_others_are_not(directory, kiv, settings):
    settings.REVIEW_GATHER_DAYS = 30
    due, soon = life.granted(kiv), life.granted(kiv, person_id=cast.DOCTOR, level=Level.OWN)
    late = life.statistics(kiv)
    type(soon).objects.filter(pk=soon.pk).update(next_review_on=dates.today() + timedelta(days=30))
    type(late).objects.filter(pk=late.pk).update(next_review_on=dates.today() + timedelta(days=31))
    review = sitting.opened(due)
    assert {item.grant_id for item in review.items.all()} == {due.pk, soon.pk}


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


def test_the_database_takes_no_decision_by_the_subject_and_none_without_a_reviewer(directory, kiv):
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    sitting.decide(review, {grant: Decision.KEEP})
    rows = ReviewItem.objects.filter(grant=grant)
    acts.user(grant.subject_id)
    for change in ({"reviewer": grant.subject_key}, {"reviewer": None}, {"reason": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**change)


def test_an_attesting_delegate_decides_for_the_head_until_the_delegation_ends(directory, kiv):
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


def test_the_head_and_an_auditor_start_a_review_and_nobody_else(directory, kiv, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    place = begin.place_of(life.granted(kiv))
    for person, may in (
        (cast.HEAD, True),
        (cast.AUDITOR, True),
        (cast.HEAD_ABOVE, False),
        (cast.KIV_ADMINISTRATOR, False),
        (cast.OUTSIDER, False),
    ):
        user, mandates = acts.user(person), current.read(person)
        if may:
            begin.require_may_begin(place, by=user, mandates=mandates)
        else:
            with pytest.raises(NotAllowed):
                begin.require_may_begin(place, by=user, mandates=mandates)


def test_a_head_who_has_only_other_units_now_does_not_review_here_any_more(directory, kiv):
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    drifting.replace(kiv, grant.unit_dn, "hsaHealthCareUnitManager", [cast.HEAD_ABOVE.text])
    assert current.read(cast.HEAD).is_head_of_unit  # of Almby
    with pytest.raises(NotAllowed):
        sitting.decide(review, {grant: Decision.KEEP})
    assert sitting.item(review, grant).decision == ""


def test_a_second_review_of_the_unit_is_refused_while_one_is_open(directory, kiv):
    grant = life.granted(kiv)
    sitting.begun(grant)
    with pytest.raises(WrongState):
        sitting.begun(grant)
    assert Review.objects.count() == 1


# -- notices and the ladder ----------------------------------------------------------------------------------


def test_only_the_undecided_are_told_and_again_after_some_working_days(directory, kiv, a_working_day):
    own, other = sitting.own_right_of_the_head(kiv), life.granted(kiv)
    review = sitting.opened(own, other)
    today = dates.today()
    assert ask.send_notices(today) == 2
    assert ask.send_notices(today) == 0
    told = OutgoingMessage.objects.filter(kind="review_waits").values_list("recipient_key", flat=True)
    assert set(told) == {cast.HEAD.folded, cast.HEAD_ABOVE.folded}
    sitting.decide(review, {other: Decision.KEEP})
    sitting.told(review, today - timedelta(days=30))
    assert ask.send_notices(today) == 1
    latest = OutgoingMessage.objects.filter(kind="review_waits").order_by("-pk").first()
    assert latest is not None and latest.recipient_key == cast.HEAD_ABOVE.folded


def test_nobody_is_told_on_a_day_off(directory, kiv, monkeypatch):
    sitting.opened(life.granted(kiv))
    monkeypatch.setattr("provisioning.rules.dates.deadlines.is_working_day", lambda day: False)
    assert ask.send_notices(dates.today()) == 0
    assert not OutgoingMessage.objects.filter(kind="review_waits").exists()


def test_one_message_whatever_the_number_of_rights(directory, kiv, a_working_day):
    sitting.opened(life.granted(kiv), life.statistics(kiv))
    assert ask.send_notices(dates.today()) == 1


def test_the_next_head_up_is_asked_when_nobody_decides(directory, kiv):
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    reviews.ask_around(_directory())
    assert sitting.waits_for(cast.HEAD_ABOVE) == set()
    Review.objects.update(escalated_on=dates.today() - timedelta(days=40))
    reviews.ask_around(_directory())
    assert sitting.waits_for(cast.HEAD_ABOVE) == sitting.waits_for(cast.HEAD) == {grant.pk}
    review.refresh_from_db()
    assert review.escalation_level == 1
    sitting.decide(review, {grant: Decision.KEEP}, by=cast.HEAD_ABOVE)
    assert sitting.item(review, grant).reviewer_id == cast.HEAD_ABOVE.folded


# -- the end -------------------------------------------------------------------------------------------------


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
def test_a_silent_directory_ends_nothing_and_tells_nobody_that_nobody_can_decide(
    directory, kiv, settings, fault
):
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


def _directory():
    from provisioning.directory import open_directory

    return open_directory()


def _not_started(removal: Removal) -> Start:
    raise AssertionError("nothing is to be removed")
