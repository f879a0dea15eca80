"""Traces name pages, tasks and cases, and hold nothing about persons; without an endpoint there are none."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from celery.utils.threads import LocalStack
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from config import celery
from provisioning import traces, worker
from tests import acts, cast
from tests.config.reading_settings import read_settings
from tests.servers import ROOT
from workflows import tasks

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def kept(monkeypatch) -> InMemorySpanExporter:
    exporter = InMemorySpanExporter()
    tracer = traces._made(exporter, SimpleSpanProcessor)
    monkeypatch.setattr(traces, "_tracer", lambda: tracer)
    return exporter


def names(exporter: InMemorySpanExporter) -> list[str]:
    return [one.name for one in exporter.get_finished_spans()]


def test_a_page_is_told_by_its_name_and_its_case_by_its_id(kept, directory, enter):
    request = acts.order()
    acts.work()
    kept.clear()
    page = reverse("withdraw", args=[request.public_id])
    assert enter(cast.HEAD).post(page, {"reason": "Behövs inte."}).status_code == 302
    assert "POST withdraw" in names(kept)
    assert "question to the directory" in names(kept)
    (told,) = [one for one in kept.get_finished_spans() if one.name == "POST withdraw"]
    assert dict(told.attributes or {}) == {"http.response.status_code": 302}
    assert {str((event.attributes or {})["case.id"]) for event in told.events} == {str(request.public_id)}


def test_nothing_in_a_trace_is_about_a_person(kept, directory, enter):
    request = acts.order()
    acts.work()
    enter(cast.HEAD).get(reverse("case", args=[request.public_id]) + "?sok=" + cast.COORDINATOR.text)
    enter(cast.HEAD).get("/finns/inte/" + cast.COORDINATOR.text)
    written = " ".join(one.to_json() for one in kept.get_finished_spans())
    assert kept.get_finished_spans()
    for personal in (
        cast.COORDINATOR.text,
        cast.HEAD.text,
        request.subject_name,
        request.unit_name,
        "/arenden/",
    ):
        assert personal not in written
        assert personal.lower() not in written


def test_what_a_click_wakes_stands_in_the_trace_of_the_click(kept, monkeypatch):
    sent = []
    monkeypatch.setattr(worker, "_send", lambda name, args, headers: sent.append(headers))
    with traces.span("POST order"):
        worker.wake("workflows.sweep_clock", 1)
    monkeypatch.setattr(tasks.sweep_clock, "request_stack", LocalStack())
    tasks.sweep_clock.push_request(**sent[0])
    celery.enter_lane(task=tasks.sweep_clock)
    celery.leave_lane(state="SUCCESS")
    click, task = kept.get_finished_spans()
    assert (click.name, task.name) == ("POST order", "workflows.sweep_clock")
    assert task.context.trace_id == click.context.trace_id
    assert task.parent is not None
    assert task.parent.span_id == click.context.span_id


def test_what_the_timetable_wakes_stands_in_a_trace_of_its_own(kept):
    assert traces.carried() == {}
    celery.enter_lane(task=tasks.sweep_clock)
    celery.leave_lane(state="SUCCESS")
    assert kept.get_finished_spans()[0].parent is None


@pytest.mark.parametrize(("state", "is_error"), [("SUCCESS", False), ("FAILURE", True)])
def test_a_task_is_told_by_its_name(kept, state, is_error):
    celery.enter_lane(task=tasks.sweep_clock)
    celery.leave_lane(state=state)
    (told,) = kept.get_finished_spans()
    assert told.name == "workflows.sweep_clock"
    assert (not told.status.is_ok) == is_error


def test_of_what_fails_the_type_alone_is_told(kept):
    with pytest.raises(ValueError, match="Anna"), traces.span("something"):
        raise ValueError("Anna Andersson")
    (told,) = kept.get_finished_spans()
    assert told.status.description == "ValueError"
    assert "Anna" not in told.to_json()


def test_without_an_endpoint_nothing_is_imported(tmp_path):
    code = (
        "import django, sys; django.setup(); import config.celery, config.urls\n"
        "from provisioning import traces\n"
        "with traces.span('x') as span: span.tell({'a': 1})\n"
        "sys.exit('opentelemetry.exporter' in sys.modules)"  # the rest redis-py imports where it is installed
    )
    variables = {
        "PATH": os.environ["PATH"],
        "VAR_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=variables, check=True, timeout=300)


def test_an_endpoint_without_the_library_stops_the_start(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImproperlyConfigured, match=r"requirements-traces\.lock"):
        read_settings({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, tmp_path)
