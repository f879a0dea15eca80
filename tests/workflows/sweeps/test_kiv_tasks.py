"""Polling a thousand open KIV tasks: few searches, and a value that appears is seen within seconds."""

from __future__ import annotations

import math
import random
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from provisioning.directory.ldap import pacing
from provisioning.directory.ldap.pacing import Lane, background
from provisioning.models import AccessRequest
from provisioning.rules.states.request import RequestState
from tests import clock as clocks
from tests.workflows.sweeps import many_tasks
from workflows.sweeps import kiv_tasks

pytestmark = pytest.mark.django_db(transaction=True)

TASKS = 1000
BEAT_SECONDS = 2  # config.celery


class Simulation:
    """Time that passes only by sleeping; and each search is noted with its second."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self._clock = clocks.pinned(monkeypatch, "2026-03-18")
        self.begun_at = self._clock.now
        self.searches: list[float] = []
        taken = pacing.OwnSlots.take

        def take(slots: pacing.OwnSlots, lane: Lane, gap_seconds: float) -> float:
            seconds = taken(slots, lane, gap_seconds)
            if seconds == 0:
                self.searches.append(self.passed)
            return seconds

        monkeypatch.setattr(pacing.OwnSlots, "take", take)
        monkeypatch.setattr(pacing, "time", SimpleNamespace(monotonic=lambda: self.passed, sleep=self.sleep))

    @property
    def passed(self) -> float:
        return (self._clock.now - self.begun_at).total_seconds()

    def sleep(self, seconds: float) -> None:
        # A hair longer: rounding must not leave the clock just before the moment waited for.
        self._clock.now += timedelta(seconds=seconds, microseconds=10)

    def until(self, second: float) -> None:
        if second > self.passed:
            self.sleep(second - self.passed)

    def most_in_a_second(self) -> int:
        return max(sum(1 for other in self.searches if at <= other < at + 0.999) for at in self.searches)


@pytest.fixture
def simulation(monkeypatch, settings) -> Simulation:
    settings.DIRECTORY_BACKGROUND_SEARCHES_PER_SECOND = 5
    return Simulation(monkeypatch)


@pytest.fixture
def many(simulation, directory) -> list[AccessRequest]:
    for number in range(1, TASKS + 1):
        directory.store.add(many_tasks.person_dn(number), many_tasks.person_entry(number))
    return many_tasks.open_tasks(TASKS)


def set_in_kiv(directory, number: int) -> None:
    directory.store.modify(
        many_tasks.person_dn(number), [(0, "hsaSystemRole", [many_tasks.role(number).encode()])]
    )


def test_with_a_thousand_young_tasks_a_value_is_seen_within_ten_seconds(many, simulation, directory):
    chance = random.Random(4)  # noqa: S311 - a simulation
    numbers = chance.sample(range(1, TASKS + 1), 60)
    set_at = {number: chance.uniform(10, 40) for number in numbers}
    waiting = sorted(set_at, key=lambda number: set_at[number])
    for beat in range(0, 56, BEAT_SECONDS):
        simulation.until(beat)
        while waiting and set_at[waiting[0]] <= simulation.passed:
            set_in_kiv(directory, waiting.pop(0))
        with background(Lane.PULSE):
            kiv_tasks.poll_due()

    seen = AccessRequest.objects.exclude(state=RequestState.AWAITING_KIV.value)
    found = {row.position: (row.values_seen_at - simulation.begun_at).total_seconds() for row in seen}
    assert set(found) == set(numbers)
    late = sorted(found[number] - set_at[number] for number in numbers)
    assert late[math.ceil(0.95 * len(late)) - 1] <= 10
    assert simulation.most_in_a_second() <= 5
    assert len(simulation.searches) / simulation.passed <= 5


def test_a_round_of_1000_tasks_takes_ten_searches_and_writes_news(
    many, simulation, directory, django_assert_max_num_queries
):
    with background(Lane.PULSE):
        with django_assert_max_num_queries(10):
            assert kiv_tasks.poll_due() == 0
        assert len(simulation.searches) <= 10 + 2  # a look or two whether the attribute may be read
        simulation.searches.clear()
        simulation.until(6)
        assert kiv_tasks.poll_due() == 0
    assert len(simulation.searches) == 10


def test_a_task_older_than_an_hour_is_looked_up_by_the_schedule(simulation, directory, settings):
    directory.store.add(many_tasks.person_dn(1), many_tasks.person_entry(1))
    [request] = many_tasks.open_tasks(1, age=timedelta(minutes=61))
    waits = []
    for _look in range(4):
        AccessRequest.objects.update(next_poll_at=timezone.now())
        kiv_tasks.poll_due()
        request.refresh_from_db()
        waits.append(round((request.next_poll_at - timezone.now()).total_seconds()))
    assert waits == [15, 60, 300, 300]

    AccessRequest.objects.update(reported_done_at=timezone.now(), next_poll_at=timezone.now())
    kiv_tasks.poll_due()
    request.refresh_from_db()
    assert round((request.next_poll_at - timezone.now()).total_seconds()) == settings.POLL_PULSE_SECONDS


def test_a_silent_directory_is_noted_once_for_each_task(simulation, directory, django_assert_max_num_queries):
    directory.store.add(many_tasks.person_dn(1), many_tasks.person_entry(1))
    [request] = many_tasks.open_tasks(1)
    directory.faults.is_busy = True
    kiv_tasks.poll_due()
    request.refresh_from_db()
    assert request.trouble_code == "directory.unavailable"
    simulation.until(6)
    with django_assert_max_num_queries(10):
        kiv_tasks.poll_due()
    simulation.until(130)
    kiv_tasks.poll_due()
    request.refresh_from_db()
    assert request.trouble_told_at is not None
    directory.faults.clear()
    simulation.until(140)
    kiv_tasks.poll_due()
    request.refresh_from_db()
    assert request.trouble_since is None
