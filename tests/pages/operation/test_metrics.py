"""Metrics: for whoever has the token, true of the tables, and without anybody's name or id."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from django.db import DatabaseError
from prometheus_client.parser import text_string_to_metric_families

from provisioning.pages.operation import metrics
from tests import acts, cast

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "a-token-of-the-test"


@pytest.fixture(autouse=True)
def token(settings):
    settings.METRICS_TOKEN = TOKEN


def figures(client) -> dict[tuple[str, ...], float]:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    families = text_string_to_metric_families(answer.content.decode())
    return {
        (sample.name, *(value for _label, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_open_cases_are_counted_by_step_with_the_age_of_the_oldest(directory, client):
    acts.order()
    acts.work()
    acts.order(person_id=cast.WRONG_CASE)

    found = figures(client)

    assert found["access_open_cases", "order", "awaiting_kiv"] == 1
    assert found["access_open_cases", "order", "checking"] == 1
    assert found["access_oldest_case_seconds", "order", "awaiting_kiv"] >= 0
    assert found["access_messages", "queued"] >= 1


def test_questions_to_the_directory_and_pages_are_measured(directory, client, enter):
    enter(cast.HEAD).get("/arenden/")

    before = figures(client)
    enter(cast.HEAD).get("/arenden/")
    after = figures(client)

    question = ("access_directory_question_seconds_count", "answered")
    page = ("access_http_request_seconds_count", "GET", "cases", "200")
    assert after[question] > before[question]
    assert after[page] == before[page] + 1


def test_a_directory_that_does_not_answer_is_counted_by_its_code(directory, client, enter):
    visitor = enter(cast.HEAD)
    acts.silence(directory, "busy")
    visitor.get("/bestall/")

    assert figures(client)["access_directory_question_seconds_count", "51"] >= 1


def test_nothing_in_the_metrics_names_anybody(directory, client):
    acts.order()
    acts.work()

    text = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).content.decode()

    assert cast.COORDINATOR.text not in text
    assert "SE0000000000" not in text


@pytest.mark.parametrize("given", ["", "Bearer ", "Bearer wrong", TOKEN[:-1]])
def test_nobody_without_the_token_reads_them(client, given):
    assert client.get("/metrics", headers={"Authorization": given}).status_code == 401


def test_there_is_no_such_page_without_a_token_in_the_settings(client, settings):
    settings.METRICS_TOKEN = ""

    assert client.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404


def test_a_database_that_is_away_is_said(client, monkeypatch):
    def away(self):
        raise DatabaseError

    monkeypatch.setattr(metrics.Standing, "collect", away)

    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})

    assert answer.status_code == 503


def test_alerts_and_dashboard_ask_for_figures_that_exist(directory, client):
    acts.order()
    client.get("/om/personuppgifter/")
    known = {name for name, *_labels in figures(client)}
    folder = Path(__file__).parents[3] / "docker" / "prometheus"
    rules = yaml.safe_load((folder / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    panels = json.loads((folder / "dashboard.json").read_text(encoding="utf-8"))["panels"]
    asked = [rule["expr"] for rule in rules]
    asked += [target["expr"] for panel in panels for target in panel["targets"]]

    named = {name for text in asked for name in re.findall(r"access_\w+", text)}

    measured = {"access_sweep_age_seconds", "access_heartbeat_age_seconds", "access_audit_age_seconds"}
    assert named <= known | measured  # these have no figure before the first
    assert len(rules) >= 7
    assert all(rule["annotations"]["action"] for rule in rules)
