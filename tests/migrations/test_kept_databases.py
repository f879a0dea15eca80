"""A database of each earlier version is migrated, and the version of today finishes its open cases."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection

from provisioning.audit import guards, verify
from provisioning.models import AccessRequest, Delegation, Grant, OutgoingMessage, Removal, Review
from provisioning.models.reviews import Decision
from provisioning.orders.draft import Choice
from provisioning.rules.hsa import Attribute, HsaId
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import GrantState, RemovalState
from tests import acts, clock
from tests.findings import drifting
from tests.mandates import delegating
from tests.migrations import every_kind, keeping
from tests.reviews import sitting
from tests.rights import life
from workflows import tasks
from workflows.models import AccessProcess, RemovalProcess

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("path", keeping.files(), ids=lambda path: path.name.removesuffix(".json.gz")),
]
ROUNDS = 6


@pytest.fixture
def kept(path):
    return keeping.read(path)


@pytest.fixture
def demo_store(kept):
    """The directories are those of that day: the first one here, the second by what differs in it."""
    return kept.store("kiv")


@pytest.fixture
def as_it_was(kept, hsa, sync, settings, monkeypatch):
    """The database of that day in the tables of today, on the evening of that day."""
    settings.AUDIT_KEY = keeping.AUDIT_KEY
    for dn, attribute, values in kept.differences("kiv", "hsa"):
        drifting.replace(sync, dn, attribute, values)
    today = keeping.leaves()
    keeping.move_to(kept.targets)
    try:
        keeping.put_back(kept)
    finally:
        keeping.move_to(today)
    pinned = clock.pinned(monkeypatch, every_kind.DAY)
    pinned.now = datetime.fromisoformat(kept.now) + timedelta(hours=8)
    return pinned


def test_an_open_case_of_every_kind_is_finished(as_it_was, directory, kiv, sync):
    assert not every_kind.missing()
    assert not guards.missing(connection)
    assert verify.verify().is_sound
    for _round in range(ROUNDS):
        _people_act(kiv, sync)
        _time_passes()
    assert _left_open() == []
    assert {row.current_state for row in AccessRequest.objects.all()} == {RequestState.DONE}
    assert {row.current_state for row in Removal.objects.all()} == {RemovalState.DONE}
    assert set(OutgoingMessage.objects.values_list("state", flat=True)) <= {"sent", "failed", "no_address"}
    assert verify.verify().is_sound


def test_rights_of_that_day_end_in_their_time(as_it_was, directory, kiv, sync):
    for _round in range(ROUNDS):
        _people_act(kiv, sync)
        _time_passes()
    as_it_was.now += timedelta(days=400)
    for _round in range(ROUNDS):
        as_it_was.now += timedelta(minutes=10)  # many that are gone at one look are looked at again
        tasks.sweep_expiry()
        _people_act(kiv, sync)
        _time_passes()
    assert {row.current_state for row in Grant.objects.all()} == {GrantState.ENDED}
    assert _left_open() == []
    assert verify.verify().is_sound


def _left_open() -> list[object]:
    processes = [
        *AccessProcess.objects.exclude(status="DONE"),
        *RemovalProcess.objects.exclude(status="DONE"),
    ]
    cases = [row for model in (AccessRequest, Removal) for row in model.objects.open()]
    reviews = Review.objects.filter(state="open")
    return [*processes, *cases, *reviews, *Delegation.objects.filter(ended_at=None)]


def _people_act(kiv, sync) -> None:
    for request in AccessRequest.objects.open().order_by("pk"):
        _act_on_request(request, kiv, sync)
    for removal in Removal.objects.open().order_by("pk"):
        for tool in (kiv, sync):
            life.take_away(tool, removal)
    for review in Review.objects.filter(state="open"):
        sitting.decide(review, {item.grant: Decision.KEEP for item in review.items.filter(decision="")})
    for delegation in Delegation.objects.filter(ended_at=None):
        delegating.revoke(delegation)


def _act_on_request(request: AccessRequest, kiv, sync) -> None:
    match request.current_state:
        case RequestState.AWAITING_ATTESTATION | RequestState.AWAITING_SECOND_ATTESTATION:
            acts.attest(request, _asked(request))
        case RequestState.AWAITING_CHOICE:
            acts.choose(request, Choice.COUPLE)
        case RequestState.AWAITING_KIV:
            acts.set_values(request, kiv, sync)
        case RequestState.AWAITING_HSA:
            acts.set_values(request, sync)
            _sync_roles(request, kiv, sync)
        case RequestState.WAITING_FOR_COMMISSION:
            for tool in (kiv, sync):
                drifting.couple(tool, request.subject_id, request.unit_id)


def _sync_roles(request: AccessRequest, kiv, sync) -> None:
    """What had been set in KIV before it was ordered stands in no task."""
    dn = drifting.person_dn(request.subject_id)
    for value in kiv.values(dn, Attribute.SYSTEM_ROLE):
        sync.add_value(dn, Attribute.SYSTEM_ROLE, value)


def _asked(request: AccessRequest) -> HsaId:
    return HsaId(request.handlers.order_by("pk")[0].person_hsa_id)


def _time_passes() -> None:
    acts.make_everything_due()
    life.work()
    acts.send_mails()


@pytest.mark.postgres
def test_postgresql_takes_the_same_database(as_it_was, directory, kiv, sync):
    test_an_open_case_of_every_kind_is_finished(as_it_was, directory, kiv, sync)
