"""Who may ask what an order would do, and that everybody else learns nothing."""

from __future__ import annotations

import pytest

from provisioning.models import AuditEntry
from provisioning.orders import prepare
from provisioning.orders.ask import record_look
from provisioning.orders.draft import Prepared
from provisioning.rules.hsa import HsaId, Level, Service
from provisioning.rules.mandates import Delegable
from tests import acts, cast
from tests.mandates import delegating

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def lost_nudges(monkeypatch):
    monkeypatch.setattr("provisioning.worker._send", lambda *given: None)


def ask(by: HsaId, person: HsaId = cast.COORDINATOR, **wishes) -> Prepared:
    return prepare.prepare(acts.draft(person, **wishes), by=acts.user(by))


@pytest.mark.parametrize(
    "by",
    [cast.OUTSIDER, cast.DOCTOR, cast.HEAD_ABOVE, cast.AUDITOR, cast.PROCESS_LEADER],
)
def test_who_has_no_business_there_is_refused_before_anything_is_read(directory, read_about, by):
    acts.user(by)
    read_about.clear()
    prepared = ask(by)
    assert (prepared.items, prepared.person) == ((), None)
    assert cast.COORDINATOR not in read_about
    assert {refusal.code for refusal in prepared.all_refusals} == {"order.not_head"}


def test_the_refusal_is_the_same_whatever_the_directory_holds(directory):
    answers = {
        tuple(refusal.message for refusal in ask(cast.OUTSIDER, person, units=[unit]).all_refusals)
        for person in (cast.COORDINATOR, cast.PROTECTED, cast.NOBODY, cast.ENDED, cast.SETTLED)
        for unit in (cast.BJORKHAGA, cast.NOWHERE, cast.CLOSED_UNIT)
    }
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("by", "wishes"),
    [
        (cast.COORDINATOR, {}),  # oneself
        (cast.OUTSIDER, {"person": cast.OUTSIDER}),
        (cast.HEAD, {}),
        (cast.HEAD, {"units": [cast.BJORKHAGA_BVC]}),
        (cast.KIV_ADMINISTRATOR, {}),
        (cast.KIV_ADMINISTRATOR_ABOVE, {}),
        (cast.HEAD, {"person": cast.PROCESS_LEADER, "service": Service.INTYGSSTATISTIK,
                     "level": Level.PROVIDER, "units": [cast.PROVIDER]}),
    ],
)  # fmt: skip
def test_oneself_and_own_units_may_be_asked_about(directory, by, wishes):
    prepared = ask(by, **wishes)
    assert prepared.person is not None
    assert all(item.assessment is not None for item in prepared.items)


@pytest.mark.parametrize("kind", list(Delegable))
def test_a_delegate_asks_on_the_delegated_unit_and_nowhere_else(directory, kind):
    delegating.give(kinds=[kind])
    assert ask(cast.DELEGATE).items
    assert not ask(cast.DELEGATE, units=[cast.EKLIDEN]).items
    assert not ask(cast.DELEGATE, units=[cast.BJORKHAGA, cast.EKLIDEN]).items


def test_an_own_other_hsa_id_is_oneself(directory):
    assert ask(cast.TWO_IDS, cast.TWO_IDS_OTHER).person is not None


def test_the_service_desk_asks_about_anybody_and_orders_nothing(directory, settings):
    assert not ask(cast.OUTSIDER, units=[cast.EKLIDEN]).items
    settings.SERVICE_DESK = (cast.OUTSIDER.text,)
    prepared = ask(cast.OUTSIDER, units=[cast.EKLIDEN])
    assert prepared.items[0].assessment is not None
    assert not prepared.may_be_placed
    assert "order.not_head" in {refusal.code for refusal in prepared.all_refusals}


# -- the record ----------------------------------------------------------------------------------------------


def test_a_look_at_somebody_else_is_an_event_and_at_oneself_is_none(directory):
    record_look(ask(cast.COORDINATOR), by=acts.user(cast.COORDINATOR))
    assert not AuditEntry.objects.exists()
    record_look(ask(cast.HEAD), by=acts.user(cast.HEAD))
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_id) == ("person.looked_at", cast.HEAD.folded)
    assert entry.data["subject"] == cast.COORDINATOR.folded
    assert entry.data["places"] == [cast.BJORKHAGA.folded]


def test_a_refused_look_is_an_event_without_the_person(directory):
    record_look(ask(cast.OUTSIDER), by=acts.user(cast.OUTSIDER))
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.data["code"]) == ("refused", "order.may_not_ask")
    assert cast.COORDINATOR.folded not in str(entry.data)
