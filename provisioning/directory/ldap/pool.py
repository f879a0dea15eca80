"""How many connections there may be at the same time, and those that nobody uses just now."""

from __future__ import annotations

import contextlib
import os
import threading
from typing import Generic, Protocol, TypeVar

from provisioning.directory.ldap.troubles import Trouble, marked
from provisioning.errors import DirectoryUnavailable


class Closable(Protocol):
    def close(self) -> None: ...


T = TypeVar("T", bound=Closable)


class Pool(Generic[T]):
    """Connections that nobody uses just now, and how many more there may be."""

    def __init__(self, most: int):
        self._most = most
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._idle: list[T] = []
        self._free = threading.BoundedSemaphore(self._most)
        self._process_id = os.getpid()

    def take(self, patience_seconds: float) -> T | None:
        """The connection used last, so that the others may rest; None: one may be opened."""
        if self._process_id != os.getpid():
            self._start_afresh()  # a forked child: the parent's connections and counts are not ours
        if not self._free.acquire(timeout=patience_seconds):
            raise marked(DirectoryUnavailable(), Trouble.BUSY)
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def give_back(self, kept: T | None) -> None:
        if kept is not None:
            self._idle.append(kept)
        # A lease that began in the parent is not counted in the child.
        with contextlib.suppress(ValueError):
            self._free.release()

    def close_idle(self) -> None:
        while self._idle:
            try:
                kept = self._idle.pop()
            except IndexError:
                return
            kept.close()
