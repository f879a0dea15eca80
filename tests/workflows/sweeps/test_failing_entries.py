"""An entry or a piece of a round that fails is the operators' until it goes well again."""

from __future__ import annotations

import pytest

from provisioning.directory.reading import mapping
from provisioning.findings import record as findings_record
from provisioning.models import Finding, Grant, Incident, IncidentKind, Sweep
from tests import acts, cast
from tests.findings import drifting
from tests.rights import life
from workflows.sweeps import kiv_tasks

pytestmark = pytest.mark.django_db


def test_an_entry_that_fails_is_the_operators_until_it_does_not(directory, kiv, monkeypatch):
    grant = life.granted(kiv)
    drifting.uncouple(kiv, cast.COORDINATOR, cast.BJORKHAGA)
    real = findings_record.record

    def record_others(key, *args, **kwargs):
        if key == cast.COORDINATOR.folded:
            raise ValueError("Anna Bok")
        return real(key, *args, **kwargs)

    with monkeypatch.context() as broken:
        broken.setattr(findings_record, "record", record_others)
        drifting.swept()
        drifting.swept()
    incident = Incident.objects.standing().get(kind=IncidentKind.ENTRY)
    assert (incident.person_hsa_id, incident.detail) == (cast.COORDINATOR.text, "ValueError")
    assert incident.count > 1
    assert not Finding.objects.filter(grant=grant).exists()
    drifting.swept()
    assert Finding.objects.filter(grant=grant).exists()
    assert not Incident.objects.standing().filter(kind=IncidentKind.ENTRY).exists()


def test_a_piece_of_a_round_that_fails_is_the_operators(directory, monkeypatch):
    request = acts.order()
    acts.work()

    def fail(*_args, **_kwargs):
        raise KeyError("Anna Bok")

    with monkeypatch.context() as broken:
        broken.setattr(kiv_tasks, "_look_at_one", fail)
        acts.work()
        acts.work()
    incident = Incident.objects.standing().get(kind=IncidentKind.PIECE)
    assert (incident.about, incident.detail) == (f"looking for request {request.pk}", "KeyError")
    acts.work()
    assert not Incident.objects.standing().exists()


def test_an_entry_that_cannot_be_read_is_the_operators_and_stops_nobody(directory, kiv, monkeypatch):
    """Its right has not ended by it, and another's is found to be lost all the same."""
    grant = life.granted(kiv)
    drifting.swept()
    real = mapping.to_person

    def to_person(entry, layout):
        person = real(entry, layout)
        if person is not None and person.hsa_id == cast.COORDINATOR:
            raise ValueError("Anna Bok")
        return person

    kiv.add_value(drifting.person_dn(cast.DOCTOR), drifting.ROLE, life.ROLE)
    with monkeypatch.context() as broken:
        broken.setattr(mapping, "to_person", to_person)
        swept = drifting.swept()
    assert (swept.outcome, swept.unread) == (Sweep.Outcome.INCOMPLETE, 1)
    assert drifting.found_of(cast.DOCTOR)
    assert drifting.found_of(cast.COORDINATOR) == []
    incident = Incident.objects.standing().get(kind=IncidentKind.ENTRY)
    assert incident.person_hsa_id == cast.COORDINATOR.text
    grant.refresh_from_db()
    assert Grant.objects.active().filter(pk=grant.pk).exists()
    assert drifting.swept().outcome == Sweep.Outcome.COMPLETE
    assert not Incident.objects.standing().exists()
