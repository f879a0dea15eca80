"""The file broker: whatever the timing, a worker only ever meets whole messages."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection, Consumer, Exchange, Producer, Queue

from config import broker
from tests import servers
from tests.config.half_an_answer import After, HalfAnAnswer

MESSAGES = 300
PATIENCE_SECONDS = 30  # a reading without end takes longer than any machine that is busy


@pytest.fixture
def connect(tmp_path: Path) -> Callable[[], Connection]:
    broker.install()
    (tmp_path / "messages").mkdir()
    folder = str(tmp_path / "messages")
    options = {
        "data_folder_in": folder,
        "data_folder_out": folder,
        "control_folder": str(tmp_path / "control"),
    }
    return lambda: Connection("filesystem://localhost//", transport_options=options)


def test_a_worker_that_reads_while_another_writes_meets_whole_messages(connect) -> None:
    def write() -> None:
        with connect() as connection:
            for number in range(MESSAGES):
                connection.default_channel._put("work", {"number": number, "filling": "x" * 2000})

    writers = [threading.Thread(target=write) for _ in range(3)]
    for writer in writers:
        writer.start()
    read: list[int] = []
    with connect() as connection:
        while len(read) < 3 * MESSAGES:
            try:
                read.append(connection.default_channel._get("work")["number"])
            except Empty:
                assert any(writer.is_alive() for writer in writers) or len(read) == 3 * MESSAGES
    for writer in writers:
        writer.join()
    assert sorted(read) == sorted([*range(MESSAGES)] * 3)


def test_a_queue_bound_twice_is_bound_once(connect) -> None:
    with connect() as connection:
        for _ in range(2):
            connection.SimpleQueue("work").close()
        connection.SimpleQueue("other").close()
        channel: Any = connection.default_channel
        assert [entry.queue for entry in channel.get_table("work")] == ["work"]
        assert [entry.queue for entry in channel.get_table("other")] == ["other"]


def test_nothing_is_left_half_written(connect, tmp_path: Path) -> None:
    with connect() as connection:
        connection.default_channel._put("work", {"number": 1})
    assert [path.suffix for path in (tmp_path / "messages").iterdir()] == [".msg"]


@pytest.mark.redis
@pytest.mark.parametrize("death", After)
def test_half_a_broadcast_is_not_waited_for_for_ever(tmp_path: Path, death: After) -> None:
    broker.install()
    heard: list[Any] = []
    with servers.Redis(tmp_path) as redis, HalfAnAnswer(redis.port) as way, Connection(redis.url) as other:
        connection = Connection(way.url, transport_options={"socket_timeout": 1})
        everybody = Exchange("everybody", type="fanout")
        consumer = Consumer(
            connection, Queue("one", everybody), callbacks=[lambda body, message: heard.append(body)]
        )
        with consumer:
            _hear(connection)  # it listens from now on
            Producer(other, everybody).publish("whole")
            _hear(connection)
            way.dies = death
            Producer(other, everybody).publish("half" * 100)
            listening = threading.Thread(target=_hear, args=[connection], daemon=True)
            listening.start()
            listening.join(PATIENCE_SECONDS)
            assert not listening.is_alive()
        assert heard == ["whole"]


def _hear(connection: Connection) -> None:
    """Take what comes within a moment."""
    with contextlib.suppress(TimeoutError, *connection.connection_errors):
        connection.drain_events(timeout=1)


@pytest.mark.redis
@pytest.mark.parametrize("end", ["ack", "reject"])
@pytest.mark.parametrize("death", After)
def test_a_task_whose_end_redis_was_not_told_takes_no_place_for_ever(tmp_path: Path, end: str, death: After):
    broker.install()
    with servers.Redis(tmp_path) as redis, HalfAnAnswer(redis.port) as way:
        connection = Connection(way.url, transport_options={"socket_timeout": 1})
        channel: Any = connection.default_channel
        channel.basic_qos(0, 1, False)
        with connection.SimpleQueue("work") as queue:
            queue.put({"number": 1})
            message = queue.get()
            assert not channel.qos.can_consume()
            way.dies = death
            with pytest.raises(channel.connection_errors):
                getattr(message, end)()
            assert channel.qos.can_consume()
            way.dies = None
        connection.close()


def _with_tasks(url: str, count: int) -> tuple[Connection, Any, list[Any]]:
    """A connection, its channel, and as many tasks as the channel has places for, none of them ended."""
    connection = Connection(url, transport_options={"socket_timeout": 1})
    channel: Any = connection.default_channel
    channel.basic_qos(0, count, False)
    with connection.SimpleQueue("work") as queue:
        for number in range(count):
            queue.put({"number": number})
        return connection, channel, [queue.get() for _number in range(count)]


@pytest.mark.redis
def test_a_channel_whose_connection_has_gone_frees_its_tasks_and_closes(tmp_path: Path) -> None:
    broker.install()
    with servers.Redis(tmp_path) as redis:
        connection, channel, (message, _other) = _with_tasks(redis.url, 2)
        channel._disconnect_pools()
        connection.transport.client = None  # kombu's collect does so, also where the channel could not close
        with pytest.raises(channel.connection_errors):
            message.ack()
        assert channel.qos.can_consume()
        channel.close()
        assert channel.closed


@pytest.mark.redis
@pytest.mark.parametrize("end", ["ack", "reject"])
def test_a_task_that_ends_after_its_channel_closed_ends_no_worker(tmp_path: Path, end: str) -> None:
    """A worker closes its channels when Redis dies, while its threads still have tasks that came by them."""
    broker.install()
    with servers.Redis(tmp_path) as redis:
        connection, channel, (message,) = _with_tasks(redis.url, 1)
        connection.transport.client = None  # kombu's collect does so
        channel.close()
        assert channel.connection is None
        with pytest.raises(channel.connection_errors):  # what Celery takes as "could not be told"
            getattr(message, end)()
        assert channel.qos.can_consume()
        connection.close()
