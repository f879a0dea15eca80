"""The values of the work list as a file for a KIV that takes files, and the list of one order alone."""

from __future__ import annotations

import csv
import io

import pytest

from provisioning.models import AccessRequest, AuditEntry
from tests import acts, cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def lost_nudges(monkeypatch):
    monkeypatch.setattr("provisioning.worker._send", lambda *given: None)


def rows(answer):
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))


def test_the_file_holds_name_attribute_and_value_of_ones_own_tasks(directory, enter):
    request = acts.order(person_id=cast.COORDINATOR)
    acts.order(person_id=cast.PROTECTED)
    acts.work()
    request.refresh_from_db()
    (change,) = request.changes
    client = enter(cast.KIV_ADMINISTRATOR)
    heading, row = rows(client.get("/kiv/import.csv"))
    assert heading[0] == "DN"
    assert row[:3] == [change["dn"], change["attribute"], change["add"]]
    assert (
        AuditEntry.objects.filter(action="register.exported", actor=cast.KIV_ADMINISTRATOR.folded).count()
        == 1
    )
    assert len(rows(enter(cast.OUTSIDER).get("/kiv/import.csv"))) == 1


def test_the_list_and_the_file_show_one_order_alone(directory, enter):
    one, other = acts.order(person_id=cast.COORDINATOR), acts.order(person_id=cast.WRONG_CASE)
    acts.work()
    assert AccessRequest.objects.filter(state="awaiting_kiv").count() == 2
    client = enter(cast.KIV_ADMINISTRATOR)
    narrowed = f"?bestallning={one.order.submission}"
    assert [row.case_number for row in client.get(f"/kiv/{narrowed}").context["rows"]] == [one.case_number]
    assert [row[-1] for row in rows(client.get(f"/kiv/import.csv{narrowed}"))[1:]] == [one.case_number]
    assert len(client.get("/kiv/?bestallning=nothing").context["rows"]) == 2
    assert other.case_number
