"""Which open cases and rights a changed rule answers otherwise: asked, told, and nothing written."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from django.core.management import call_command

from provisioning.models import AuditEntry
from provisioning.rules.causes import Code
from provisioning.rules.services import catalogue
from tests import acts, cast
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)


def replayed(capsys, *options: str) -> tuple[int, list[dict[str, object]]]:
    with pytest.raises(SystemExit) as ended:
        call_command("replay", "--json", *options)
    lines = capsys.readouterr().out.splitlines()
    return int(str(ended.value.code)), [json.loads(line) for line in lines]


@pytest.fixture
def open_case_and_right(directory, kiv):
    life.granted(kiv, person_id=cast.SETTLED)
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    return request


def test_nothing_differs_while_rule_and_directory_are_as_they_were(open_case_and_right, capsys):
    before = AuditEntry.objects.count()

    assert replayed(capsys) == (0, [])
    assert AuditEntry.objects.count() == before


def test_a_changed_rule_names_the_cases_and_rights_it_answers_otherwise(
    open_case_and_right, monkeypatch, capsys
):
    service = open_case_and_right.ordered_access.service
    changed = replace(catalogue.entitlement(service), purpose="Kvalitetsregister")
    monkeypatch.setitem(catalogue.CATALOGUE, service, changed)

    status, found = replayed(capsys)

    assert status == 1
    assert {one["what"] for one in found} == {"case", "right"}
    assert all(one["now"] == "no" for one in found)


def test_a_value_that_is_gone_is_named_with_its_cause(open_case_and_right, directory, kiv, capsys):
    change = open_case_and_right.changes[0]
    kiv.add_value(change["dn"], "hsaSystemRole", change["add"])

    status, found = replayed(capsys, "--service", "rehabstod")

    assert status == 1
    assert found == [
        {
            "what": "case", "name": open_case_and_right.case_number, "service": "rehabstod",
            "was": "no", "now": "yes", "gone": [Code.ROLE_MISSING.value], "new": [],
        }
    ]  # fmt: skip


def test_a_directory_that_does_not_answer_is_not_a_difference(open_case_and_right, directory, capsys):
    acts.silence(directory, "busy")

    assert replayed(capsys) == (2, [])
