"""Reminding: by the tool after some working days, and by the button of those who wait."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from provisioning.cases import moves, reminders
from provisioning.errors import NotAllowed, WrongState
from provisioning.models import AccessRequest, AuditEntry, OutgoingMessage
from provisioning.orders.draft import Choice
from provisioning.rules.hsa import HsaId
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.clock import pinned
from tests.orders.test_escalate import told
from workflows import tasks

pytestmark = pytest.mark.django_db(transaction=True)


OPERATOR = cast.SETTLED


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    return pinned(monkeypatch, "2026-03-02")  # a Monday


def remind(request: AccessRequest, by: HsaId) -> None:
    user = acts.user(by)
    with transaction.atomic():
        reminders.remind_others(moves.lock(AccessRequest, request.pk), by=user)


@pytest.mark.parametrize(
    ("by", "may"), [(cast.COORDINATOR, True), (cast.HEAD, False), (cast.OUTSIDER, False)]
)
def test_who_waits_can_remind_and_others_cannot(directory, clock, by, may):
    request = acts.order(by=cast.COORDINATOR)
    clock.set("2026-03-03")
    if may:
        remind(request, by)
        assert told("reminder") == {cast.HEAD.folded}
        entry = AuditEntry.objects.get(action="request.nudged")
        assert entry.actor_id == by.folded
        return
    with pytest.raises(NotAllowed):
        remind(request, by)
    assert told("reminder") == set()


def test_reminding_has_its_limit(directory, clock, settings):
    settings.REMINDER_EVERY_HOURS = 24
    request = acts.order(by=cast.COORDINATOR)
    for day, at, is_too_soon in [
        ("2026-03-02", "09:00", True),  # they were told a moment ago
        ("2026-03-03", "08:59", True),
        ("2026-03-03", "09:00", False),
        ("2026-03-03", "15:00", True),
        ("2026-03-04", "09:00", False),
    ]:
        clock.set(day, at)
        if is_too_soon:
            with pytest.raises(WrongState) as refused:
                remind(request, cast.COORDINATOR)
            assert refused.value.code == "too_soon"
        else:
            remind(request, cast.COORDINATOR)
    assert AuditEntry.objects.filter(action="request.nudged").count() == 2


def test_the_person_can_remind_the_orderer_and_not_vice_versa(directory, clock):
    request = acts.order(person_id=cast.COORDINATOR_UNCOUPLED)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_CHOICE
    clock.set("2026-03-03", "12:00")
    remind(request, cast.COORDINATOR_UNCOUPLED)
    assert told("reminder") == {cast.HEAD.folded}
    with pytest.raises(WrongState):
        remind(request, cast.HEAD)


def test_nobody_is_reminded_of_what_the_tool_itself_has(directory, clock):
    request = acts.order(person_id=cast.COORDINATOR_UNCOUPLED)
    acts.work()
    request.refresh_from_db()
    acts.choose(request, Choice.WAIT)
    request.refresh_from_db()
    clock.set("2026-03-04")
    with pytest.raises(WrongState):
        remind(request, cast.HEAD)
    assert told("reminder") == set()


@pytest.mark.parametrize(("days", "count"), [(0, 0), (1, 0), (7, 1)])
def test_who_sits_on_a_request_is_reminded_after_working_days(directory, days, count):
    request = acts.order(by=cast.COORDINATOR)
    AccessRequest.objects.filter(pk=request.pk).update(state_since=timezone.now() - timedelta(days=days))
    for _twice in range(2):
        tasks.sweep_reminders()
    assert OutgoingMessage.objects.filter(kind="reminder", recipient_key=cast.HEAD.folded).count() == count
    assert AuditEntry.objects.filter(action="request.reminded").count() == count
