"""Real servers for tests, as child processes on loopback: PostgreSQL, Redis, and the whole embedded tool.

Nothing of the machine's own services is touched: each server has a free port, a folder of its own, and ends
with the test session. Where a program is missing, `find` skips the test, or fails it with REQUIRE_REAL=1.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn, Self

import pytest

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = "127.0.0.1"
MISSING = "missing on this machine: "
# No test measures time: this is how long one waits for what never comes, on a machine ten times too busy.
PATIENCE_SECONDS = 180
BROWSER_MILLISECONDS = 90_000  # the same for one state of one page
PACKAGES = {
    "chromium-headless-shell": "chromium-headless-shell",
    "initdb": "postgresql",
    "postgres": "postgresql",
    "redis-server": "redis-server",
    "slapd": "slapd",
    "ldapsearch": "ldap-utils",
    "msgfmt": "gettext",
    "node": "nodejs",
    "npm": "npm",
}
PLACES = ("/usr/sbin", "/usr/local/sbin", "/usr/lib/postgresql/*/bin", "/opt/homebrew/bin")


def is_required() -> bool:
    """Say whether a missing server is a failure here."""
    return os.environ.get("REQUIRE_REAL", "") not in ("", "0")


def look_for(*names: str) -> str | None:
    """The path of the first of these programs that is installed, also where PATH does not lead."""
    for name in names:
        found = shutil.which(name)
        if found:
            return found
        for place in PLACES:
            candidates = sorted(Path("/").glob(f"{place.lstrip('/')}/{name}"), key=_version)
            if candidates:
                return str(candidates[-1])
    return None


def find(*names: str) -> str:
    """Like `look_for`, but skips the test (or fails it) when nothing is found."""
    path = look_for(*names)
    if path is None:
        report_missing(f"{names[0]} (Debian: apt-get install {PACKAGES.get(names[0], names[0])})")
    return path


def report_missing(what: str) -> NoReturn:
    """Skip the test, or fail it where real parts are required. Does not return."""
    if is_required():
        pytest.fail(f"{MISSING}{what}", pytrace=False)
    pytest.skip(f"{MISSING}{what}")


def _version(path: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in path.parts if part.isdigit())


def free_port() -> int:
    """A port nobody listens on right now.

    The system gives ports above these to connections: one of those may be taken between this and its use.
    """
    for port in random.SystemRandom().sample(range(15_000, 32_000), 200):
        with socket.socket() as candidate, contextlib.suppress(OSError):
            candidate.bind((LOOPBACK, port))
            return port
    raise RuntimeError("No port is free.")


def is_open(port: int) -> bool:
    """Say whether a connection to the port is accepted."""
    with contextlib.suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=10):
        return True
    return False


class Server:
    """A child process that listens on a loopback port. Use it as a context manager."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        """End the process and wait for it. May be called twice."""
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def _spawn(
        self,
        command: Sequence[str],
        *,
        user: str | None = None,
        env: Mapping[str, str] | None = None,
        is_up: Callable[[], bool] | None = None,
    ) -> None:
        log = self.folder / "server.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                list(command),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                **run_as(user),
            )
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (is_up or (lambda: is_open(self.port)))():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"{command[0]} did not start:\n{log.read_text(errors='replace')[-4000:]}")
            time.sleep(0.02)


def run_as(user: str | None) -> dict[str, Any]:
    """Arguments for a child process that runs as another user, where we may do that."""
    if user is None:
        return {}
    entry = pwd.getpwnam(user)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


class Postgres(Server):
    """A throw-away PostgreSQL: fast because it does not care for a power cut.

    With `outlives_kills` it keeps what it has said is committed when it is ended by SIGKILL.
    """

    def __init__(self, *, outlives_kills: bool = False) -> None:
        super().__init__(Path(tempfile.mkdtemp(prefix="provisioning-postgres-")))
        self.password = secrets.token_hex(16)
        self.user: str | None = None
        self._settings = ["fsync=off", "max_connections=60"]
        if not outlives_kills:
            self._settings += ["synchronous_commit=off", "full_page_writes=off"]

    def start(self) -> None:
        self.prepare()
        self._spawn(self.command, user=self.user, is_up=self.answers)

    def prepare(self) -> None:
        """Make its folder and choose its port; after this `command` starts it, as often as you like."""
        initdb = find("initdb")
        self.user = _unprivileged_user()
        if self.user is not None:
            shutil.chown(self.folder, self.user)
        data, password_file = self.folder / "data", self.folder / "password"
        password_file.write_text(self.password)
        if self.user is not None:
            shutil.chown(password_file, self.user)
        subprocess.run(
            [initdb, "-D", str(data), "-U", "tests", "-A", "scram-sha-256", f"--pwfile={password_file}",
             "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True, cwd=self.folder, stdout=subprocess.DEVNULL, **run_as(self.user),
        )  # fmt: skip
        self.port = free_port()

    @property
    def command(self) -> list[str]:
        options = [part for setting in self._settings for part in ("-c", setting)]
        return [find("postgres"), "-D", str(self.folder / "data"), "-p", str(self.port),
                "-c", f"listen_addresses={LOOPBACK}", "-c", "unix_socket_directories=", *options]  # fmt: skip

    def answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url("postgres"), connect_timeout=10).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        super().stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def create(self, name: str) -> None:
        """One more database, empty."""
        import psycopg

        with psycopg.connect(self.url("postgres"), autocommit=True) as server:
            server.execute(f"CREATE DATABASE {name}")  # a test's own word

    def url(self, name: str) -> str:
        """The address of one database, as DATABASE_URL wants it."""
        return f"postgresql://tests:{self.password}@{LOOPBACK}:{self.port}/{name}"


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root: then it runs as somebody else."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


class Redis(Server):
    """A Redis that keeps nothing."""

    def start(self) -> None:
        self.port = free_port()
        self._spawn(self.command)

    @property
    def command(self) -> list[str]:
        return [find("redis-server"), "--bind", LOOPBACK, "--port", str(self.port), "--save", "",
                "--appendonly", "no", "--dir", str(self.folder)]  # fmt: skip

    @property
    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self.port}/0"


class EmbeddedTool(Server):
    """The whole tool as `make run` starts it, with a folder and ports of its own."""

    def __init__(self, folder: Path, **variables: str):
        super().__init__(folder)
        self.var_dir = folder / "var"
        self.directory_port = 0
        self._variables = variables
        self._env: dict[str, str] = {}

    def start(self) -> None:
        self.port, self.directory_port = free_port(), free_port()
        keep = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "VAR_DIR")}
        self._env = {
            **keep,
            "VAR_DIR": str(self.var_dir),
            "WEB_PORT": str(self.port),
            "DIRECTORY_PORT": str(self.directory_port),
            # A machine that is busy with other tests is no silent directory, and no silent provider.
            "DIRECTORY_CONNECT_TIMEOUT_SECONDS": "60",
            "DIRECTORY_RECEIVE_TIMEOUT_SECONDS": "60",
            "OIDC_TIMEOUT_SECONDS": "60",
            **self._variables,
        }
        from tests import migrated  # it needs this module

        migrated.put_into(self.var_dir)
        self._spawn(
            [sys.executable, str(ROOT / "manage.py"), "run_embedded"], env=self._env, is_up=self._answers
        )

    def manage(self, *words: str) -> str:
        """Run a command as its operators do, in its surroundings; returns what it printed."""
        command = [sys.executable, str(ROOT / "manage.py"), *words]
        done = subprocess.run(command, env=self._env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def _answers(self) -> bool:
        log = self.folder / "server.log"
        return "Ready. Open" in log.read_text(errors="replace") and self._is_ready()

    def _is_ready(self) -> bool:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/readyz", timeout=60):  # noqa: S310
            return True
        return False

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def directory_url(self) -> str:
        return f"ldap://{LOOPBACK}:{self.directory_port}"

    @property
    def output(self) -> str:
        """All that was printed until now."""
        return (self.folder / "server.log").read_text(errors="replace")
