"""Everybody sees where they are logged in, and ends what they do not need."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from provisioning.login import sessions
from provisioning.models import AuditEntry, LogIn
from tests import cast
from workflows import tasks

pytestmark = pytest.mark.django_db

EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0 Safari/537.36 Edg/126.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Mobile Safari/604.1"
PAGE = "/mina-inloggningar/"


@pytest.mark.parametrize(
    ("agent", "name"),
    [(EDGE, "Edge, Windows"), (PHONE, "Safari, iPhone"), ("", ""), ("\x00<script>", ""), ("x" * 9000, "")],
)
def test_a_browser_is_named_by_kind_and_system(agent, name):
    assert sessions.browser(agent) == name


def test_all_own_log_ins_are_listed_and_no_others(enter):
    computer, phone = enter(cast.HEAD), enter(cast.HEAD)
    computer.get("/", headers={"user-agent": EDGE})
    phone.get("/", headers={"user-agent": PHONE})
    enter(cast.DOCTOR).get("/", headers={"user-agent": "Firefox/1 Linux"})
    page = computer.get(PAGE).content.decode()
    assert "Edge, Windows" in page
    assert "Safari, iPhone" in page
    assert "Firefox" not in page
    assert page.count("This log-in") == 1
    assert page.index("Edge") < page.index("Safari")
    assert page.count('name="log_in"') == 1


def test_a_log_in_that_is_ended_is_out_at_once(enter):
    computer, phone = enter(cast.HEAD), enter(cast.HEAD)
    computer.get("/")
    phone.get("/")
    row = LogIn.objects.get(session_key=phone.session.session_key)
    answer = computer.post(reverse("end_log_in"), {"log_in": str(row.public_id)}, follow=True)
    assert "has ended" in answer.content.decode()
    assert phone.get("/").status_code == 302
    assert computer.get("/").status_code == 200
    assert AuditEntry.objects.get(action="login.ended").data["code"] == "session.ended_by_person"
    assert not LogIn.objects.filter(pk=row.pk).exists()


def test_nobody_ends_anothers_log_in(enter):
    head, doctor = enter(cast.HEAD), enter(cast.DOCTOR)
    head.get("/")
    row = LogIn.objects.get()
    for log_in in (str(row.public_id), str(uuid4()), "", "abc", "\x00"):
        assert doctor.post(reverse("end_log_in"), {"log_in": log_in}).status_code == 404
    assert head.get("/").status_code == 200


def test_logging_out_takes_the_log_in_off_the_list(enter):
    browser = enter(cast.HEAD)
    browser.get("/")
    browser.post("/logga-ut/")
    assert not LogIn.objects.exists()


def test_what_has_been_idle_or_is_old_is_not_listed_and_goes(enter, settings):
    browser, other = enter(cast.HEAD), enter(cast.HEAD)
    browser.get("/")
    other.get("/", headers={"user-agent": EDGE})
    rows = LogIn.objects.filter(session_key=other.session.session_key)
    rows.update(used_at=timezone.now() - timedelta(minutes=settings.SESSION_IDLE_MINUTES + 1))
    assert "Edge" not in browser.get(PAGE).content.decode()
    rows.update(begun_at=timezone.now() - timedelta(hours=settings.SESSION_HOURS + 1))
    tasks.sweep_sessions()
    assert not rows.exists()
    assert LogIn.objects.exists()
