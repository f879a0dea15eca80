"""The worker: its queues, and the pace at which its tasks may ask the directory."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.conf import settings

from config.celery import LANES, TIMETABLE, app, enter_lane, leave_lane
from provisioning.directory.ldap import pacing
from provisioning.directory.ldap.pacing import Lane


def test_looking_for_values_has_its_own_queue_and_a_worker():
    consumed = {queue.name for queue in app.amqp.queues.consume_from.values()}
    assert {"celery", "pulse"} <= consumed
    assert app.amqp.router.route({}, "workflows.poll_kiv_tasks")["queue"].name == "pulse"
    assert app.amqp.router.route({}, "workflows.run_background")["queue"].name == "celery"


@pytest.mark.parametrize("name", ["workflows.poll_kiv_tasks", "workflows.run_background", "some.sweep"])
def test_a_task_works_in_its_lane_and_leaves_it(name):
    lanes: list[Lane | None] = []
    enter_lane(task=SimpleNamespace(name=name))
    try:
        lanes.append(pacing._lane.get())
    finally:
        leave_lane()
    lanes.append(pacing._lane.get())
    assert lanes == [LANES.get(name, Lane.SWEEP), None]


def test_changes_are_compared_every_quarter_and_everybody_daily():
    (job,) = [job for job in TIMETABLE.values() if job["task"] == "workflows.sweep_directory"]
    assert job["schedule"] <= 15 * 60
    assert job["options"]["expires"] <= job["schedule"]
    assert settings.SWEEP_FULL_EVERY_HOURS <= 24
    assert LANES.get(job["task"], Lane.SWEEP) is Lane.SWEEP


def test_every_task_that_has_a_lane_exists():
    app.loader.import_default_modules()
    assert set(LANES) <= set(app.tasks)
    assert {entry["task"] for entry in TIMETABLE.values()} <= set(app.tasks)
