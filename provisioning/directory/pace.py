"""Keeping a pace: so many questions a second and no more, whoever asks."""

from __future__ import annotations

import threading
import time


class Pace:
    """Lets one pass every so often. What was not used while nobody asked is not made up for later."""

    def __init__(self, per_second: int):
        self._interval_seconds = 1.0 / per_second
        self._next_at = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when the next question may be asked."""
        with self._lock:
            now = time.monotonic()
            delay_seconds = max(0.0, self._next_at - now)
            self._next_at = max(now, self._next_at) + self._interval_seconds
        if delay_seconds:
            time.sleep(delay_seconds)
