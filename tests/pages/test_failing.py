"""What a page answers when something fails that no view has foreseen."""

from __future__ import annotations

import pytest
from django.db import InterfaceError, OperationalError
from django.test import Client
from django.urls import reverse

from tests import cast
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db

SESSIONS = "django.contrib.sessions.backends.db.SessionStore._get_session_from_db"


def failing(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise error

    monkeypatch.setattr(SESSIONS, fail)


@pytest.mark.parametrize("error", [OperationalError("host=secret"), InterfaceError()], ids=repr)
def test_a_database_that_is_away_is_no_fault_but_a_pause(enter, monkeypatch, error):
    client: Client = enter(cast.HEAD)
    client.raise_request_exception = False
    failing(monkeypatch, error)
    answer = client.get(reverse("start"))
    assert answer.status_code == 503
    assert answer["Retry-After"] == "30"
    assert "Try again in a minute" in text_of(answer)
    assert "secret" not in answer.content.decode()


def test_any_other_failure_is_ours(enter, monkeypatch):
    client: Client = enter(cast.HEAD)
    client.raise_request_exception = False
    failing(monkeypatch, ValueError("secret"))
    answer = client.get(reverse("start"))
    assert answer.status_code == 500
    assert "The fault is ours" in text_of(answer)
    assert "secret" not in answer.content.decode()
