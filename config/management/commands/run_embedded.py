"""`manage.py run_embedded`: the whole tool on one machine, with nothing installed but Python."""

from __future__ import annotations

import errno
import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from config.supervisor import Program, Supervisor

LOOPBACK = "127.0.0.1"
DEMO_LDIF = Path("provisioning") / "demo" / "directory" / "demo.ldif"
GRACE_SECONDS = 10  # for the history to stop where it is
WEB_THREADS = 8
WORKER_THREADS = 4


class Command(BaseCommand):
    help = "Run web, worker, timetable and mock directory together on this machine (demo mode only)."
    requires_system_checks = "__all__"

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.IS_DEMO:
            raise CommandError(
                "run_embedded is for the demo. In production each program is run by the platform."
            )
        refuse_taken_ports()
        self.prepare()
        supervisor = Supervisor(programs(), environment=environment())
        history = History()
        status = supervisor.run(when_ready=lambda: address_when_answering(history.begin))
        history.end()
        if status:
            raise CommandError(
                "One of the programs ended by itself; its last lines are above.", returncode=status
            )

    def prepare(self) -> None:
        """Everything the programs find when they start. Leftovers of an earlier run do no harm."""
        self.stdout.write(f"Everything that is stored is under {settings.VAR_DIR}")
        # Rows are the truth, and the sweeps that run soon after the start find everything again. So nothing
        # of the queue that a killed run left half-written is read.
        shutil.rmtree(settings.VAR_DIR / "broker", ignore_errors=True)
        for folder in ("broker/messages", "broker/control", "directory", "mail", "static"):
            (settings.VAR_DIR / folder).mkdir(parents=True, exist_ok=True)
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)


def refuse_taken_ports() -> None:
    """Raise before anything is started, naming the port and the variable that changes it."""
    wanted = [("WEB_PORT", settings.WEB_PORT, "the web page")]
    if settings.IS_OWN_DIRECTORY:
        wanted.append(("DIRECTORY_PORT", settings.DIRECTORY_PORT, "the mock directory"))
    for variable, port, purpose in wanted:
        with socket.socket() as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                candidate.bind((LOOPBACK, port))
            except OSError as exc:
                reason = "is taken" if exc.errno == errno.EADDRINUSE else f"cannot be used ({exc.strerror})"
                raise CommandError(
                    f"Port {port} for {purpose} {reason}. Is the tool running already? "
                    f"Choose another port: make run {variable}={port + 1}"
                ) from exc
    if len({port for _variable, port, _purpose in wanted}) < len(wanted):
        raise CommandError("WEB_PORT and DIRECTORY_PORT must be different.")


def environment() -> dict[str, str]:
    """This process's environment; lines come at once, not in blocks."""
    own = {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONUNBUFFERED": "1",
        # A container on somebody's own machine often runs everything as root; nothing but JSON is read here.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
    }
    return {**os.environ, **own}


def programs() -> list[Program]:
    """The programs, the directory first because the others ask it."""
    python, manage = sys.executable, str(settings.BASE_DIR / "manage.py")
    celery = [
        python,
        "-m",
        "celery",
        "--app",
        "config.celery",
        "--workdir",
        str(settings.BASE_DIR),
        "--quiet",
    ]
    listed = [
        Program(
            "web",
            [
                python, "-m", "gunicorn", "config.wsgi:application", "--chdir", str(settings.BASE_DIR),
                "--bind", f"{LOOPBACK}:{settings.WEB_PORT}", "--worker-class", "gthread",
                "--threads", str(WEB_THREADS), "--workers", "1", "--timeout", "60", "--graceful-timeout", "5",
                "--keep-alive", "5", "--log-level", "warning",
            ],
        ),
        Program(
            "worker",
            [
                *celery, "worker", "--pool", "threads", "--concurrency", str(WORKER_THREADS),
                "--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "info",
            ],
        ),
        Program(
            "beat",
            [
                # Kept in memory: nothing of an earlier run is read (see `prepare`), and Celery's file of it
                # breaks when the signal to stop comes while that file is being opened.
                *celery, "beat", "--scheduler", "config.timetable:SteadyScheduler",
                "--pidfile", "", "--loglevel", "warning",
            ],
        ),
    ]  # fmt: skip
    if settings.IS_OWN_DIRECTORY:
        # Changes are kept, and found again at the next start: a case in progress still fits the directory.
        entries, kept = settings.BASE_DIR / DEMO_LDIF, settings.VAR_DIR / "directory" / "entries.ldif"
        listen = f"{LOOPBACK}:{settings.DIRECTORY_PORT}"
        options = ["--ldif", str(entries), "--save", str(kept), "--listen", listen]
        listed.insert(0, Program("directory", [python, manage, "mock_directory", *options]))
    return listed


class History:
    """The demo's history, made beside the programs once they answer: nobody waits for it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        if settings.DEMO_HISTORY:
            command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "demo_history"]
            self._process = subprocess.Popen(command, env=environment(), stdin=subprocess.DEVNULL)  # noqa: S603

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._process.wait(timeout=GRACE_SECONDS)


def address_when_answering(then: Callable[[], None]) -> str | None:
    """The text to print once the directory and the web page both answer; `then` is done before."""
    if settings.IS_OWN_DIRECTORY and not is_listening(settings.DIRECTORY_PORT):
        return None
    address = f"http://{LOOPBACK}:{settings.WEB_PORT}"
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=2):  # noqa: S310 (a fixed http address)
            pass
    except (urllib.error.URLError, OSError):
        return None
    then()
    return f"\n  Ready. Open {address}/ and choose who to be. Stop with Ctrl-C.\n"


def is_listening(port: int) -> bool:
    """Say whether something on this machine accepts connections on the port."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1):
            return True
    except OSError:
        return False
