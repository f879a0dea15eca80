"""How fast background work may ask a directory: one operation after another, at most so many a second.

People are never kept waiting; what nobody waits for goes in lanes, the more urgent one first. With a Redis
server all processes share one pace; without one each process keeps its own.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import logging
import threading
import time
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any, Protocol

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

log = logging.getLogger(__name__)

_LONGEST_NAP_SECONDS = 0.5


class Lane(enum.IntEnum):
    """Who goes first. A lower number holds the others back."""

    PULSE = 0  # looking whether KIV tasks are done: somebody waits, and seconds are promised
    CASE = 1  # checks, verifications and mails of single cases
    SWEEP = 2  # going through everything, time and again


_lane: ContextVar[Lane | None] = ContextVar("lane", default=None)


def enter(lane: Lane | None) -> None:
    """From now on this thread works in this lane; None: for a person."""
    _lane.set(lane)


@contextlib.contextmanager
def background(lane: Lane) -> Iterator[None]:
    """Work in this lane for a while."""
    token = _lane.set(lane)
    try:
        yield
    finally:
        _lane.reset(token)


class Slots(Protocol):
    """Where the next free moment is kept."""

    def take(self, lane: Lane, gap_seconds: float) -> float:
        """Take the next moment if it has come: 0. Else how many seconds to wait before asking again."""


class Pace:
    """The pace towards one directory."""

    def __init__(self, per_second: float, slots: Slots):
        self._gap_seconds = 1 / per_second
        self._slots = slots

    def wait(self) -> None:
        """Come back when this thread may ask; at once for a person."""
        lane = _lane.get()
        if lane is None:
            return
        while (seconds := self._slots.take(lane, self._gap_seconds)) > 0:
            time.sleep(min(seconds, _LONGEST_NAP_SECONDS))


class OwnSlots:
    """Kept in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free_at = 0.0
        self._held_until = dict.fromkeys(Lane, 0.0)

    def take(self, lane: Lane, gap_seconds: float) -> float:
        with self._lock:
            now = time.monotonic()
            held = max((until for other, until in self._held_until.items() if other < lane), default=0.0)
            if held > now:
                return held - now
            if self._free_at > now:
                self._held_until[lane] = self._free_at + gap_seconds
                return self._free_at - now
            self._free_at = now + gap_seconds
            return 0.0


# The same as OwnSlots.take, on Redis' own clock and in one step.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000
local lane, gap = tonumber(ARGV[1]), tonumber(ARGV[2])
for other = 0, lane - 1 do
  local held = tonumber(redis.call('HGET', KEYS[1], 'held' .. other) or '0')
  if held > now then return tostring(held - now) end
end
local free = tonumber(redis.call('HGET', KEYS[1], 'free') or '0')
local answer = '0'
if free > now then
  redis.call('HSET', KEYS[1], 'held' .. lane, string.format('%.6f', free + gap))
  answer = tostring(free - now)
else
  redis.call('HSET', KEYS[1], 'free', string.format('%.6f', now + gap))
end
redis.call('EXPIRE', KEYS[1], 60)
return answer
"""


class SharedSlots:
    """Kept in Redis for all processes; while Redis does not answer, each process keeps its own."""

    def __init__(self, client: Any, name: str):
        self._take = client.register_script(_TAKE)
        self._key = f"provisioning:pace:{name}"
        self._own = OwnSlots()

    def take(self, lane: Lane, gap_seconds: float) -> float:
        try:
            return float(self._take(keys=[self._key], args=[int(lane), gap_seconds]))
        except redis.RedisError as exc:
            log.warning("the pace is this process' own for now (%s)", type(exc).__name__)
            return self._own.take(lane, gap_seconds)


@functools.lru_cache(maxsize=8)
def pace_towards(url: str, per_second: float, redis_url: str = "") -> Pace:
    """The one pace of this process towards the directory at `url`."""
    if not redis_url:
        return Pace(per_second, OwnSlots())
    client = redis.Redis.from_url(
        redis_url, socket_connect_timeout=2, socket_timeout=2, retry=Retry(NoBackoff(), 0)
    )
    return Pace(per_second, SharedSlots(client, url))
