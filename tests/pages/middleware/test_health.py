"""The machines' addresses answer without session, host name or database."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection
from django.test import Client


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
@pytest.mark.django_db
def test_no_session_and_no_host_name_is_needed(settings, address, monkeypatch):
    settings.ALLOWED_HOSTS = ["access.invalid"]
    settings.SECURE_SSL_REDIRECT = True
    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", explode)
    client = Client(headers={"host": "192.0.2.1"})
    client.cookies["sessionid"] = "abc"

    assert client.get(address).status_code == 200
    assert client.post(address).status_code == 405
    assert client.get("/").status_code != 200


def explode(*_args, **_kwargs):
    raise AssertionError("no session is read")


def test_without_a_database_the_process_lives_and_is_not_ready(monkeypatch):
    monkeypatch.setattr(connection, "cursor", out)

    assert Client().get("/healthz").status_code == 200
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.content) == (503, b"database\n")


def out(*_args, **_kwargs):
    raise DatabaseError
