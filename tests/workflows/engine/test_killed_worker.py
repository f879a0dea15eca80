"""A real Celery worker, on PostgreSQL and Redis, killed with SIGKILL while it asks the directory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.db import connection
from viewflow.workflow.models import Task

from provisioning.models import AuditEntry, OutgoingMessage
from provisioning.rules.hsa import Attribute
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.servers import PATIENCE_SECONDS

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.django_db(transaction=True)]

ROOT = Path(__file__).parents[3]


@contextmanager
def worker(
    directory_url: str, redis_url: str, folder: Path, *, hsa_url: str = ""
) -> Iterator[subprocess.Popen[bytes]]:
    """A worker with its timetable, in a process group of its own, on this test's database."""
    database = connection.settings_dict
    address = f"{database['HOST']}:{database['PORT']}/{database['NAME']}"
    variables = {
        "DATABASE_URL": f"postgresql://{database['USER']}:{database['PASSWORD']}@{address}",
        "REDIS_URL": redis_url,
        "DIRECTORY_URL": directory_url,
        "DIRECTORY_BIND_DN": "cn=lasare,ou=Konton,o=Demoregionen",
        "DIRECTORY_BIND_PASSWORD": "lasare",
        "DIRECTORY_PERSON_BASE": "ou=Personal,o=Demoregionen",
        "DIRECTORY_UNIT_BASE": "ou=Org,o=Demoregionen",
        # A busy machine is no silent directory: only the end of the worker ends what it waits for.
        "DIRECTORY_CONNECT_TIMEOUT_SECONDS": "60",
        "DIRECTORY_RECEIVE_TIMEOUT_SECONDS": "60",
        "BACKGROUND_LEASE_SECONDS": "5",
        "POLL_SCHEDULE_SECONDS": "1",
        "VAR_DIR": str(folder),
    }
    if hsa_url:
        variables |= {f"HSA_{name}": value for name, value in variables.items() if "DIRECTORY_" in name}
        variables |= {"HSA_DIRECTORY_URL": hsa_url, "HSA_POLL_SCHEDULE_SECONDS": "1"}
        variables["REMOVAL_SECOND_LOOK_SECONDS"] = "1"
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "config",
        "worker",
        "-B",
        "-c",
        "1",
        "-s",
        str(folder / "beat"),
    ]
    with (folder / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **variables}, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_until(claim: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not claim():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def test_what_a_killed_worker_had_begun_is_taken_over_and_done_once(directory, kiv, redis_server, tmp_path):
    request = acts.order()
    task = Task.objects.get(process=request.process, status="SCHEDULED")

    def is_claimed() -> bool:
        task.refresh_from_db()
        return bool(task.data.get("claim"))

    def is_in(state: RequestState) -> bool:
        request.refresh_from_db()
        return request.current_state is state

    directory.faults.slow_seconds = 30
    with worker(directory.url, redis_server.url, tmp_path) as first:
        wait_until(is_claimed, "the worker claims the check")
        os.killpg(first.pid, signal.SIGKILL)
    assert is_in(RequestState.CHECKING)
    directory.faults.clear()

    with worker(directory.url, redis_server.url, tmp_path):
        wait_until(lambda: is_in(RequestState.AWAITING_KIV), "another worker takes the check over")
        kiv.add_value(request.changes[0]["dn"], Attribute.SYSTEM_ROLE, request.changes[0]["add"])
        wait_until(lambda: is_in(RequestState.DONE), "the value is seen, verified, and the case closed")
        sent = OutgoingMessage.objects.filter(state="sent")
        wait_until(lambda: sent.count() == OutgoingMessage.objects.count(), "all mails have gone out")

    actions = list(AuditEntry.objects.filter(request=request).values_list("action", flat=True))
    assert len(actions) == len(set(actions)), "nothing happened twice"
    letters = list((tmp_path / "mail").iterdir())
    text = "".join(path.read_text() for path in letters)
    assert text.count("Message-ID:") == OutgoingMessage.objects.count()
    assert cast.COORDINATOR.text not in text


def test_a_worker_killed_while_it_asks_hsa_loses_nothing_of_a_removal(
    directory, hsa, kiv, sync, redis_server, tmp_path
):
    from provisioning.rules.states.right import RemovalState
    from tests.removals.test_leave_hsa import gone_from_kiv
    from tests.rights import life

    removal = gone_from_kiv(kiv, sync)
    task = Task.objects.get(process=removal.process, status="SCHEDULED")

    def is_claimed() -> bool:
        task.refresh_from_db()
        return bool(task.data.get("claim"))

    def is_in(state: RemovalState) -> bool:
        removal.refresh_from_db()
        return removal.current_state is state

    hsa.faults.slow_seconds = 30
    with worker(directory.url, redis_server.url, tmp_path, hsa_url=hsa.url) as first:
        wait_until(is_claimed, "the worker claims the look into HSA")
        os.killpg(first.pid, signal.SIGKILL)
    assert is_in(RemovalState.AWAITING_HSA)
    hsa.faults.clear()

    with worker(directory.url, redis_server.url, tmp_path, hsa_url=hsa.url):
        wait_until(lambda: bool(seen_in_hsa(removal)), "another worker looks into HSA, and finds it there")
        assert is_in(RemovalState.AWAITING_HSA)
        life.take_away(sync, removal)
        wait_until(lambda: is_in(RemovalState.DONE), "it is seen to have left HSA, and the case closed")
    entries = AuditEntry.objects.filter(about=removal.public_id)
    assert entries.filter(action="removal.done").count() == 1
    assert removal.evidence.filter(source=hsa.url).count() == 1


def seen_in_hsa(removal) -> list[str]:
    removal.refresh_from_db()
    return removal.hsa_shows.get("values", [])
