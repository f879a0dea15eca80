"""A short storm: every process of an installation is killed again and again, and nothing comes of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import servers

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.redis,
    pytest.mark.slapd,
    pytest.mark.timeout(2400),  # a busy machine takes its time; whatever hangs, ends
]

KILLS, CASES = 25, 30


def test_a_storm_loses_and_doubles_nothing(tmp_path: Path):
    for program in ("initdb", "postgres", "redis-server", "slapd"):
        servers.find(program)
    command = [sys.executable, "-m", "tests.workflows.storm", str(tmp_path / "storm"), "--kills", str(KILLS)]
    command += ["--seconds", "90", "--cases", str(CASES), "--at-once", "20", "--people", "60"]
    (tmp_path / "storm").mkdir()
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
    assert done.returncode == 0, done.stderr[-4000:]

    came_of_it = json.loads(done.stdout.splitlines()[-1])
    assert sum(came_of_it["kills"].values()) >= KILLS
    assert all(came_of_it["kills"].values()), "each process was killed at least once"
    assert came_of_it["orders"] + came_of_it["removals"] >= CASES
    assert {kind: cases for kind, cases in came_of_it["troubles"].items() if cases} == {}
    assert came_of_it["errors"] == []
    assert came_of_it["settled after seconds"] is not None
    assert came_of_it["mails after seconds"] is not None
