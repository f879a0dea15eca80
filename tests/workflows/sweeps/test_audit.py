"""Every night the event log is checked, and every row against it: what is wrong is recorded and told."""

import pytest
from django.db import connection

from provisioning.audit import checkpoints, guards
from provisioning.models import AuditEntry, Delegation, OutgoingMessage
from tests import cast
from tests.mandates import delegating
from workflows import tasks

pytestmark = [pytest.mark.django_db]


@pytest.fixture(autouse=True)
def operators(settings, tmp_path):
    settings.OPERATORS = [cast.OUTSIDER.text]
    settings.AUDIT_CHECKPOINT_TARGETS = (("file", str(tmp_path / "checkpoints.jsonl")),)


def checked():
    tasks.verify_audit()
    return AuditEntry.objects.filter(action="audit.verified").order_by("-sequence").first().data


def told():
    return list(OutgoingMessage.objects.filter(kind="audit_unsound").values_list("recipient_key", flat=True))


def test_what_is_sound_is_recorded_and_nobody_is_told(directory):
    delegating.give()
    checkpoints.write()
    found = checked()
    assert (found["sound"], found["rows"], found["deviations"], found["findings"]) == (True, 1, 0, [])
    assert told() == []


def test_a_row_that_was_changed_is_named_and_told_to_the_operators(directory):
    row = delegating.give()
    checkpoints.write()
    Delegation.objects.update(ends_on="2049-01-01")
    found = checked()
    assert (found["sound"], found["deviations"]) == (False, 1)
    assert found["first"] == [["delegation", str(row.public_id), "ends_on"]]
    assert told() == [cast.OUTSIDER.folded]
    Delegation.objects.update(ends_on=row.ends_on)
    assert checked()["sound"]
    assert len(told()) == 1


def test_a_missing_anchor_and_a_missing_trigger_are_told_as_well(directory):
    delegating.give()
    assert (checked()["sound"], checked()["anchors_missing"]) == (False, 1)
    checkpoints.write()
    connection.check_constraints()
    guards.remove(connection)
    try:
        assert checked()["findings"] == ["unguarded"]
    finally:
        guards.install(connection)


def test_the_timetable_does_it_every_night():
    from config.celery import TIMETABLE

    (job,) = [job for job in TIMETABLE.values() if job["task"] == tasks.verify_audit.name]
    assert job["schedule"].hour == {2}
