"""The supervisor ends all programs with the first that ends, or with a signal, and leaves no orphan."""

import io
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from config.supervisor import Program, Supervisor
from tests.servers import PATIENCE_SECONDS, ROOT

SLEEPS = [sys.executable, "-c", "import time; print('awake', flush=True); time.sleep(600)"]


def run_apart(tmp_path: Path, programs: str) -> subprocess.Popen[str]:
    """A supervisor in a process of its own; each program's process id ends up in a file."""
    script = tmp_path / "run.py"
    script.write_text(
        textwrap.dedent(
            f"""
            import os, sys
            from config.supervisor import Program, Supervisor
            programs = {programs}
            sys.exit(Supervisor(programs, environment=os.environ).run(when_ready=lambda: "READY"))
            """
        )
    )
    return subprocess.Popen(
        [sys.executable, str(script)], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def announcing(name: str, then: str) -> str:
    """A program that writes its process id into a file, then does something."""
    code = f"import os, time, subprocess, sys; open({name!r}, 'w').write(str(os.getpid())); {then}"
    return f"Program({name!r}, [sys.executable, '-c', {code!r}])"


def wait_for(condition, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)


def pid_in(path: Path) -> int:
    wait_for(lambda: path.exists() and path.read_text().strip(), f"{path.name} started")
    return int(path.read_text())


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_everything_and_is_no_failure(tmp_path, number):
    sleep = "time.sleep(600)"
    process = run_apart(tmp_path, f"[{announcing('one', sleep)}, {announcing('two', sleep)}]")
    pids = [pid_in(tmp_path / name) for name in ("one", "two")]
    process.send_signal(number)
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, output
    assert not any(is_alive(pid) for pid in pids)
    assert output.rstrip().endswith("Stopped.")


def test_the_first_program_that_ends_ends_the_others_and_is_named(tmp_path):
    lasting, failing = (
        announcing("lasting", "time.sleep(600)"),
        announcing("failing", "time.sleep(0.5); sys.exit(3)"),
    )
    process = run_apart(tmp_path, f"[{lasting}, {failing}]")
    pid = pid_in(tmp_path / "lasting")
    output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 1
    assert "failing ended by itself (exit status 3)" in output
    assert not is_alive(pid)


def test_a_child_of_a_program_ends_with_it(tmp_path):
    inner = "open('inner','w').write(str(subprocess.Popen(['sleep', '600']).pid)); time.sleep(600)"
    process = run_apart(tmp_path, f"[{announcing('outer', inner)}]")
    pid = pid_in(tmp_path / "inner")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE_SECONDS)
    wait_for(lambda: not is_alive(pid), "the child of the program ended")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent was killed")
def test_programs_end_when_the_supervisor_itself_is_killed(tmp_path):
    process = run_apart(tmp_path, f"[{announcing('one', 'time.sleep(600)')}]")
    pid = pid_in(tmp_path / "one")
    process.kill()
    process.communicate(timeout=PATIENCE_SECONDS)
    wait_for(lambda: not is_alive(pid), "the program ended with its killed parent")


def test_lines_name_their_program_and_the_ready_text_comes_once():
    out = io.StringIO()
    supervisor = Supervisor(
        [Program("ab", [sys.executable, "-c", "import time; print('hello'); time.sleep(1)"]),
         Program("abc", SLEEPS)],
        environment=os.environ, out=out,
    )  # fmt: skip
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        assert supervisor.run(when_ready=lambda: "READY") == 1
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
    lines = out.getvalue().splitlines()
    assert "ab  | hello" in lines
    assert "abc | awake" in lines
    assert lines.count("READY") == 1
