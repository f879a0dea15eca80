"""The timetable bears a clock that was wrong for a moment, and says that it lives."""

from __future__ import annotations

from datetime import timedelta

import pytest
from celery import Celery

from config.timetable import KeptScheduler, SteadyScheduler
from provisioning import heartbeats
from provisioning.models import Heartbeat

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def app():
    made = Celery("timetable", broker="memory://", set_as_current=False)
    made.conf.beat_schedule = {"sweep": {"task": "sweep", "schedule": 5.0}}
    made.conf.timezone = "UTC"
    yield made
    made.close()


@pytest.fixture
def scheduler(app, monkeypatch):
    made = SteadyScheduler(app=app)
    sent = []
    monkeypatch.setattr(made, "apply_entry", lambda entry, producer=None: sent.append(entry.name))
    made.sent = sent
    yield made


def entry(scheduler):
    return scheduler.schedule["sweep"]


def rounds(scheduler, count=4):
    for _ in range(count):
        scheduler.tick()


def test_after_an_hour_ahead_the_next_run_is_not_an_hour_away(app, scheduler):
    entry(scheduler).last_run_at = app.now() + HOUR
    scheduler._heap = None

    assert scheduler.tick() <= 5.0
    assert entry(scheduler).last_run_at <= app.now()


def test_a_plain_timetable_would_have_been_silent_for_that_hour(app):
    from celery.beat import Scheduler

    plain = Scheduler(app=app, max_interval=10_000)
    plain.schedule["sweep"].last_run_at = app.now() + HOUR
    plain._heap = None
    assert plain.tick() > 3000


def test_a_step_of_the_clock_is_noticed_in_the_heap_too(scheduler):
    scheduler.tick()
    assert not scheduler.mind_the_clock()
    scheduler._offset -= HOUR.total_seconds()

    assert scheduler.mind_the_clock()
    assert scheduler._heap is None


def test_small_steps_disturb_nothing(app, scheduler):
    entry(scheduler).last_run_at = app.now() + timedelta(seconds=2)
    assert not scheduler.mind_the_clock()


def test_each_round_after_a_while_says_that_it_lives(scheduler):
    assert not heartbeats.lives(heartbeats.last(Heartbeat.Process.TIMETABLE))
    rounds(scheduler)
    assert heartbeats.lives(heartbeats.last(Heartbeat.Process.TIMETABLE))
    assert Heartbeat.objects.count() == 1


def test_what_was_kept_from_an_hour_ahead_is_brought_back(app, tmp_path):
    file = str(tmp_path / "beat")
    first = KeptScheduler(app=app, schedule_filename=file)
    first.schedule["sweep"].last_run_at = app.now() + HOUR
    first.close()

    second = KeptScheduler(app=app, schedule_filename=file)
    assert second.mind_the_clock()
    assert second.schedule["sweep"].last_run_at <= app.now()
    second.close()
