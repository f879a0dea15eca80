"""How often what waits for the directory is looked up again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.utils import timezone


class Watched(Protocol):
    """What is looked up again and again: a request, or a removal."""

    state_since: datetime
    reported_done_at: datetime | None


def poll_delay(case: Watched, count: int) -> timedelta:
    """How long after the `count`-th look the next one comes: the schedule, and for young tasks the pulse."""
    delay = step(settings.POLL_SCHEDULE_SECONDS, count)
    begun_at = max(at for at in (case.state_since, case.reported_done_at) if at is not None)
    is_young = timezone.now() - begun_at < timedelta(minutes=settings.POLL_YOUNG_MINUTES)
    return min(delay, timedelta(seconds=settings.POLL_PULSE_SECONDS)) if is_young else delay


def step(schedule_seconds: Sequence[int], count: int) -> timedelta:
    """The `count`-th delay of a schedule (from 0); the last one goes on for ever."""
    return timedelta(seconds=schedule_seconds[min(count, len(schedule_seconds) - 1)])
