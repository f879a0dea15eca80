"""Workers and timetable say every few seconds that they live, so that others can see who is silent."""

from __future__ import annotations

import logging
import os
import socket
import threading
from datetime import timedelta

from django.db import DatabaseError, connection
from django.utils import timezone

from provisioning.models import Heartbeat

log = logging.getLogger(__name__)

EVERY_SECONDS = 10
SILENT_AFTER = timedelta(seconds=60)
FORGOTTEN_AFTER = timedelta(days=1)  # the row of a process that was killed long ago, and has successors


def name(kind: Heartbeat.Process) -> str:
    """What this process is called in that part."""
    return f"{kind.value}:{socket.gethostname()}:{os.getpid()}"


def beat(kind: Heartbeat.Process) -> None:
    """This process lives. A database that does not answer is waited for: nothing is raised."""
    now = timezone.now()
    try:
        Heartbeat.objects.update_or_create(
            name=name(kind), defaults={"beats_at": now}, create_defaults={"kind": kind.value, "beats_at": now}
        )
        Heartbeat.objects.filter(kind=kind.value, beats_at__lt=now - FORGOTTEN_AFTER).delete()
    except DatabaseError as exc:
        log.warning("the heartbeat of the %s is not written: %s", kind.value, type(exc).__name__)


def end(kind: Heartbeat.Process) -> None:
    """This process stops as it was told to: nobody misses it."""
    try:
        Heartbeat.objects.filter(name=name(kind)).delete()
    except DatabaseError as exc:
        log.warning("the heartbeat of the %s is not taken away: %s", kind.value, type(exc).__name__)


def last(kind: Heartbeat.Process) -> Heartbeat | None:
    """The one of this kind that was heard last."""
    return Heartbeat.objects.filter(kind=kind.value).order_by("-beats_at").first()


def lives(heard: Heartbeat | None) -> bool:
    """Say whether it was heard just now. A beat from a clock that was ahead counts as heard."""
    return heard is not None and timezone.now() - heard.beats_at < SILENT_AFTER


class Beating(threading.Thread):
    """Beats in the background as long as the process lives."""

    def __init__(self, kind: Heartbeat.Process):
        super().__init__(name="heartbeat", daemon=True)
        self._kind = kind
        self._is_over = threading.Event()

    def run(self) -> None:
        while not self._is_over.is_set():
            beat(self._kind)
            connection.close()  # no connection waits idle between two beats
            self._is_over.wait(EVERY_SECONDS)

    def stop(self) -> None:
        """Beat no more, and say so."""
        self._is_over.set()
        end(self._kind)
        connection.close()
