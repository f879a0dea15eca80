"""Two people, or two workers, at once on a review, on PostgreSQL: real threads, real row locks."""

from __future__ import annotations

import pytest
from django.utils import timezone

from provisioning import dates
from provisioning.audit import verify
from provisioning.directory import open_directory
from provisioning.findings import tell
from provisioning.models import AuditEntry, Decision, Finding, Grant, OutgoingMessage, Removal, Review
from provisioning.reviews import ask
from provisioning.rights import notices
from provisioning.rules.drift import differences
from provisioning.rules.hsa import Attribute
from provisioning.rules.mandates import Delegable
from tests import acts, cast
from tests.findings import drifting
from tests.mandates import delegating
from tests.reviews import sitting
from tests.rights import life
from tests.workflows.orders.test_at_once import at_once, errors
from workflows.sweeps import reviews

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def a_working_day(monkeypatch):
    """Notices go out on working days only; these tests are not about which day it is."""
    monkeypatch.setattr("provisioning.rules.dates.deadlines.is_working_day", lambda day: True)


def told(kind: str) -> list[str]:
    """Who got such a message, once for each."""
    return sorted(OutgoingMessage.objects.filter(kind=kind).values_list("recipient_key", flat=True))


def test_the_same_rights_decided_by_two_at_once_are_decided_once(directory, kiv):
    first, second = life.granted(kiv), life.statistics(kiv)
    delegating.give(kinds=[Delegable.ATTESTING])
    review = sitting.opened(first, second)
    acts.user(cast.HEAD), acts.user(cast.DELEGATE)
    results = at_once(
        lambda: sitting.decide(review, {first: Decision.KEEP, second: Decision.KEEP}, by=cast.HEAD),
        lambda: sitting.decide(review, {second: Decision.REMOVE, first: Decision.REMOVE}, by=cast.DELEGATE),
    )
    # The slower one finds the review closed.
    assert [error.code for error in errors(results)] == ["wrong_state"]
    assert [result for result in results if not isinstance(result, Exception)] == [2]
    decided = {(row.decision, row.reviewer_id, row.batch_size) for row in review.items.all()}
    assert len(decided) == 1, "one sitting, whole"
    is_kept = decided == {("keep", cast.HEAD.folded, 2)}
    assert Removal.objects.count() == (0 if is_kept else 2)
    assert AuditEntry.objects.filter(action="grant.reviewed").count() == 2
    assert AuditEntry.objects.filter(action="review.closed").count() == 1
    assert verify.verify().is_sound


def test_two_who_share_some_rights_lose_no_answer(directory, kiv):
    shared, rest = life.granted(kiv), life.statistics(kiv)
    left = life.statistics(kiv, person_id=cast.DOCTOR)
    delegating.give(kinds=[Delegable.ATTESTING])
    review = sitting.opened(shared, rest, left)
    acts.user(cast.HEAD), acts.user(cast.DELEGATE)
    results = at_once(
        lambda: sitting.decide(review, {shared: Decision.KEEP, rest: Decision.KEEP}, by=cast.HEAD),
        lambda: sitting.decide(review, {shared: Decision.REMOVE}, by=cast.DELEGATE),
    )
    assert errors(results) == []
    assert sorted(map(int, results)) in ([0, 2], [1, 1])
    assert sitting.item(review, rest).decision == Decision.KEEP
    assert sitting.item(review, left).decision == ""
    by = {Decision.KEEP: cast.HEAD, Decision.REMOVE: cast.DELEGATE}
    item = sitting.item(review, shared)
    assert item.reviewer_id == by[Decision(item.decision)].folded
    assert Removal.objects.count() == (item.decision == Decision.REMOVE)


def test_the_timetable_opens_one_review_under_many_workers(directory, kiv):
    sitting.is_due(life.granted(kiv), life.statistics(kiv))
    results = at_once(*[reviews.open_due] * 4)
    assert sum(map(int, results)) == 1
    assert Review.objects.get().items.count() == 2


def test_review_notices_under_many_workers_reach_everybody_once(directory, kiv, a_working_day):
    sitting.opened(sitting.own_right_of_the_head(kiv), life.granted(kiv))
    today = dates.today()
    results = at_once(*[lambda: ask.send_notices(today)] * 4)
    assert sum(map(int, results)) == 2
    assert told("review_waits") == sorted([cast.HEAD.folded, cast.HEAD_ABOVE.folded])


def test_a_last_decision_and_notices_at_once_do_not_deadlock(directory, kiv, a_working_day):
    """Both take the reviewers' rows and the end of the audit chain."""
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    acts.user(cast.HEAD)
    today = dates.today()
    results = at_once(
        lambda: sitting.decide(review, {grant: Decision.KEEP}),
        *[lambda: ask.send_notices(today)] * 3,
    )
    assert errors(results) == []
    assert results[0] == 1
    assert len(told("review_waits")) <= 1
    assert verify.verify().is_sound


def test_sweeps_at_once_end_a_review_once(directory, kiv, settings):
    settings.REVIEW_UNDECIDED = "remove"
    grant, other = life.granted(kiv), life.statistics(kiv)
    review = sitting.opened(grant, other)
    sitting.has_lasted(review)
    at_once(*[reviews.sweep] * 3)
    review.refresh_from_db()
    assert not review.is_open
    assert Removal.objects.count() == 2
    assert AuditEntry.objects.filter(action="review.undecided").count() == 2
    assert AuditEntry.objects.filter(action="review.closed").count() == 1


def test_digests_of_ends_under_many_workers_reach_everybody_once(directory, kiv):
    soon = dates.today() + notices._EARLIEST / 2
    for grant in (life.granted(kiv), life.statistics(kiv, person_id=cast.DOCTOR)):
        Grant.objects.filter(pk=grant.pk).update(ends_on=soon, noticed_on=None)

    def sweep() -> int:
        notices.give_notices(open_directory())
        return notices.send_digests()

    results = at_once(*[sweep] * 4)
    assert errors(results) == []
    notices.send_digests()  # what one worker wrote while the others sent
    people = sorted([cast.COORDINATOR.folded, cast.DOCTOR.folded])
    assert [key for key in told("rights_end_soon") if key in people] == people
    assert told("rights_end_soon").count(cast.HEAD.folded) in (1, 2)
    assert AuditEntry.objects.filter(action="grant.noticed").count() == 2


def test_digests_of_findings_under_many_workers_reach_everybody_once(directory, kiv):
    drifting.swept()
    rows = Finding.objects.to_settle()
    assert rows.count() > 1
    OutgoingMessage.objects.all().delete()
    rows.update(told_at=None)
    expected = tell.tell(open_directory())
    owners = told("findings")
    assert len(owners) == expected

    OutgoingMessage.objects.all().delete()
    rows.update(told_at=None)
    results = at_once(*[lambda: tell.tell(open_directory())] * 4)
    assert sum(map(int, results)) == expected
    assert told("findings") == owners


def test_a_finding_that_comes_while_others_are_told_tells_its_owner_alone(directory, kiv, monkeypatch):
    """One worker has looked up whom to tell; another tells of the older findings in between."""
    grant = life.granted(kiv)
    kiv.remove_value(grant.person_dn, Attribute.SYSTEM_ROLE, life.ROLE)
    drifting.swept()
    OutgoingMessage.objects.all().delete()
    Finding.objects.update(told_at=None)
    newest = drifting.finding(cast.COORDINATOR, differences.DriftKind.ROLE_MISSING)
    write = tell._write_digests

    def late(*looked):
        monkeypatch.setattr(tell, "_write_digests", write)
        Finding.objects.filter(pk=newest.pk).update(told_at=timezone.now())
        tell.tell(open_directory())  # all but the newest
        Finding.objects.filter(pk=newest.pk).update(told_at=None)
        return write(*looked)

    monkeypatch.setattr(tell, "_write_digests", late)
    tell.tell(open_directory())
    counts = {key: told("findings").count(key) for key in told("findings")}
    twice = {key for key, count in counts.items() if count == 2}
    assert len(counts) > len(twice), "who has none but older findings is told once"
    assert twice == {person.folded for person in _owners(newest)}


def _owners(finding: Finding):
    return tell._owners_of(open_directory(), finding)
