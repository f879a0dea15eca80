"""After a clock that was an hour ahead, what was planned meanwhile does not stay an hour away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from viewflow.workflow.models import Task

from provisioning.models import OutgoingMessage
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from workflows import steps
from workflows.sweeps import clock

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


def test_a_look_that_was_planned_by_a_wrong_clock_is_due_again(directory):
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    type(request).objects.filter(pk=request.pk).update(next_poll_at=timezone.now() + DAY)

    assert clock.sweep() == 1
    request.refresh_from_db()
    assert request.next_poll_at <= timezone.now()


def test_a_look_within_its_schedule_is_left_alone(directory, settings):
    request = acts.order()
    acts.work()
    later = timezone.now() + timedelta(seconds=max(settings.POLL_SCHEDULE_SECONDS))
    type(request).objects.filter(pk=request.pk).update(next_poll_at=later)

    assert clock.sweep() == 0
    request.refresh_from_db()
    assert request.next_poll_at == later


def test_a_claim_and_a_put_off_by_a_wrong_clock_are_due_again(directory):
    acts.order()
    pk = steps.due_background()[0]
    Task.objects.filter(pk=pk).update(
        scheduled=timezone.now() + DAY, data={"attempts": 1, "claim": "of a dead worker"}
    )
    assert clock.sweep() == 1
    assert pk in steps.due_background()


def test_an_order_for_a_later_day_still_waits_for_it(directory):
    first = timezone.localdate() + timedelta(days=20)
    acts.order(starts_on=first)
    task = Task.objects.get(flow_task_type="JOB", status="SCHEDULED")
    planned = task.scheduled
    assert planned > timezone.now() + timedelta(days=18)

    assert clock.sweep() == 0
    Task.objects.filter(pk=task.pk).update(scheduled=planned + timedelta(days=400))
    assert clock.sweep() == 1
    task.refresh_from_db()
    assert abs(task.scheduled - planned) < timedelta(minutes=5)


def test_a_mail_that_was_planned_by_a_wrong_clock_is_sent(directory):
    acts.order(by=cast.COORDINATOR)
    rows = OutgoingMessage.objects.filter(state="queued")
    rows.update(next_try_at=timezone.now() + timedelta(days=30))
    count = rows.count()
    assert count

    assert clock.sweep() == count
    assert not OutgoingMessage.objects.filter(next_try_at__gt=timezone.now()).exists()
