"""The pace of background work: so many searches a second, the urgent first, and people never held back."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from provisioning.demo.directory.make_demo import ORGANISATION, PERSONS
from provisioning.demo.directory.server import MockDirectory
from provisioning.directory import ConnectionSettings, Directory
from provisioning.directory.layout import Layout
from provisioning.directory.ldap import pacing
from provisioning.directory.ldap.pacing import Lane, OwnSlots, Pace, SharedSlots, background
from provisioning.errors import DirectoryUnavailable
from tests import cast

GAP = 0.2


class SlowTime:
    """A clock that moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.naps = 0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.naps += 1
        self.now += seconds


@pytest.fixture
def slow_time(monkeypatch: pytest.MonkeyPatch) -> SlowTime:
    made = SlowTime()
    monkeypatch.setattr(pacing, "time", SimpleNamespace(monotonic=made.monotonic, sleep=made.sleep))
    return made


def test_background_work_asks_so_often_a_second_and_no_more(slow_time: SlowTime):
    pace = Pace(5, OwnSlots())
    begun_at = slow_time.now
    with background(Lane.CASE):
        for _ in range(51):
            pace.wait()
    assert slow_time.now - begun_at == pytest.approx(10.0)


def test_a_person_is_never_kept_waiting(slow_time: SlowTime):
    pace = Pace(1, OwnSlots())
    with background(Lane.SWEEP):
        pace.wait()
    for _ in range(10):
        pace.wait()
    assert slow_time.naps == 0


def test_the_more_urgent_lane_goes_first(slow_time: SlowTime):
    slots = OwnSlots()
    assert slots.take(Lane.SWEEP, GAP) == 0
    assert slots.take(Lane.PULSE, GAP) > 0  # it has to wait, and says so
    slow_time.now += GAP
    assert slots.take(Lane.SWEEP, GAP) > 0, "the sweep took the pulse's turn"
    assert slots.take(Lane.CASE, GAP) > 0, "the case took the pulse's turn"
    assert slots.take(Lane.PULSE, GAP) == 0
    slow_time.now += 3 * GAP
    assert slots.take(Lane.SWEEP, GAP) == 0, "nobody urgent waits any more"


def test_a_lane_is_left_again(slow_time: SlowTime):
    pace = Pace(1, OwnSlots())
    for _ in range(3):
        with background(Lane.SWEEP):
            pass
        pace.wait()
    assert slow_time.naps == 0


@pytest.mark.redis
def test_processes_share_one_pace_through_redis(redis_server: Any):
    clients = [redis.Redis.from_url(redis_server.url) for _ in range(2)]
    one, other = (SharedSlots(client, "test-shared") for client in clients)
    assert one.take(Lane.CASE, 5.0) == 0
    assert 4 < other.take(Lane.CASE, 5.0) <= 5
    assert one.take(Lane.SWEEP, 5.0) > 5, "the other process' case is more urgent"
    assert SharedSlots(clients[0], "another").take(Lane.SWEEP, 5.0) == 0
    for client in clients:
        client.close()


def test_without_an_answer_from_redis_each_process_keeps_its_own_pace(caplog: pytest.LogCaptureFixture):
    client = redis.Redis(host="127.0.0.1", port=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
    slots = SharedSlots(client, "test-silent")
    assert slots.take(Lane.CASE, 60.0) == 0
    assert slots.take(Lane.CASE, 60.0) > 50
    assert "own for now" in caplog.text
    client.close()


def test_every_question_of_background_work_counts(slow_time: SlowTime, connect: Callable[..., Directory]):
    with MockDirectory() as mock:
        directory = connect(ConnectionSettings(mock.url, background_per_second=5))
        directory.read(cast.COORDINATOR, unit_ids=[cast.BJORKHAGA])
        assert slow_time.naps == 0
        with background(Lane.CASE):
            directory.read(cast.COORDINATOR, unit_ids=[cast.BJORKHAGA])
        assert 5 <= slow_time.naps <= 10
        directory.close()


def test_there_are_never_more_connections_than_allowed(connect: Callable[..., Directory]):
    with MockDirectory() as mock:
        mock.faults.slow_seconds = 0.1
        settings = ConnectionSettings(mock.url, max_connections=2, connect_timeout_seconds=10)
        directory = connect(settings, Layout(person_base=PERSONS, unit_base=ORGANISATION))
        most = []

        def ask() -> None:
            assert directory.person(cast.COORDINATOR) is not None
            most.append(len(mock._server.connections))

        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(most) == 6, "somebody was turned away"
        assert max(most) == 2
        directory.close()


def test_who_finds_no_free_connection_in_time_is_told_that_it_is_busy(connect: Callable[..., Directory]):
    with MockDirectory() as mock:
        settings = ConnectionSettings(mock.url, max_connections=1, connect_timeout_seconds=0.05)
        directory = connect(settings, Layout(person_base=PERSONS, unit_base=ORGANISATION))
        pages = directory._connections.pages(PERSONS, "(objectClass=*)", ["cn"])
        assert next(pages)  # somebody reads page by page, and keeps the connection
        told: list[BaseException] = []

        def ask() -> None:
            try:
                directory.person(cast.COORDINATOR)
            except DirectoryUnavailable as exc:
                told.append(exc)

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        assert len(told) == 1
        list(pages)
        assert directory.person(cast.COORDINATOR) is not None
        directory.close()
