"""Nobody answers: the ladder, how it is climbed and where it ends. All on pinned days."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from provisioning.models import AccessRequest, AuditEntry, OutgoingMessage
from provisioning.rules.hsa import Level, Service
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.clock import pinned
from tests.mandates import delegating
from workflows import tasks

pytestmark = pytest.mark.django_db(transaction=True)


OPERATOR = cast.SETTLED


@pytest.fixture(autouse=True)
def clock(monkeypatch, settings):
    cache.clear()
    settings.OPERATORS = (OPERATOR.text,)
    settings.ESCALATE_AFTER_WORKING_DAYS = 4
    settings.ESCALATION_LEVELS = 2
    settings.ESCALATION_END = "end"
    return pinned(monkeypatch, "2026-03-02")  # a Monday; the fourth working day after it is Friday the 6th


def asked(request: AccessRequest) -> set[str]:
    return set(request.handlers.values_list("person_key", flat=True))


def climb(clock, day: str, at: str = "09:00") -> None:
    """The sweep on that day, twice: the second finds nothing left to do."""
    clock.set(day, at)
    tasks.sweep_escalations()
    tasks.sweep_escalations()


def told(kind: str) -> set[str]:
    return set(OutgoingMessage.objects.filter(kind=kind).values_list("recipient_key", flat=True))


@pytest.mark.parametrize(
    ("ordered", "day", "is_asked"),
    [
        ("2026-03-02", "2026-03-05", False),
        ("2026-03-02", "2026-03-06", True),
        ("2026-03-06", "2026-03-11", False),  # a weekend in between
        ("2026-03-06", "2026-03-12", True),
        ("2026-03-31", "2026-04-07", False),  # Good Friday and Easter Monday
        ("2026-03-31", "2026-04-08", True),
        ("2026-05-12", "2026-05-18", False),  # Ascension Day, a Thursday
        ("2026-05-12", "2026-05-19", True),
        ("2027-06-23", "2027-06-29", False),  # Midsummer Eve, a Friday
        ("2027-06-23", "2027-06-30", True),
        ("2028-12-21", "2028-12-28", False),  # Christmas Eve on a Sunday, then two holidays
        ("2028-12-21", "2028-12-29", True),
    ],
)
def test_the_next_head_up_is_asked_after_working_days(directory, clock, ordered, day, is_asked):
    clock.set(ordered)
    request = acts.order(by=cast.COORDINATOR)
    climb(clock, day)
    assert (cast.HEAD_ABOVE.folded in asked(request)) is is_asked
    assert AuditEntry.objects.filter(action="request.escalated").count() == is_asked


def test_the_first_can_still_act_and_so_can_the_next(directory, clock):
    first, second = acts.order(by=cast.COORDINATOR), acts.order(by=cast.DOCTOR, person_id=cast.DOCTOR)
    climb(clock, "2026-03-06")
    for request in (first, second):
        assert asked(request) == {cast.HEAD.folded, cast.HEAD_ABOVE.folded}
    assert cast.HEAD_ABOVE.folded in told("attest")
    acts.attest(first, cast.HEAD)
    acts.attest(second, cast.HEAD_ABOVE)
    second.refresh_from_db()
    assert second.attester_id == cast.HEAD_ABOVE.folded
    assert second.escalation_level == 0  # the ladder begins anew in the next state


def test_who_is_on_the_ladder_stays_when_handlers_are_read_again(directory, clock):
    request = acts.order(by=cast.COORDINATOR)
    climb(clock, "2026-03-06")
    tasks.sweep_handlers()
    assert asked(request) == {cast.HEAD.folded, cast.HEAD_ABOVE.folded}


def test_the_subject_is_never_asked_on_the_ladder(directory, clock):
    request = acts.order(by=cast.HEAD_ABOVE, person_id=cast.HEAD_ABOVE, units=[cast.BJORKHAGA])
    before = asked(request)
    assert before == {cast.HEAD.folded}
    climb(clock, "2026-03-06")
    assert cast.HEAD_ABOVE.folded not in asked(request)
    assert before < asked(request)


def test_the_whole_ladder_ends_with_a_reason_that_everybody_is_told(directory, clock):
    request = acts.order(by=cast.COORDINATOR)
    climb(clock, "2026-03-06")
    climb(clock, "2026-03-12")
    request.refresh_from_db()
    assert request.escalation_level == 2
    assert cast.PROVIDER_HEAD.folded in asked(request)
    assert request.is_open
    climb(clock, "2026-03-17")
    request.refresh_from_db()
    assert request.is_open
    climb(clock, "2026-03-18")
    request.refresh_from_db()
    assert request.current_state is RequestState.GAVE_UP
    assert request.end_code == "order.unanswered"
    assert request.end_reason
    assert request.process.status == "DONE"
    assert {cast.COORDINATOR.folded, cast.HEAD.folded, cast.HEAD_ABOVE.folded} <= told("ended")
    assert AuditEntry.objects.filter(action="request.unanswered").count() == 1
    again = acts.order(by=cast.COORDINATOR)  # and it can be ordered again
    assert again.pk != request.pk


def test_by_setting_it_stays_with_the_last_and_operators_are_told(directory, clock, settings):
    settings.ESCALATION_END = "stay"
    request = acts.order(by=cast.COORDINATOR)
    for day in ("2026-03-06", "2026-03-12"):
        climb(clock, day)
    assert told("stuck") == set()
    for day in ("2026-03-18", "2026-03-30", "2026-05-04"):
        climb(clock, day)
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_ATTESTATION
    assert told("stuck") == {OPERATOR.folded, cast.COORDINATOR.folded}
    assert AuditEntry.objects.filter(action="request.escalated").count() == 3
    acts.attest(request, cast.HEAD)


def test_without_rungs_it_ends_after_the_first_wait(directory, clock, settings):
    settings.ESCALATION_LEVELS = 0
    request = acts.order(by=cast.COORDINATOR)
    climb(clock, "2026-03-05")
    assert asked(request) == {cast.HEAD.folded}
    climb(clock, "2026-03-06")
    request.refresh_from_db()
    assert request.current_state is RequestState.GAVE_UP


def test_a_decision_stops_the_ladder(directory, clock):
    request = acts.order(by=cast.COORDINATOR)
    acts.reject(request, cast.HEAD)
    for day in ("2026-03-06", "2026-03-12", "2026-03-18", "2026-04-30"):
        climb(clock, day)
    assert not AuditEntry.objects.filter(action__in=["request.escalated", "request.unanswered"]).exists()


def test_a_silent_directory_only_puts_off_escalation(directory, clock):
    request = acts.order(by=cast.COORDINATOR)
    directory.faults.is_busy = True
    climb(clock, "2026-03-06")
    assert asked(request) == {cast.HEAD.folded}
    directory.faults.is_busy = False
    climb(clock, "2026-03-06", "09:30")
    assert asked(request) == {cast.HEAD.folded, cast.HEAD_ABOVE.folded}


def test_a_process_leaders_attesters_climb_without_delegates(directory, clock):
    delegating.give()
    request = acts.order(
        by=cast.COORDINATOR,
        person_id=cast.COORDINATOR,
        service=Service.INTYGSSTATISTIK,
        level=Level.PROVIDER,
        units=[cast.PROVIDER],
    )
    assert asked(request) == {cast.HEAD.folded}
    climb(clock, "2026-03-06")
    assert asked(request) == {cast.HEAD.folded, cast.HEAD_ABOVE.folded}
    acts.attest(request, cast.HEAD_ABOVE)
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_SECOND_ATTESTATION


def test_an_undecided_second_attestation_ends_as_well(directory, clock):
    request = acts.order_for_process_leader()
    assert request.current_state is RequestState.AWAITING_SECOND_ATTESTATION
    climb(clock, "2026-03-06")
    assert told("stuck") == {OPERATOR.folded}  # nobody stands above who holds the mandate
    climb(clock, "2026-03-12")
    climb(clock, "2026-03-18")
    request.refresh_from_db()
    assert request.current_state is RequestState.GAVE_UP


def test_a_kiv_task_stays_open_and_operators_and_orderer_are_told(directory, clock):
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    administrators = asked(request)
    climb(clock, "2026-03-05")
    assert told("stuck") == set()
    climb(clock, "2026-03-06")
    assert told("stuck") == {OPERATOR.folded}
    for day in ("2026-03-12", "2026-03-18", "2026-03-27", "2026-05-04"):
        climb(clock, day)
    assert told("stuck") == {OPERATOR.folded, cast.HEAD.folded}
    assert asked(request) == administrators
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV


def test_where_the_last_who_was_asked_falls_away_the_next_is_asked_at_once(directory, clock):
    row = delegating.give()
    request = acts.order(by=cast.COORDINATOR)
    request.handlers.exclude(delegation=row).delete()  # as if the delegate were the only one who may
    delegating.revoke(row, by=cast.DELEGATE)
    assert asked(request) == set()
    climb(clock, "2026-03-02")
    assert asked(request) == {cast.HEAD.folded, cast.HEAD_ABOVE.folded}
    assert AuditEntry.objects.filter(action="request.escalated").count() == 1
