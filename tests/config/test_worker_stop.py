"""A worker that is told to stop ends, also where its Redis neither answers nor closes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tests import migrated, servers
from tests.servers import ROOT

pytestmark = [pytest.mark.redis, pytest.mark.timeout(900)]


def test_a_worker_whose_redis_hangs_ends_when_told(tmp_path):
    variables = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path / "var")}
    migrated.put_into(tmp_path / "var")
    log = tmp_path / "worker.log"
    quick = "import config.celery as c; c.STOP_SECONDS = 5; c.app.worker_main(['worker', '-P', 'threads'])"
    with servers.Redis(tmp_path) as redis, log.open("wb") as output:
        worker = subprocess.Popen(
            [sys.executable, "-c", quick], cwd=ROOT, env={**variables, "REDIS_URL": redis.url},
            stdout=output, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            wait_until(lambda: b"ready." in log.read_bytes(), log)
            assert redis._process is not None
            redis._process.send_signal(signal.SIGSTOP)
            worker.send_signal(signal.SIGTERM)
            worker.wait(timeout=300)
        finally:
            redis._process.send_signal(signal.SIGCONT)
            worker.kill()
            worker.wait()


def wait_until(holds, log):
    deadline = time.monotonic() + servers.PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, log.read_text(errors="replace")[-3000:]
        time.sleep(0.1)
