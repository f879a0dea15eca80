"""An order that is not finished before its own last day: it ends, and nobody is asked to set or attest it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioning import dates
from provisioning.models import AccessRequest, AuditEntry, Grant, OutgoingMessage
from provisioning.orders.draft import Choice
from provisioning.rules.hsa import Level, Service
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from workflows import tasks

pytestmark = pytest.mark.django_db(transaction=True)


def awaiting_attestation() -> AccessRequest:
    return acts.order(by=cast.COORDINATOR)


def awaiting_second_attestation() -> AccessRequest:
    return acts.order(
        person_id=cast.PROCESS_LEADER,
        service=Service.INTYGSSTATISTIK,
        level=Level.PROVIDER,
        units=[cast.PROVIDER],
    )


def awaiting_kiv() -> AccessRequest:
    return _worked_on(acts.order())


def awaiting_choice() -> AccessRequest:
    return _worked_on(acts.order(person_id=cast.COORDINATOR_UNCOUPLED))


def waiting() -> AccessRequest:
    return acts.choose(awaiting_choice(), Choice.WAIT)


def before_its_first_day() -> AccessRequest:
    return acts.order(starts_on=dates.today() + timedelta(days=5), days=10)


def _worked_on(request: AccessRequest) -> AccessRequest:
    acts.work()
    request.refresh_from_db()
    return request


def ends(request: AccessRequest, days_ago: int) -> AccessRequest:
    last_day = dates.today() - timedelta(days=days_ago)
    AccessRequest.objects.filter(pk=request.pk).update(
        starts_on=last_day - timedelta(days=14), ends_on=last_day
    )
    request.refresh_from_db()
    return request


@pytest.mark.parametrize(
    "wherever",
    [
        awaiting_attestation,
        awaiting_second_attestation,
        awaiting_kiv,
        awaiting_choice,
        waiting,
        before_its_first_day,
    ],
)
def test_it_ends_the_day_after_wherever_it_is_and_those_concerned_are_told(directory, wherever):
    request = wherever()
    state, waited = request.current_state, set(request.handlers.values_list("person_key", flat=True))
    ends(request, days_ago=0)
    tasks.sweep_expiry()
    request.refresh_from_db()
    assert request.current_state is state, "its last day still counts"

    ends(request, days_ago=1)
    for _run in range(2):
        tasks.sweep_expiry()

    request.refresh_from_db()
    assert (request.current_state, request.end_code) == (RequestState.CANNOT_BE_DONE, "order.last_day_passed")
    assert request.end_reason and not request.handlers.exists()
    entry = AuditEntry.objects.get(action="request.last_day_passed")
    told = set(OutgoingMessage.objects.filter(cause=entry).values_list("recipient_key", flat=True))
    assert told == {request.subject_key, request.order.orderer_id} | waited
    acts.make_everything_due()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.CANNOT_BE_DONE
    assert not Grant.objects.exists()


def test_a_value_set_already_is_given_and_removed_like_any_right(directory, kiv):
    request = awaiting_kiv()
    acts.set_values(request, kiv)
    acts.kiv_tasks.poll_due()
    AccessRequest.objects.filter(next_poll_at__isnull=False).update(next_poll_at=request.state_since)
    acts.kiv_tasks.poll_due()
    request.refresh_from_db()
    assert request.current_state is RequestState.VERIFYING
    ends(request, days_ago=1)
    tasks.sweep_expiry()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE
    tasks.sweep_expiry()
    grant = Grant.objects.get()
    assert grant.end_cause == "expiry" and grant.removals.open().exists()
