"""A worker whose Redis goes: it comes back with Redis, and ends when told, also where Redis hangs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from celery import Celery
from redis import Redis

from tests import migrated, servers
from tests.config.half_an_answer import After, HalfAnAnswer
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


def test_a_worker_whose_redis_dies_in_the_midst_of_an_answer_comes_back(tmp_path):
    """Twice: the connection is reset, or stays and says nothing more; each time Redis itself is killed."""
    variables = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path / "var")}
    migrated.put_into(tmp_path / "var")
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
                wait_until(way.died.is_set, log)
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
