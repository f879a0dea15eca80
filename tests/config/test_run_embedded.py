"""`make run`: the whole tool starts, answers, stops, starts again, and says which port is taken."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from config.management.commands import run_embedded
from tests import servers
from tests.servers import ROOT

pytestmark = pytest.mark.timeout(900)


class Run:
    """One `make run` (or the command behind it) with a folder and ports of its own."""

    def __init__(self, var_dir: Path, *, web_port: int, directory_port: int, through_make: bool = False):
        self.var_dir = var_dir
        variables = {
            "VAR_DIR": str(var_dir),
            "WEB_PORT": str(web_port),
            "DIRECTORY_PORT": str(directory_port),
        }
        own = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", *variables)}
        command = [sys.executable, str(ROOT / "manage.py"), "run_embedded"]
        if through_make:
            venv = Path(sys.prefix)
            command = ["make", "--no-print-directory", "-C", str(ROOT), f"VENV={venv}", "run"]
            command += [f"{name}={value}" for name, value in variables.items()]
            variables = {}
        self.web_port = web_port
        self.log = var_dir.parent / f"run-{time.monotonic_ns()}.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                command, env={**own, **variables}, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + servers.PATIENCE_SECONDS
        while "Ready. Open" not in self.output:
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)

    def press_ctrl_c(self) -> None:
        """What a terminal does: the signal goes to everything in the foreground."""
        os.killpg(self.process.pid, signal.SIGINT)

    def wait(self) -> int:
        return self.process.wait(timeout=servers.PATIENCE_SECONDS)


@pytest.fixture
def start(tmp_path):
    runs = []

    def one(**options):
        ports = {"web_port": servers.free_port(), "directory_port": servers.free_port()}
        run = Run(tmp_path / "var", **{**ports, **options})
        runs.append(run)
        return run

    yield one
    for run in runs:
        if run.process.poll() is None:
            run.press_ctrl_c()
            run.wait()


def processes_that_mention(text: str) -> list[str]:
    """Command lines and environments of living processes that name this folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
        except OSError:
            continue
        if text.encode() in line and int(folder.name) != os.getpid():
            found.append((folder / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def wait_for(condition: Callable[[], bool], run: Run | servers.EmbeddedTool) -> None:
    deadline = time.monotonic() + servers.PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, run.output
        time.sleep(0.05)


def send_messages(var_dir: Path) -> None:
    """Ask the worker of a run, from another process, to do something twenty times."""
    code = (
        "import django; django.setup(); from celery import current_app; "
        "[current_app.send_task('workflows.sweep_messages', retry=False) for _ in range(20)]"
    )
    env = {**os.environ, "VAR_DIR": str(var_dir), "DJANGO_SETTINGS_MODULE": "config.settings"}
    env.pop("DATABASE_URL", None)
    subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, check=True, timeout=servers.PATIENCE_SECONDS
    )


def get(port: int, path: str = "/readyz") -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        return answer.status


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_make_run_starts_stops_with_ctrl_c_and_starts_again(start):
    for _time in ("first", "second"):
        run = start(through_make=True)
        run.wait_until_ready()
        assert f"http://127.0.0.1:{run.web_port}/" in run.output
        assert get(run.web_port) == 200
        run.press_ctrl_c()
        run.wait()
        assert "Stopped." in run.output
        assert "Traceback" not in run.output
        assert processes_that_mention(str(run.var_dir)) == []


@pytest.mark.parametrize("line", [1, 20, 38, 60, 80, 108])
def test_the_timetable_ends_quietly_whenever_it_is_told_to(line, tmp_path):
    """Ctrl-C may come while it is being opened, and Celery's handler of the signal opens it once more."""
    beat = next(program for program in run_embedded.programs() if program.name == "beat")
    python, _m, module, *arguments = beat.command
    files = "celery/beat.py,shelve.py,dbm/__init__.py,dbm/dumb.py"
    (tmp_path / "broker" / "messages").mkdir(parents=True)
    (tmp_path / "broker" / "control").mkdir()
    own = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    result = subprocess.run(
        [python, str(Path(__file__).with_name("stopped_at_line.py")), str(line), files, module, *arguments],
        cwd=ROOT, env={**own, **run_embedded.environment(), "VAR_DIR": str(tmp_path)},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        timeout=servers.PATIENCE_SECONDS,
    )  # fmt: skip
    assert "Stopped at" in result.stderr
    assert "Traceback" not in result.stderr + result.stdout
    assert result.returncode == 0


def test_leftovers_of_a_killed_run_do_no_harm(start):
    first = start()
    first.wait_until_ready()
    os.killpg(first.process.pid, signal.SIGKILL)
    first.wait()
    deadline = time.monotonic() + servers.PATIENCE_SECONDS
    while processes_that_mention(str(first.var_dir)):
        assert time.monotonic() < deadline, processes_that_mention(str(first.var_dir))
        time.sleep(0.1)
    broken = first.var_dir / "broker" / "messages" / "1_broken.celery.msg"
    broken.write_bytes(b"\x00 not what is expected")
    second = start()
    second.wait_until_ready()
    wait_for(lambda: "celery@" in second.output, second)
    send_messages(second.var_dir)
    wait_for(lambda: not list((second.var_dir / "broker" / "messages").iterdir()), second)
    assert get(second.web_port) == 200
    assert second.process.poll() is None
    second.press_ctrl_c()
    assert second.wait() == 0


@pytest.mark.parametrize("variable", ["WEB_PORT", "DIRECTORY_PORT"])
def test_a_taken_port_is_named_with_its_variable_before_anything_starts(start, variable):
    with socket.socket() as occupier:
        occupier.bind(("127.0.0.1", 0))
        occupier.listen()
        port = occupier.getsockname()[1]
        run = start(**{variable.lower(): port})
        assert run.wait() != 0
    assert f"Port {port}" in run.output
    assert f"make run {variable}=" in run.output
    assert "Traceback" not in run.output
    assert not (run.var_dir / "database.sqlite3").exists()


def test_the_same_port_twice_is_refused(start):
    port = servers.free_port()
    run = start(web_port=port, directory_port=port)
    assert run.wait() != 0
    assert "must be different" in run.output


def test_the_embedded_tool_does_not_start_in_production_mode(tmp_path):
    from tests.config.reading_settings import PRODUCTION

    result = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "run_embedded", "--skip-checks"],
        env={"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), **PRODUCTION},
        capture_output=True, text=True, timeout=servers.PATIENCE_SECONDS, check=False,
    )  # fmt: skip
    assert result.returncode != 0
    assert "run_embedded is for the demo" in result.stderr


def test_the_worker_does_what_it_is_sent(embedded_tool):
    """The queue of files runs empty again: somebody takes the messages out and acknowledges them."""
    send_messages(embedded_tool.var_dir)
    wait_for(lambda: not list((embedded_tool.var_dir / "broker" / "messages").iterdir()), embedded_tool)
    assert "ERROR" not in embedded_tool.output
    assert "Traceback" not in embedded_tool.output
