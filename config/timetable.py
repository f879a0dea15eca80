"""Celery's timetable, which bears a clock that was wrong for a moment, and says that it lives.

Celery reckons by the clock on the wall. After an hour ahead and back, what was sent meanwhile counts as sent
in the future, and nothing would be sent until that hour has come.
"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from celery import beat

from provisioning import heartbeats
from provisioning.models import Heartbeat

STEPPED = timedelta(seconds=5)  # clocks that are kept in step move in smaller steps than this


class SteadyScheduler(beat.Scheduler):
    """The timetable in memory."""

    _offset: float | None = None  # between the clock on the wall and the one that only goes forward
    _beaten_at = float("-inf")

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """One round of Celery's: before it, look at the clock; every few seconds, say that we live."""
        self.mind_the_clock()
        if time.monotonic() - self._beaten_at >= heartbeats.EVERY_SECONDS:
            self._beaten_at = time.monotonic()
            heartbeats.beat(Heartbeat.Process.TIMETABLE)
        return float(super().tick(*args, **kwargs))

    def mind_the_clock(self) -> bool:
        """Where the clock has stepped, reckon anew from now. Returns whether anything was put right."""
        offset = time.time() - time.monotonic()
        has_stepped = self._offset is not None and abs(offset - self._offset) > STEPPED.total_seconds()
        self._offset = offset
        now = self.app.now()
        ahead = [one for one in self.schedule.values() if one.last_run_at and one.last_run_at > now + STEPPED]
        for entry in ahead:
            entry.last_run_at = now
        if ahead or has_stepped:
            self._heap = None  # Celery fills it again from when each was last sent
        return bool(ahead) or has_stepped

    def close(self) -> None:
        """Stop as told: nobody misses us."""
        super().close()
        heartbeats.end(Heartbeat.Process.TIMETABLE)


class KeptScheduler(SteadyScheduler, beat.PersistentScheduler):
    """The same, kept in a file: a night's run that was missed is made up for."""
