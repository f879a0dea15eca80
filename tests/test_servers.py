"""The real servers start, answer, and can be asked for by name."""

import socket
from pathlib import Path

import psycopg
import pytest
import redis
from django.conf import settings
from django.db import connection

from tests import servers


@pytest.mark.postgres
@pytest.mark.django_db
def test_a_test_marked_postgres_runs_on_postgresql():
    assert connection.vendor == "postgresql"
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_encoding')")
        assert cursor.fetchone() == ("UTF8",)


def test_a_postgresql_of_our_own_answers(postgres_server):
    with psycopg.connect(postgres_server.url("postgres")) as own:
        assert own.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.redis
def test_a_redis_of_our_own_answers(redis_server):
    client = redis.Redis.from_url(redis_server.url)
    assert client.ping()
    client.close()


def test_a_stopped_server_leaves_neither_port_nor_process(tmp_path):
    server = servers.Redis(tmp_path)
    with server:
        process = server._process
        port = server.port
        assert servers.is_open(port)
    assert process.poll() is not None
    with socket.socket() as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        candidate.bind((servers.LOOPBACK, port))


@pytest.mark.browser
def test_a_browser_opens_windows_that_share_no_cookies(open_window, live_server):
    first, second = open_window(), open_window()
    for page in (first, second):
        assert page.goto(f"{live_server.url}/healthz").status == 200
    first.context.add_cookies([{"name": "who", "value": "first", "url": live_server.url}])
    assert "who" in {cookie["name"] for cookie in first.context.cookies()}
    assert "who" not in {cookie["name"] for cookie in second.context.cookies()}


def test_a_missing_program_skips_the_test_and_says_what_to_install(monkeypatch):
    monkeypatch.delenv("REQUIRE_REAL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install no-such-program"):
        servers.find("no-such-program")


def test_a_missing_program_fails_the_test_where_real_parts_are_required(monkeypatch):
    monkeypatch.setenv("REQUIRE_REAL", "1")
    with pytest.raises(pytest.fail.Exception, match="missing on this machine: no-such-program"):
        servers.find("no-such-program")


def test_tests_write_into_a_folder_of_their_own():
    assert "provisioning-tests-" in str(settings.VAR_DIR)
    assert not Path(settings.VAR_DIR).is_relative_to(settings.BASE_DIR)
