"""The processes of an installation, and whoever keeps them running as systemd would."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests import servers

ROOT = Path(__file__).resolve().parents[3]
RESTART_SECONDS = 1.0  # between the end of a process and the next start: RestartSec of its unit


class Part:
    """One process of the installation, in a group of its own so that its children die with it."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        folder: Path,
        *,
        env: Mapping[str, str] | None = None,
        user: str | None = None,
    ):
        self.name, self._command, self._env, self._user = name, list(command), env, user
        self._log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self.kills = self.starts = 0

    def start(self) -> None:
        with self._lock, self._log.open("ab") as log:
            as_user: dict[str, Any] = servers.run_as(self._user)
            self._process = subprocess.Popen(
                self._command, cwd=ROOT if self._env else "/", env=self._env, stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True, **as_user,
            )  # fmt: skip
            self.starts += 1

    @property
    def runs(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> bool:
        """SIGKILL, to the whole group. Returns whether there was anything to kill."""
        with self._lock:
            if self._process is None or not self.runs:
                return False
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self.kills += 1
            return True


class Keeper(threading.Thread):
    """Starts whatever has ended anew, until it is told to stop."""

    def __init__(self, parts: Sequence[Part]):
        super().__init__(daemon=True)
        self._parts = parts
        self._is_over = threading.Event()

    def run(self) -> None:
        ended: dict[str, float] = {}
        while not self._is_over.wait(0.1):
            for part in self._parts:
                if part.runs:
                    ended.pop(part.name, None)
                elif time.monotonic() - ended.setdefault(part.name, time.monotonic()) >= RESTART_SECONDS:
                    part.start()

    def stop(self) -> None:
        """No more starts; then all parts end."""
        self._is_over.set()
        self.join()
        for part in self._parts:
            part.kill()


def services(env: Mapping[str, str], folder: Path, web_port: int) -> list[Part]:
    """The tool's own processes, as docs/operations.md has them started."""
    python = [sys.executable, "-m"]
    celery = [*python, "celery", "--app", "config.celery"]
    # Each at home on a machine of its own: two workers with one name would not see each other.
    workers = [
        [*celery, "worker", "--pool", "threads", "--concurrency", "4", "--hostname", f"{name}@storm"]
        for name in ("one", "two")
    ]
    beat = [*celery, "beat", "--schedule", str(folder / "beat"), "--pidfile", ""]
    web = [*python, "gunicorn", "config.wsgi:application", "--bind", f"{servers.LOOPBACK}:{web_port}",
           "--worker-class", "gthread", "--workers", "1", "--threads", "8", "--timeout", "60",
           "--config", "config/web_server.py"]  # fmt: skip
    commands = {"web": web, "worker one": workers[0], "worker two": workers[1], "timetable": beat}
    return [Part(name, command, folder, env=env) for name, command in commands.items()]


def wait_until(claim: Callable[[], bool], what: str, seconds: float = servers.PATIENCE_SECONDS) -> None:
    """Raises RuntimeError where it has not come true after so long."""
    deadline = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > deadline:
            raise RuntimeError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.1)


def answers(url: str) -> bool:
    """Say whether the page is there, and well."""
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=20):  # noqa: S310
        return True
    return False


def counts(parts: Sequence[Part]) -> dict[str, int]:
    return dict(Counter({part.name: part.kills for part in parts}))
