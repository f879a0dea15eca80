"""What goes wrong with one row is its own trouble: the others are looked at all the same."""

from __future__ import annotations

import logging

import pytest

from provisioning.models import Finding
from provisioning.rules.drift.differences import DriftKind
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.findings import drifting
from tests.rights import life
from workflows.sweeps import kiv_tasks

pytestmark = pytest.mark.django_db


def test_one_person_who_cannot_be_written_stops_no_sweep(directory, kiv, monkeypatch, caplog):
    first, last = life.granted(kiv), life.granted(kiv, person_id=cast.COORDINATOR_UNCOUPLED)
    for one in (first, last):
        drifting.uncouple(kiv, one.subject_id, cast.BJORKHAGA)
    real = Finding.objects.create

    def create(**columns):
        if columns["subject_key"] == first.subject_key:
            raise ValueError("Anna Bok")
        return real(**columns)

    monkeypatch.setattr(Finding.objects, "create", create)
    with caplog.at_level(logging.ERROR):
        sweep = drifting.swept()
    assert drifting.found_of(last.subject_id) == [DriftKind.COMMISSION_MISSING]
    assert (sweep.outcome, sweep.code, sweep.unread) == ("incomplete", "sweep.entry_failed", 1)
    assert sweep.again == []  # the next one looks at everybody again
    assert "ValueError" in caplog.text
    assert "Anna" not in caplog.text


def test_one_task_that_fails_stops_no_poll(directory, kiv, monkeypatch):
    requests = [acts.order(), acts.order(person_id=cast.COORDINATOR_UNCOUPLED)]
    acts.work()
    acts.couple_where_asked(requests[1])
    real = kiv_tasks.record_in_flow

    def record(case, operation):
        if case.pk == requests[0].pk:
            raise ValueError("odd")
        return real(case, operation)

    monkeypatch.setattr(kiv_tasks, "record_in_flow", record)
    for request in requests:
        request.refresh_from_db()
        acts.set_values(request, kiv)
    acts.work()
    for request in requests:
        request.refresh_from_db()
    assert requests[0].current_state is RequestState.AWAITING_KIV
    assert requests[1].current_state is RequestState.DONE
