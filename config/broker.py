"""The two brokers as kombu has them, each with what a worker dies or hangs of mended.

Files, the embedded default: kombu 5.6 opens a message under its final name and then writes it; a worker that
looks in between takes an empty file, cannot read it and ends. Here each file is written aside and then given
its name in one step.

Redis: kombu 5.7 keeps the place of a task whose end it could not tell Redis, because Redis died in the midst
of its answer. A worker with no place left asks for nothing, and so never notices that Redis is back.
Where Redis dies, kombu closes the channel or lets its connection go. What closes the channel once more, or
tells by it the end of a task that a thread still had, asks for a connection that is no more: the worker ends.
It also reads what is broadcast to all workers by a reading of redis-py 8 that takes the socket's timeout off:
half a broadcast of a Redis that dies then stops the whole worker, silently and for ever.
"""

from __future__ import annotations

import contextlib
import os
import time
import uuid
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem, redis, virtual
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """Files that appear whole."""

    def _put(self, queue: Any, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # stubs differ
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        _write(Path(self.data_folder_out) / name, dumps(payload))

    def _queue_bind(self, exchange: Any, routing_key: Any, pattern: Any, queue: Any) -> None:
        """Every process binds the same few queues, so that the last writer wins without a loss."""
        self.control_folder.mkdir(exist_ok=True)
        wanted = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        known = self.get_table(exchange)
        if wanted not in known:
            path = self._exchange_file(exchange)  # type: ignore[attr-defined]  # newer than the stubs
            _write(path, dumps([wanted, *known]))


class Transport(filesystem.Transport):
    """kombu's transport over files, with our channel."""

    Channel = Channel


class Places(redis.QoS):
    """The places of a worker: one that was told free is free, also where Redis could not be told."""

    def ack(self, delivery_tag: Any) -> None:
        with self._free_in_any_case(delivery_tag):
            super().ack(delivery_tag)

    def reject(self, delivery_tag: Any, requeue: bool = False) -> None:
        with self._free_in_any_case(delivery_tag):
            super().reject(delivery_tag, requeue=requeue)

    def restore_unacked(self, client: Any = None) -> None:
        if self.channel.is_let_go:  # type: ignore[attr-defined]  # ours
            return  # nobody is left who could be told: Redis gives them out again by itself
        super().restore_unacked(client)

    @contextlib.contextmanager
    def _free_in_any_case(self, delivery_tag: Any) -> Iterator[None]:
        """Redis gives the task out again after its visibility timeout, and it is done twice at worst."""
        try:
            yield
        except self.channel.connection_errors:  # type: ignore[attr-defined]  # newer than the stubs
            virtual.QoS.ack(self, delivery_tag)
            raise


class RedisChannel(redis.Channel):
    """Redis with our places, and with an end to each reading of a broadcast."""

    QoS = Places

    @property
    def is_let_go(self) -> bool:
        """Say whether the channel has closed, or its connection has been let go of under it."""
        return self.connection is None or self.connection.client is None

    def _connparams(self, asynchronous: bool = False) -> Any:
        if self.is_let_go:
            raise ConnectionResetError("the connection has been let go of")  # kombu: AttributeError
        return super()._connparams(asynchronous)  # type: ignore[misc]  # newer than the stubs

    def _receive_one(self, c: Any) -> Any:
        """Take one broadcast. It is there, at least its beginning: that the rest comes is not sure."""
        limit = getattr(c.connection, "socket_timeout", None)
        c.parse_response = partial(type(c).parse_response, c, block=False, timeout=limit)
        return super()._receive_one(c)  # type: ignore[misc]  # newer than the stubs


class RedisTransport(redis.Transport):
    """kombu's transport over Redis, with our channel."""

    Channel = RedisChannel


def install() -> None:
    """Take kombu's place for these addresses in this process."""
    TRANSPORT_ALIASES["filesystem"] = "config.broker:Transport"
    TRANSPORT_ALIASES["redis"] = TRANSPORT_ALIASES["rediss"] = "config.broker:RedisTransport"


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f"{uuid.uuid4()}.draft")  # no queue's ending: nobody takes it
    try:
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, path)
    except OSError as exc:
        raise ChannelError(f"cannot write {path.name}") from exc
