"""A worker whose Redis goes: it comes back with Redis, and ends when told, also where Redis hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from celery import Celery
from redis import Redis

from tests import servers
from tests.config.half_an_answer import After, HalfAnAnswer
from tests.servers import ROOT

pytestmark = [pytest.mark.redis, pytest.mark.timeout(900)]


def test_a_worker_whose_redis_hangs_ends_when_told(tmp_path):
    variables = migrated(tmp_path)
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


def migrated(folder: Path) -> dict[str, str]:
    """The environment of a tool with a migrated database of its own."""
    variables = {"PATH": os.environ["PATH"], "VAR_DIR": str(folder / "var")}
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "-v0"], env=variables, cwd=ROOT, check=True, timeout=300
    )
    return variables


def test_a_worker_whose_redis_dies_in_the_midst_of_an_answer_comes_back(tmp_path):
    """Twice: the connection is reset, or stays and says nothing more; each time Redis itself is killed."""
    variables = migrated(tmp_path)
    log = tmp_path / "worker.log"
    command = [sys.executable, "-m", "celery", "-A", "config", "worker", "-c", "1"]
    with servers.Redis(tmp_path) as redis, HalfAnAnswer(redis.port) as way, log.open("wb") as output:
        worker = subprocess.Popen(
            command, cwd=ROOT, env={**variables, "REDIS_URL": way.url},
            stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            wait_until(lambda: b"ready." in log.read_bytes(), log)
            for death in After:
                way.dies, killed = death, redis._process
                assert killed is not None
                give_work(redis)
                assert way.died.wait(servers.PATIENCE_SECONDS)
                killed.kill()
                killed.wait()
                way.dies = None
                way.died.clear()
                redis._spawn(redis.command)
                give_work(redis)
                wait_until(lambda: takes_work(redis), log)
                assert worker.poll() is None
        finally:
            os.killpg(worker.pid, signal.SIGKILL)
            worker.wait()


def give_work(redis: servers.Redis) -> None:
    with Celery(broker=redis.url) as giver:
        giver.send_task("workflows.sweep_clock")


def takes_work(redis: servers.Redis) -> bool:
    with Redis.from_url(redis.url) as client:
        return bool(client.llen("celery") == 0)


def wait_until(holds, log):
    deadline = time.monotonic() + servers.PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, log.read_text(errors="replace")[-3000:]
        time.sleep(0.1)
