"""What was right when it was ordered may be wrong by the time somebody sets it: the directory has changed."""

from __future__ import annotations

import pytest
from django.core.cache import caches
from django.urls import reverse

from provisioning.audit.events import Action
from provisioning.directory import open_directory
from provisioning.models import AccessRequest, Handler, OutgoingMessage, Removal
from provisioning.orders.carry_out import CannotSet
from provisioning.orders.draft import Choice
from provisioning.rules.hsa import Attribute, HsaId, Level, Service
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import EndCause, RemovalState
from tests import acts, cast
from tests.findings import drifting
from tests.rights import life
from workflows import steps, tasks
from workflows.sweeps import kiv_tasks, outdated

pytestmark = pytest.mark.django_db(transaction=True)

NEW_ID = "SE0000000000-E000000001199"


@pytest.fixture(autouse=True)
def lost_nudges(monkeypatch) -> None:
    """No broker: the sweeps have to do."""
    monkeypatch.setattr("provisioning.worker._send", lambda *given: None)


def with_kiv(**wishes) -> AccessRequest:
    request = acts.order(**wishes)
    acts.work()
    acts.couple_where_asked(request)
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV, request.assessment
    return request


def renumber(kiv, unit_id: HsaId, new: str = NEW_ID) -> None:
    drifting.replace(kiv, drifting.unit_dn(unit_id), "hsaIdentity", [new])


def looked(request: AccessRequest) -> AccessRequest:
    """One round of polls, of background work, of what is outdated and of what was left."""
    tasks.sweep_outdated()
    acts.work()
    AccessRequest.objects.filter(next_poll_at__isnull=False).update(next_poll_at=request.state_since)
    tasks.sweep_left_values()
    life.work()
    request.refresh_from_db()
    return request


def codes(request: AccessRequest) -> list[str]:
    return request.assessment["causes"]


# -- the id in the value -------------------------------------------------------------------------------------


def test_a_unit_that_was_renumbered_sends_the_order_back(directory, kiv):
    request = with_kiv()
    renumber(kiv, cast.BJORKHAGA)
    looked(request)
    assert request.current_state is RequestState.AWAITING_CHOICE
    assert "unit.unknown" in codes(request)
    assert request.changes == []
    assert not Handler.objects.filter(request=request).exists()
    assert OutgoingMessage.objects.filter(request=request, kind="choose").count() == 1
    assert request.entries.get(action=Action.OUTDATED.value).data["causes"] == codes(request)
    assert not Removal.objects.exists()


def test_the_page_shows_no_value_to_paste(directory, kiv, client):
    request = with_kiv()
    renumber(kiv, cast.BJORKHAGA)
    client.force_login(acts.user(cast.KIV_ADMINISTRATOR))
    page = client.get(reverse("kiv_task", args=[request.public_id])).content.decode()
    assert "Lägg inte in något" in page
    assert life.ROLE not in page
    assert 'value="done"' not in page


def test_an_answer_to_a_page_that_was_open_does_not_count(directory, kiv, client):
    request = with_kiv()
    acts.set_values(request, kiv)
    renumber(kiv, cast.BJORKHAGA)
    client.force_login(acts.user(cast.KIV_ADMINISTRATOR))
    answer = {"answer": "done", "done-items": [str(request.public_id)]}
    page = client.post(reverse("kiv_task", args=[request.public_id]), answer, follow=True).content.decode()
    assert "stämmer inte längre" in page
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_CHOICE


def test_who_has_the_half_done_value_gets_a_task(directory, kiv):
    request = with_kiv()
    values = request.changes
    acts.set_values(request, kiv)
    renumber(kiv, cast.BJORKHAGA)
    looked(request)
    assert request.current_state is RequestState.AWAITING_CHOICE
    removal = Removal.objects.get()
    assert removal.cause == EndCause.ORDER_ENDED.value and removal.grant is None
    assert [one["remove"] for one in removal.asked] == [one["add"] for one in values]
    assert removal.current_state is RemovalState.AWAITING_KIV
    assert removal.handlers.filter(person_key=cast.KIV_ADMINISTRATOR.folded).exists()
    assert request.case_number in removal.reason
    assert request.entries.get(action=Action.VALUES_LEFT.value).data["removal"] == str(removal.public_id)
    life.take_away(kiv, removal)
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.DONE


@pytest.mark.parametrize(
    ("attribute", "value", "code"),
    [
        pytest.param("hsaEndDate", "20200101000000Z", "unit.closed", id="closed"),
        pytest.param(
            "objectClass",
            ["top", "organizationalUnit", "hsaHealthCareUnit", "hsaArchivedObject"],
            "unit.archived",
            id="archived",
        ),
    ],
)
def test_a_unit_that_is_not_in_use_any_more_sends_the_order_back(directory, kiv, attribute, value, code):
    request = with_kiv()
    values = value if isinstance(value, list) else [value]
    drifting.replace(kiv, drifting.unit_dn(cast.BJORKHAGA), attribute, values)
    looked(request)
    assert request.current_state is RequestState.AWAITING_CHOICE
    assert code in codes(request)


def test_a_renumbered_care_provider_sends_the_order_back(directory, kiv):
    request = acts.order_for_process_leader()
    acts.attest(request, cast.PROVIDER_HEAD)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    provider = open_directory().provider(cast.PROVIDER)
    drifting.replace(kiv, provider.dn, "hsaIdentity", [NEW_ID])
    looked(request)
    assert request.current_state is RequestState.AWAITING_CHOICE
    assert "provider.unknown" in codes(request)


def test_a_sub_unit_that_left_its_care_unit_sends_the_order_back(directory, kiv):
    request = with_kiv(units=[cast.BJORKHAGA_BVC])
    dn = drifting.unit_dn(cast.BJORKHAGA)
    drifting.replace(kiv, dn, "hsaHealthCareUnitMember", [cast.BJORKHAGA_REHAB.text])
    looked(request)
    assert request.current_state is RequestState.AWAITING_CHOICE
    assert "order.unit_changed" in codes(request)


def test_a_sub_unit_that_left_before_the_check_makes_no_task(directory, kiv):
    request = acts.order(units=[cast.BJORKHAGA_BVC])
    dn = drifting.unit_dn(cast.BJORKHAGA)
    drifting.replace(kiv, dn, "hsaHealthCareUnitMember", [cast.BJORKHAGA_REHAB.text])
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_CHOICE
    assert "order.unit_changed" in codes(request)


def test_an_id_that_is_spelled_anew_gives_the_task_its_new_value(directory, kiv):
    request = with_kiv()
    renumber(kiv, cast.BJORKHAGA, cast.BJORKHAGA.text.replace("SE", "se"))
    looked(request)
    assert request.current_state is RequestState.AWAITING_KIV
    assert [one["add"] for one in request.changes] == [life.ROLE.replace("SE", "se")]
    assert request.entries.filter(action=Action.WORKED_OUT_ANEW.value).count() == 1


def test_a_commission_that_is_for_something_else_now_is_noticed(directory, kiv):
    request = with_kiv(person_id=cast.COORDINATOR_UNCOUPLED)
    member = next(one for one in request.changes if one["attribute"] == "hsaCommissionMember")
    drifting.replace(kiv, member["dn"], "hsaCommissionPurpose", ["Kvalitetsregister"])
    for _round in range(outdated.SHARES):
        tasks.sweep_outdated()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_CHOICE
    assert "commission.none_on_unit" in codes(request)
    assert request.entries.filter(action=Action.WORKED_OUT_ANEW.value).count() == 1


# -- what decides nothing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["busy", "dropped", "unreadable role"])
def test_a_directory_that_does_not_answer_sends_nothing_back(directory, kiv, fault):
    request = with_kiv()
    renumber(kiv, cast.BJORKHAGA)
    acts.silence(directory, fault)
    looked(request)
    assert request.current_state is RequestState.AWAITING_KIV


def test_one_look_alone_sends_nothing_back(directory, kiv, monkeypatch):
    request = with_kiv()
    renumber(kiv, cast.BJORKHAGA)
    real = kiv_tasks.reading.read_for

    def back_again(order, *, afresh=False, **how):
        if afresh:
            kiv._connections.modify(
                request.unit_dn, {"hsaIdentity": [("MODIFY_REPLACE", [cast.BJORKHAGA.text])]}
            )
        return real(order, afresh=afresh, **how)

    monkeypatch.setattr(kiv_tasks.reading, "read_for", back_again)
    tasks.sweep_outdated()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV


def test_a_right_keeps_its_value_when_its_prolongation_goes_back(directory, kiv):
    grant = life.nearly_over(life.granted(kiv), days_left=20)
    drifting.uncouple(kiv, cast.COORDINATOR, cast.BJORKHAGA)
    request = acts.order(days=300, starts_on=None)
    acts.work()
    acts.couple_where_asked(request)
    request.refresh_from_db()
    renumber(kiv, cast.BJORKHAGA)
    looked(request)
    assert request.current_state is RequestState.AWAITING_CHOICE
    assert not Removal.objects.exists()
    grant.refresh_from_db()
    assert grant.is_living


# -- ends after a value was set ------------------------------------------------------------------------------


def withdrawn(request: AccessRequest) -> None:
    steps.withdraw(request, by=acts.user(cast.HEAD), reason="Behövs inte.")


def cannot(request: AccessRequest) -> None:
    acts.cannot(request, CannotSet.OTHER)


def left(request: AccessRequest) -> None:
    steps.end_for_leaver(request, code="person_ended")


ENDS = [withdrawn, cannot, left]


@pytest.mark.parametrize("end", ENDS)
def test_an_end_after_the_value_was_set_leaves_no_orphan(directory, kiv, end):
    request = with_kiv()
    acts.set_values(request, kiv)
    end(request)
    looked(request)
    removal = Removal.objects.get()
    assert removal.cause == EndCause.ORDER_ENDED.value
    assert removal.current_state is RemovalState.AWAITING_KIV
    assert [one["remove"] for one in removal.changes] == [life.ROLE]


@pytest.mark.parametrize("end", ENDS)
def test_an_end_with_nothing_set_starts_no_removal(directory, kiv, end):
    request = with_kiv()
    end(request)
    looked(request)
    assert not Removal.objects.exists()


def test_a_value_that_is_set_from_an_old_page_after_the_end_is_found(directory, kiv):
    request = with_kiv()
    values = list(request.changes)
    withdrawn(request)
    looked(request)
    assert not Removal.objects.exists()
    request.changes = values
    acts.set_values(request, kiv)
    looked(request)
    assert Removal.objects.get().cause == EndCause.ORDER_ENDED.value


def test_a_coupling_for_statistics_that_was_set_is_taken_back(directory, kiv):
    wishes = {"service": Service.INTYGSSTATISTIK, "level": Level.UNIT}
    request = with_kiv(person_id=cast.COORDINATOR_UNCOUPLED, **wishes)
    acts.set_values(request, kiv)
    withdrawn(request)
    looked(request)
    removal = Removal.objects.get()
    assert [one["attribute"] for one in removal.asked] == [Attribute.COMMISSION_MEMBER.value]


def test_a_coupling_that_care_needs_stays(directory, kiv):
    request = with_kiv(person_id=cast.COORDINATOR_UNCOUPLED)
    member = next(one for one in request.changes if one["attribute"] == "hsaCommissionMember")
    kiv.add_value(member["dn"], Attribute.COMMISSION_MEMBER, member["add"])
    withdrawn(request)
    looked(request)
    assert not Removal.objects.exists()


def test_what_another_attested_order_needs_is_left_to_it(directory, kiv):
    request = with_kiv()
    acts.set_values(request, kiv)
    withdrawn(request)
    again = acts.order()
    looked(request)
    again.refresh_from_db()
    assert again.current_state is RequestState.DONE
    assert not Removal.objects.exists()


def test_a_silent_directory_puts_the_look_off(directory, kiv):
    request = with_kiv()
    acts.set_values(request, kiv)
    withdrawn(request)
    directory.faults.is_busy = True
    looked(request)
    assert not Removal.objects.exists()
    directory.faults.is_busy = False
    caches["default"].clear()
    looked(request)
    assert Removal.objects.count() == 1
    looked(request)
    assert Removal.objects.count() == 1


def test_the_orderer_who_waits_goes_on_when_the_unit_is_back(directory, kiv):
    request = with_kiv()
    old_dn = request.unit_dn
    renumber(kiv, cast.BJORKHAGA)
    looked(request)
    acts.choose(request, Choice.WAIT)
    drifting.replace(kiv, old_dn, "hsaIdentity", [cast.BJORKHAGA.text])
    acts.make_everything_due()
    looked(request)
    assert request.current_state is RequestState.AWAITING_KIV
