"""What an order names is not seen any more: one look moves no task, whatever is hidden from it."""

from __future__ import annotations

import pytest
from django.core.cache import caches
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from provisioning.models import AccessRequest, OutgoingMessage
from provisioning.rules.hsa import HsaId, Service
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.clock import pinned
from tests.findings import drifting
from tests.orders.test_outdated import with_kiv
from tests.removals.test_not_seen import PEOPLE
from tests.rights import life
from workflows import tasks
from workflows.sweeps import outdated

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def lost_nudges(monkeypatch) -> None:
    """No broker: the sweeps have to do."""
    monkeypatch.setattr("provisioning.worker._send", lambda *given: None)


@pytest.fixture
def clock(monkeypatch):
    moments = pinned(monkeypatch, "2026-03-02")  # a Monday
    moments.set("2026-03-02", "10:00")
    return moments


@pytest.fixture
def request_with_kiv(directory, kiv, clock) -> AccessRequest:
    return with_kiv()


def hide(kiv, *units) -> None:
    for unit in units or (cast.BJORKHAGA,):
        drifting.replace(kiv, HIDDEN.setdefault(unit, drifting.unit_dn(unit)), "hsaIdentity", [])


def show(kiv, *units) -> None:
    for unit in units or (cast.BJORKHAGA,):
        drifting.replace(kiv, HIDDEN[unit], "hsaIdentity", [unit.text])


HIDDEN: dict[HsaId, str] = {}  # where the units stand


def looked(clock, at: str, *requests: AccessRequest) -> set[str]:
    """One look at all open tasks at that time, and the background work after it."""
    clock.set("2026-03-02", at)
    caches["default"].clear()
    for _round in range(outdated.SHARES):
        tasks.sweep_outdated()
    AccessRequest.objects.filter(next_poll_at__isnull=False).update(next_poll_at=timezone.now())
    tasks.poll_kiv_tasks()
    acts.work()
    for request in requests:
        request.refresh_from_db()
    return set(AccessRequest.objects.values_list("state", flat=True))


WITH_KIV, BACK = {RequestState.AWAITING_KIV.value}, {RequestState.AWAITING_CHOICE.value}


def test_a_unit_that_is_hidden_sends_nothing_back_before_a_later_look(request_with_kiv, kiv, clock):
    hide(kiv)
    assert looked(clock, "10:10") == WITH_KIV
    assert looked(clock, "10:14") == WITH_KIV
    assert looked(clock, "10:15", request_with_kiv) == BACK
    assert "unit.unknown" in request_with_kiv.assessment["causes"]
    assert OutgoingMessage.objects.filter(request=request_with_kiv, kind="choose").count() == 1


def test_a_unit_that_is_there_again_is_doubted_no_more(request_with_kiv, kiv, clock):
    hide(kiv)
    looked(clock, "10:10")
    show(kiv)
    assert looked(clock, "10:12", request_with_kiv) == WITH_KIV
    assert request_with_kiv.not_seen_since is None
    hide(kiv)
    assert looked(clock, "10:20") == WITH_KIV


def test_a_person_who_is_hidden_sends_nothing_back_at_once(directory, kiv, clock):
    request = with_kiv(person_id=cast.COORDINATOR_UNCOUPLED)
    directory.store.delete(drifting.person_dn(cast.COORDINATOR_UNCOUPLED))
    assert looked(clock, "10:10") == WITH_KIV
    assert looked(clock, "10:15", request) == BACK
    assert "person.missing" in request.assessment["causes"]


@pytest.mark.parametrize("hidden", ["hsaCommissionPurpose", "hsaHealthCareUnitMember"])
def test_an_attribute_that_is_hidden_moves_nothing_at_once(directory, kiv, clock, hidden):
    if hidden == "hsaCommissionPurpose":
        request = with_kiv(person_id=cast.COORDINATOR_UNCOUPLED)
        dn = next(one["dn"] for one in request.changes if one["attribute"] == "hsaCommissionMember")
    else:
        request = with_kiv(units=[cast.BJORKHAGA_BVC])
        dn = drifting.unit_dn(cast.BJORKHAGA)
    before = request.changes
    drifting.replace(kiv, dn, hidden, [])
    assert looked(clock, "10:10", request) == WITH_KIV
    assert request.changes == before
    assert not request.entries.filter(action="request.worked_out_anew").exists()
    assert looked(clock, "10:15", request) == BACK


def test_a_value_that_is_set_is_not_sent_back_from_its_proof_either(request_with_kiv, kiv, clock):
    acts.set_values(request_with_kiv, kiv)
    hide(kiv)
    assert looked(clock, "10:10") == {RequestState.VERIFYING.value}
    acts.make_everything_due()
    assert looked(clock, "10:12") == {RequestState.VERIFYING.value}
    show(kiv)
    acts.make_everything_due()
    assert looked(clock, "10:14") == {RequestState.DONE.value}


def test_many_that_are_hidden_are_not_believed(directory, kiv, clock, settings):
    settings.OPERATORS = (cast.AUDITOR.text,)
    for person in PEOPLE:
        acts.order(person_id=person, service=Service.INTYGSSTATISTIK)
    acts.work()
    for request in AccessRequest.objects.filter(state=RequestState.AWAITING_CHOICE.value):
        acts.couple_where_asked(request)
    waiting = AccessRequest.objects.filter(state=RequestState.AWAITING_KIV.value)
    assert waiting.count() == 5
    hide(kiv)
    for at in ("10:10", "10:20", "11:30"):
        looked(clock, at)
        assert waiting.count() == 5
    assert OutgoingMessage.objects.filter(kind="sweep_stopped").count() == 1
    call_command("sweep", believe_losses=True)
    looked(clock, "11:40")
    assert waiting.count() == 0


# -- what the administrator reads meanwhile ------------------------------------------------------------------


def test_the_page_offers_no_value_and_says_why(request_with_kiv, kiv, clock, client):
    hide(kiv)
    client.force_login(acts.user(cast.KIV_ADMINISTRATOR))
    page = client.get(reverse("kiv_task", args=[request_with_kiv.public_id])).content.decode()
    assert "Vänta: lägg inte in något innan det syns igen" in page
    assert life.ROLE not in page
    assert 'value="done"' not in page


def test_the_list_and_the_file_offer_no_value(request_with_kiv, kiv, clock, client):
    client.force_login(acts.user(cast.KIV_ADMINISTRATOR))
    assert life.ROLE in client.get(reverse("kiv_tasks")).content.decode()
    hide(kiv)
    looked(clock, "10:10")
    page = client.get(reverse("kiv_tasks")).content.decode()
    assert life.ROLE not in page
    assert "Något syns inte i KIV just nu" in page
