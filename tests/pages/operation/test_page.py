"""The operators' page: green where all runs, red with what to do where something does not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import transaction
from django.urls import reverse
from django.utils import timezone, translation

from provisioning import heartbeats
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.models import Heartbeat, OutgoingMessage, Sweep, User
from provisioning.pages.operation import signs
from tests import acts, cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def operator(settings, tmp_path):
    cache.clear()
    settings.OPERATORS = [cast.OUTSIDER.text]
    file = tmp_path / "checkpoints.jsonl"
    file.write_text("{}\n")
    settings.AUDIT_CHECKPOINT_TARGETS = [("file", str(file))]
    return cast.OUTSIDER


@pytest.fixture
def all_well(directory):
    for kind in Heartbeat.Process:
        heartbeats.beat(kind)
    Sweep.objects.create(is_full=True, outcome=Sweep.Outcome.COMPLETE, finished_at=timezone.now())
    checked(sound=True)
    return directory


def checked(**found):
    with transaction.atomic():
        events.record(Action.AUDIT_VERIFIED, actor=None, **found)


def unwell():
    reader = User.objects.filter(pk=cast.OUTSIDER.folded).first() or acts.user(cast.OUTSIDER)
    with translation.override("en"):
        return [str(sign.heading) for sign in signs.all_signs(reader) if not sign.is_well]


def test_where_everything_runs_the_page_says_so(all_well, enter):
    answer = enter(cast.OUTSIDER).get(reverse("operation"))
    assert answer.status_code == 200
    assert "Everything runs." in answer.content.decode()
    assert unwell() == []


def test_others_do_not_find_the_page(all_well, enter):
    for who in (cast.HEAD, cast.KIV_ADMINISTRATOR, cast.COORDINATOR):
        assert enter(who).get(reverse("operation")).status_code == 404


def test_auditors_may_look_and_the_menu_leads_there(all_well, enter, settings):
    settings.AUDITORS = [cast.AUDITOR.text]
    browser = enter(cast.AUDITOR)
    assert browser.get(reverse("operation")).status_code == 200
    assert reverse("operation") in browser.get(reverse("start")).content.decode()


@pytest.mark.parametrize(
    ("kind", "heading"), [(Heartbeat.Process.WORKER, "Workers"), (Heartbeat.Process.TIMETABLE, "Timetable")]
)
def test_one_that_is_silent_for_two_minutes_is_red(all_well, enter, kind, heading):
    Heartbeat.objects.filter(kind=kind).update(beats_at=timezone.now() - timedelta(minutes=2))
    assert unwell() == [heading]
    page = enter(cast.OUTSIDER).get(reverse("operation")).content.decode()
    assert "Start" in page
    assert "Does not run" in page


def test_one_that_never_beat_is_red(all_well):
    Heartbeat.objects.all().delete()
    assert unwell() == ["Workers", "Timetable"]


def test_a_silent_directory_is_red_and_the_page_still_answers(all_well, enter):
    browser = enter(cast.OUTSIDER)
    acts.silence(all_well, "busy")
    assert browser.get(reverse("operation")).status_code == 200
    assert unwell() == ["The directory (KIV)"]


def test_work_that_waits_too_long_is_red(all_well):
    acts.order()
    from viewflow.workflow.models import Task

    Task.objects.filter(flow_task_type="JOB").update(scheduled=timezone.now() - timedelta(hours=1))
    assert "Background work" in unwell()


def test_mail_that_does_not_get_through_is_red(all_well):
    acts.order(by=cast.COORDINATOR)
    assert OutgoingMessage.objects.exists()
    OutgoingMessage.objects.update(state=OutgoingMessage.Delivery.FAILED)
    assert "Mail" in unwell()


def test_without_a_comparison_today_it_is_red(all_well):
    Sweep.objects.update(finished_at=timezone.now() - timedelta(days=2))
    assert unwell() == ["Comparison with the directory"]


def test_a_missing_checkpoint_file_is_red(all_well, settings, tmp_path):
    settings.AUDIT_CHECKPOINT_TARGETS = [("file", str(tmp_path / "nowhere"))]
    assert unwell() == ["Checkpoint of the event log"]


def test_an_event_log_that_is_not_sound_or_not_checked_is_red(all_well, monkeypatch):
    checked(sound=False, findings=["changed"], deviations=2, anchors_missing=0)
    assert unwell() == ["Event log and tables"]
    checked(sound=True)
    assert unwell() == []
    monkeypatch.setattr(signs, "COMPARED_AT_MOST", timedelta(0))
    assert "Event log and tables" in unwell()


def test_a_queue_that_does_not_answer_is_red(all_well, monkeypatch):
    def out(*_args, **_kwargs):
        raise OSError

    monkeypatch.setattr("kombu.Connection.ensure_connection", out)
    assert unwell() == ["The queue (Redis)"]


def test_a_process_that_stops_as_told_is_not_missed(all_well):
    heartbeats.end(Heartbeat.Process.WORKER)
    assert heartbeats.last(Heartbeat.Process.WORKER) is None
