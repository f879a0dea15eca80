"""Production as it is run: the web server with real PostgreSQL and Redis, met from outside."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import time

import pytest
from django.urls import get_resolver

from config import checks
from tests import servers
from tests.config.reading_settings import PRODUCTION
from tests.servers import LOOPBACK, ROOT

pytestmark = pytest.mark.timeout(900)


class Web(servers.Server):
    """The web server as the image starts it."""

    def __init__(self, folder, variables):
        super().__init__(folder)
        self._variables = variables

    def start(self):
        self.port = servers.free_port()
        self._spawn(
            [sys.executable, "-m", "gunicorn", "config.wsgi:application", "--chdir", str(ROOT),
             "--bind", f"{LOOPBACK}:{self.port}", "--worker-class", "gthread", "--threads", "2",
             "--config", str(ROOT / "config" / "web_server.py"), "--access-logfile", "-"],
            env=self._variables,
            is_up=self._answers,
        )  # fmt: skip

    def _answers(self):
        try:
            return self.get("/healthz").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def get(self, path, **headers):
        connection = http.client.HTTPConnection(LOOPBACK, self.port, timeout=60)
        connection.request("GET", path, headers={"Host": "access.invalid", **headers})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer


def manage(*arguments, variables, check=True):
    return subprocess.run(
        [sys.executable, "-W", "ignore", str(ROOT / "manage.py"), *arguments],
        env=variables, cwd=ROOT, capture_output=True, text=True, check=check, timeout=240,
    )  # fmt: skip


@pytest.fixture(scope="module")
def variables(postgres_server, redis_server, tmp_path_factory):
    return {
        "PATH": os.environ["PATH"],
        **PRODUCTION,
        "VAR_DIR": str(tmp_path_factory.mktemp("var")),
        "DATABASE_URL": postgres_server.url("postgres"),
        "REDIS_URL": redis_server.url,
    }


@pytest.fixture(scope="module")
def web(variables, tmp_path_factory):
    manage("migrate", "--no-input", variables=variables)
    manage("collectstatic", "--no-input", variables=variables)
    with Web(tmp_path_factory.mktemp("web"), variables) as server:
        yield server


def by_https(web, path):
    return web.get(path, **{"X-Forwarded-Proto": "https"})


def test_djangos_own_checks_for_deployment_find_nothing(tmp_path):
    variables = {"PATH": os.environ["PATH"], **PRODUCTION, "VAR_DIR": str(tmp_path)}
    result = manage("check", "--deploy", "--fail-level", "WARNING", variables=variables, check=False)
    assert result.returncode == 0, result.stderr


def test_no_migration_is_missing(tmp_path):
    variables = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path)}
    result = manage("makemigrations", "--check", "--dry-run", variables=variables, check=False)
    assert result.returncode == 0, result.stdout


def test_the_machines_addresses_answer_without_https(web):
    assert web.get("/healthz").status == 200
    assert web.get("/readyz").status == 200


def test_the_machines_addresses_answer_by_ip_address(web):
    assert web.get("/healthz", Host="127.0.0.1").status == 200
    assert web.get("/readyz", Host="127.0.0.1").status == 200
    assert web.get("/", Host="127.0.0.1").status == 400


@pytest.mark.parametrize(
    ("left_out", "said"), [("collectstatic", "collectstatic"), ("migrate", "manage.py migrate")]
)
def test_a_start_that_lacks_a_step_says_which(variables, tmp_path, postgres_server, left_out, said):
    own = {**variables, "VAR_DIR": str(tmp_path / "var")}
    if left_out == "migrate":
        postgres_server.create("unmigrated")
        own["DATABASE_URL"] = postgres_server.url("unmigrated")
        manage("collectstatic", "--no-input", variables=own)
    with pytest.raises(RuntimeError, match=said):
        Web(tmp_path, own).start()


def test_a_worker_says_that_migrations_are_missing(variables, tmp_path, postgres_server):
    postgres_server.create("unmigrated_too")
    own = {**variables, "DATABASE_URL": postgres_server.url("unmigrated_too")}
    worker = subprocess.run(
        [sys.executable, "-m", "celery", "--app", "config.celery", "worker", "--pool", "threads"],
        env=own, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert worker.returncode != 0
    assert "manage.py migrate" in worker.stderr


def test_the_access_log_names_nobody(web):
    by_https(web, "/behorigheter/plats/SE0000000000-E000000001101/?next=SE0000000000-1001")
    line, log = access_line(web, "/behorigheter/plats/")
    assert re.match(
        r"\d{4}-\d\d-\d\dT[\d:.]+Z INFO gunicorn.access GET /behorigheter/plats/\[removed\]/ \d+", line
    )
    assert "SE0000000000" not in log
    assert "127.0.0.1" not in line


def access_line(web, path):
    """The line about that path, and the whole log: it is written after the answer has been sent."""
    deadline = time.monotonic() + servers.PATIENCE_SECONDS
    while True:
        log = (web.folder / "server.log").read_text()
        found = [one for one in log.splitlines() if path in one and "gunicorn.access" in one]
        if found:
            return found[0], log
        assert time.monotonic() < deadline, log
        time.sleep(0.1)


def test_a_page_without_https_leads_to_https(web):
    answer = web.get("/")
    assert answer.status == 301
    assert answer.getheader("Location") == "https://access.invalid/"


def test_another_host_name_is_refused(web):
    assert by_https(web, "/").status != 400
    assert web.get("/", **{"Host": "evil.invalid", "X-Forwarded-Proto": "https"}).status == 400


def test_addresses_of_the_demo_do_not_exist(web):
    addresses = list(checks.demo_addresses(get_resolver()))
    assert len(addresses) >= 3  # this test process itself is a demo
    for address in addresses:
        assert by_https(web, f"/{address}").status == 404, address


def test_pages_carry_the_security_headers(web):
    answer = by_https(web, "/logga-in/")
    policy = {part.strip() for part in answer.getheader("Content-Security-Policy", "").split(";")}
    assert {"default-src 'self'", "object-src 'none'", "frame-ancestors 'none'"} <= policy
    assert not any("unsafe" in part for part in policy)
    assert answer.getheader("Strict-Transport-Security", "").startswith("max-age=31536000")
    assert answer.getheader("X-Frame-Options") == "DENY"
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("Referrer-Policy") == "same-origin"


def test_cookies_are_for_https_and_this_host_alone(web):
    answer = by_https(web, "/")
    page = by_https(web, answer.getheader("Location")) if answer.status == 302 else answer
    for cookie in page.headers.get_all("Set-Cookie") or []:
        assert cookie.startswith("__Host-"), cookie
        assert "Secure" in cookie
        assert "HttpOnly" in cookie


def test_the_web_server_does_not_start_when_demo_is_mixed_in(variables, tmp_path):
    with pytest.raises(RuntimeError, match="MOCK_KIV_BIND_DN"):
        Web(tmp_path, {**variables, "MOCK_KIV_BIND_DN": "cn=kiv"}).start()


def test_no_demo_starts_with_a_directory_elsewhere(tmp_path):
    variables = {
        "PATH": os.environ["PATH"],
        "VAR_DIR": str(tmp_path),
        "DIRECTORY_URL": "ldaps://directory.invalid",
    }
    with pytest.raises(RuntimeError, match="DIRECTORY_URL points at another machine"):
        Web(tmp_path, variables).start()
    worker = subprocess.run(
        [sys.executable, "-m", "celery", "--app", "config.celery", "worker", "--pool", "threads"],
        env=variables, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert worker.returncode != 0
    assert "DIRECTORY_URL points at another machine" in worker.stderr
