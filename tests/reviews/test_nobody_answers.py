"""Silence: who is asked next, where that ends, and what each setting makes of what nobody decided."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioning import dates
from provisioning.directory import open_directory
from provisioning.errors import NotAllowed
from provisioning.models import AuditEntry, Decision, OutgoingMessage, Removal, Review
from provisioning.reviews import begin
from provisioning.rules.mandates import Delegable
from provisioning.rules.states.right import GrantState
from tests import cast
from tests.findings import drifting
from tests.mandates import delegating
from tests.reviews import sitting
from tests.rights import life
from workflows.sweeps import reviews

pytestmark = pytest.mark.django_db(transaction=True)

MANAGER = "hsaHealthCareUnitManager"


@pytest.fixture(autouse=True)
def a_working_day(monkeypatch):
    """Notices go out on working days only; these tests are not about which day it is."""
    monkeypatch.setattr("provisioning.rules.dates.deadlines.is_working_day", lambda day: True)


@pytest.fixture(autouse=True)
def somebody_runs_the_tool(settings):
    settings.OPERATORS = (cast.AUDITOR.text,)


def without_heads(kiv) -> None:
    """Neither the unit nor anything above it has a head any more."""
    provider = open_directory().provider(cast.PROVIDER)
    assert provider is not None
    for dn in (drifting.unit_dn(cast.BJORKHAGA), drifting.unit_dn(cast.AREA_NORTH), provider.dn):
        drifting.replace(kiv, dn, MANAGER, [])


def told(kind: str) -> list[str]:
    return list(OutgoingMessage.objects.filter(kind=kind).values_list("recipient_key", flat=True))


def a_rung_has_passed(review: Review) -> None:
    Review.objects.filter(pk=review.pk).update(escalated_on=dates.today() - timedelta(days=60))
    reviews.sweep()
    review.refresh_from_db()


# -- the ladder ----------------------------------------------------------------------------------------------


def test_the_ladder_ends_at_its_top_and_those_who_were_asked_stay_asked(directory, kiv, settings):
    settings.ESCALATION_LEVELS = 2
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    levels = []
    for _rung in range(4):
        a_rung_has_passed(review)
        levels.append(review.escalation_level)
    assert levels == [1, 2, 2, 2]
    people = [cast.HEAD, cast.HEAD_ABOVE, cast.PROVIDER_HEAD]
    assert [sitting.waits_for(person) for person in people] == [{grant.pk}] * 3
    assert AuditEntry.objects.filter(action="review.escalated").count() == 2
    assert told("review_stuck") == [], "three people can decide"


def test_operators_are_told_once_where_no_unit_has_a_head(directory, kiv, settings):
    settings.REVIEW_UNDECIDED = "remove"
    grant = life.granted(kiv)
    without_heads(kiv)
    sitting.is_due(grant)
    reviews.sweep()
    reviews.sweep()
    review = Review.objects.get()
    assert not review.reviewers.exists()
    assert told("review_stuck") == [cast.AUDITOR.folded]
    assert told("review_waits") == []
    sitting.has_lasted(review)
    reviews.sweep()
    review.refresh_from_db()
    assert review.is_open
    assert review.due_on > dates.today()
    assert sitting.item(review, grant).decision == ""
    assert not Removal.objects.exists()


def test_a_new_head_is_asked_and_the_one_before_is_not_any_more(directory, kiv):
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    drifting.replace(kiv, drifting.unit_dn(cast.BJORKHAGA), MANAGER, [cast.DOCTOR.text])
    reviews.sweep()
    assert sitting.waits_for(cast.HEAD) == set()
    assert sitting.waits_for(cast.DOCTOR) == {grant.pk}
    with pytest.raises(NotAllowed):
        sitting.decide(review, {grant: Decision.REMOVE}, by=cast.HEAD)
    sitting.decide(review, {grant: Decision.KEEP}, by=cast.DOCTOR)
    assert sitting.item(review, grant).reviewer_id == cast.DOCTOR.folded


# -- a delegation that ends in the middle --------------------------------------------------------------------


def test_a_delegates_decisions_stay_when_the_delegation_is_revoked(directory, kiv):
    first, second = life.granted(kiv), life.statistics(kiv)
    delegation = delegating.give(kinds=[Delegable.ATTESTING])
    review = sitting.opened(first, second)
    sitting.decide(review, {first: Decision.REMOVE}, by=cast.DELEGATE)
    delegating.revoke(delegation)
    reviews.sweep()
    assert sitting.waits_for(cast.DELEGATE) == set()
    assert sitting.waits_for(cast.HEAD) == {second.pk}
    with pytest.raises(NotAllowed):
        sitting.decide(review, {second: Decision.REMOVE}, by=cast.DELEGATE)
    kept = sitting.item(review, first)
    assert (kept.decision, kept.reviewer_id) == (Decision.REMOVE, cast.DELEGATE.folded)
    assert kept.reviewed_for_id == cast.HEAD.folded
    assert [row.grant_id for row in Removal.objects.all()] == [first.pk]


# -- the end, by each setting --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "times", "decision"),
    [
        ("ask_again", 1, ""),
        ("ask_again", 2, Decision.SILENCE_REMOVED),
        ("remove", 1, Decision.SILENCE_REMOVED),
        ("keep", 1, Decision.SILENCE_KEPT),
    ],
)
def test_the_setting_decides_only_what_nobody_decided(directory, kiv, settings, setting, times, decision):
    settings.REVIEW_UNDECIDED = setting
    decided, left = life.granted(kiv), life.statistics(kiv)
    review = sitting.opened(decided, left)
    sitting.decide(review, {decided: Decision.KEEP})
    kept = sitting.item(review, decided)
    for _time in range(times):
        sitting.has_lasted(review)
        reviews.sweep()
    review.refresh_from_db()
    item = sitting.item(review, left)
    assert (item.decision, item.reviewer, item.reason) == (decision, None, "")
    assert review.is_open == (decision == "")
    left.refresh_from_db()
    is_gone = decision == Decision.SILENCE_REMOVED
    assert left.current_state is (GrantState.ENDING if is_gone else GrantState.ACTIVE)
    assert [row.grant_id for row in Removal.objects.all()] == ([left.pk] if is_gone else [])
    entries = AuditEntry.objects.filter(action="review.undecided", about=left.public_id)
    assert entries.count() == (decision != "")
    same = sitting.item(review, decided)
    assert (same.decision, same.reviewer_id, same.decided_at) == ("keep", cast.HEAD.folded, kept.decided_at)
    decided.refresh_from_db()
    assert decided.current_state is GrantState.ACTIVE


def test_what_was_kept_by_silence_comes_again_with_the_next_round(directory, kiv, settings):
    settings.REVIEW_UNDECIDED = "keep"
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    sitting.has_lasted(review)
    reviews.sweep()
    grant.refresh_from_db()
    assert grant.next_review_on > dates.today() + timedelta(days=300)
    assert begin.places_due(dates.today()) == []


# -- a silent directory --------------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", ["ask_again", "remove", "keep"])
def test_a_silent_directory_opens_the_review_and_decides_nothing(directory, kiv, settings, setting):
    settings.REVIEW_UNDECIDED = setting
    grant = life.granted(kiv)
    sitting.is_due(grant)
    directory.faults.is_busy = True
    reviews.sweep()
    review = Review.objects.get()
    Review.objects.update(due_on=dates.today() - timedelta(days=40))
    reviews.sweep()
    review.refresh_from_db()
    assert (review.is_open, review.times_asked) == (True, 1)
    assert sitting.item(review, grant).decision == ""
    assert told("review_waits") == told("review_stuck") == []

    directory.faults.is_busy = False
    reviews.sweep()
    assert told("review_waits") == [cast.HEAD.folded]
    review.refresh_from_db()
    if setting != "keep":
        assert review.is_open
        assert review.due_on > dates.today(), "time to answer begins when somebody is asked"
    assert not Removal.objects.exists()
    grant.refresh_from_db()
    assert grant.current_state is GrantState.ACTIVE


@pytest.mark.parametrize("climbs", [False, True])
def test_a_silent_directory_takes_nobody_off_and_asks_nobody_more(directory, kiv, climbs):
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    if climbs:
        Review.objects.update(escalated_on=dates.today() - timedelta(days=60))
    directory.faults.is_busy = True
    reviews.sweep()
    review.refresh_from_db()
    directory.faults.is_busy = False
    assert review.escalation_level == 0
    assert sitting.waits_for(cast.HEAD) == {grant.pk}
    assert sitting.waits_for(cast.HEAD_ABOVE) == set()
    reviews.ask_around(open_directory())
    review.refresh_from_db()
    assert review.escalation_level == climbs
