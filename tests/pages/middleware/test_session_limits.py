"""How long a log-in lasts, and what its cookie is like."""

import pytest
from django.contrib.sessions.models import Session

from provisioning.models import AuditEntry
from provisioning.pages.middleware import session_limits
from tests import cast
from tests.config.reading_settings import PRODUCTION, read_settings
from workflows import tasks

pytestmark = pytest.mark.django_db
BEGIN = 1_800_000_000.0


@pytest.fixture
def clock(monkeypatch):
    now = [BEGIN]
    monkeypatch.setattr(session_limits.time, "time", lambda: now[0])
    return now


def test_without_an_act_for_the_idle_time_the_person_is_out(enter, clock, settings):
    settings.SESSION_IDLE_MINUTES = 30
    client = enter(cast.HEAD)
    assert client.get("/").status_code == 200
    key = client.session.session_key
    clock[0] += 30 * 60
    assert client.get("/").status_code == 200  # the last moment counts
    clock[0] += 30 * 60 + 1
    response = client.get("/arenden/")
    assert response.status_code == 302
    assert response["Location"] == "/logga-in/?next=/arenden/"
    assert not type(client.session)(key).exists(key)
    assert AuditEntry.objects.get(action="login.ended").data == {"code": "session.idle"}


def test_an_act_begins_the_idle_time_anew(enter, clock, settings):
    settings.SESSION_IDLE_MINUTES, settings.SESSION_HOURS = 30, 8
    client = enter(cast.HEAD)
    for _time in range(10):
        assert client.get("/arenden/").status_code == 200
        clock[0] += 29 * 60


def test_nobody_stays_longer_than_the_whole_time(enter, clock, settings):
    settings.SESSION_IDLE_MINUTES, settings.SESSION_HOURS = 30, 1
    client = enter(cast.HEAD)
    for _time in range(6):
        assert client.get("/arenden/").status_code == 200
        clock[0] += 11 * 60
    assert client.get("/arenden/").status_code == 302
    assert AuditEntry.objects.get(action="login.ended").data == {"code": "session.old"}


def test_an_act_is_written_down_at_most_once_a_minute(enter, clock, django_assert_num_queries):
    client = enter(cast.HEAD)
    client.get("/om/tillganglighet/")
    clock[0] += 30
    before = client.session["session.active_at"]
    client.get("/om/tillganglighet/")
    assert client.session["session.active_at"] == before
    clock[0] += 31
    client.get("/om/tillganglighet/")
    assert client.session["session.active_at"] == clock[0]


def test_the_page_after_it_says_why(enter, clock):
    client = enter(cast.HEAD)
    client.get("/")
    clock[0] += 10 * 3600
    page = client.get("/", follow=True).content.decode()
    assert "time ran out" in page


def test_the_cookies_in_production(tmp_path):
    settings = read_settings(PRODUCTION, tmp_path)
    assert settings.SESSION_COOKIE_NAME.startswith("__Host-")  # a browser then asks for Secure and no Domain
    assert settings.CSRF_COOKIE_NAME.startswith("__Host-")
    assert settings.SESSION_COOKIE_SECURE
    assert settings.SESSION_COOKIE_HTTPONLY
    assert settings.SESSION_COOKIE_SAMESITE == "Lax"
    assert settings.CSRF_COOKIE_SECURE
    assert settings.SESSION_COOKIE_AGE == settings.SESSION_HOURS * 3600


def test_ended_sessions_are_forgotten_within_the_hour(enter):
    from config.celery import TIMETABLE

    client = enter(cast.HEAD)
    stays = enter(cast.DOCTOR).session.session_key
    Session.objects.filter(pk=client.session.session_key).update(expire_date="2020-01-01T00:00:00Z")
    tasks.sweep_sessions()
    assert list(Session.objects.values_list("pk", flat=True)) == [stays]
    (job,) = [job for job in TIMETABLE.values() if job["task"] == tasks.sweep_sessions.name]
    assert job["schedule"] <= 3600
