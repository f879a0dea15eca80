"""A DN is an address, not a person: whoever has moved is found again by the HSA-id, and is never gone."""

from __future__ import annotations

import pytest

from provisioning.demo.directory.make_demo import person_dn
from provisioning.directory import open_directory
from provisioning.models import AccessRequest, AuditEntry, Grant, Removal
from provisioning.orders import unseen
from provisioning.rules.hsa import Attribute
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import RemovalState
from tests import acts, cast
from tests.findings import drifting
from tests.moving import NEW_BASE, NEW_DN, OLD_DN, move
from tests.rights import life

pytestmark = pytest.mark.django_db

ROLE = "INTYG;Rehab-" + cast.BJORKHAGA.text


def waiting(**wishes) -> AccessRequest:
    request = acts.order(**wishes)
    acts.work()
    acts.couple_where_asked(request)
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    return request


def set_where_it_stands_now(request: AccessRequest, old: str, new: str, kiv) -> None:
    """Set what the request wants, each value at its address, but that which has moved at its new one."""
    for change in request.changes:
        dn = new if change["dn"] == old else change["dn"]
        kiv.add_value(dn, Attribute(change["attribute"]), change["add"])


def moved_of(request: AccessRequest) -> list[dict[str, str]]:
    return AuditEntry.objects.get(request=request, action="request.moved").data["moved"]


def test_a_value_set_where_the_person_has_moved_closes_the_task(wider, kiv):
    request = waiting()
    assert request.changes[0]["dn"] == OLD_DN
    move(wider, OLD_DN, NEW_DN)
    kiv.add_value(NEW_DN, Attribute.SYSTEM_ROLE, ROLE)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE
    assert (request.changes[0]["dn"], request.changes[0]["was"]) == (NEW_DN, [OLD_DN])
    assert moved_of(request) == [{"old": OLD_DN, "new": NEW_DN}]
    assert request.grant.person_dn == NEW_DN


def test_a_poll_takes_the_new_address_over_before_anything_is_set(wider):
    request = waiting()
    move(wider, OLD_DN, NEW_DN)
    acts.work()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    assert request.changes[0]["dn"] == NEW_DN
    assert moved_of(request) == [{"old": OLD_DN, "new": NEW_DN}]  # once


def test_done_is_seen_where_the_person_has_moved(wider, kiv):
    request = waiting()
    move(wider, OLD_DN, NEW_DN)
    kiv.add_value(NEW_DN, Attribute.SYSTEM_ROLE, ROLE)
    acts.report_done(request)
    request.refresh_from_db()
    assert request.current_state is RequestState.VERIFYING
    assert moved_of(request) == [{"old": OLD_DN, "new": NEW_DN}]


def test_done_names_what_is_wrong_where_the_person_has_moved(wider, kiv):
    request = waiting()
    move(wider, OLD_DN, NEW_DN)
    kiv.add_value(NEW_DN, Attribute.SYSTEM_ROLE, ROLE.lower())
    acts.report_done(request)
    request.refresh_from_db()
    assert request.changes[0]["dn"] == NEW_DN
    assert "role.wrong_case" in [miss["code"] for miss in request.seen_instead["near_misses"]]


def test_done_names_a_person_who_is_nowhere(directory):
    request = waiting()
    directory.store.delete(OLD_DN)
    acts.report_done(request)
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV  # one look alone: the entry may be hidden
    assert "person.missing" in [miss["code"] for miss in request.seen_instead["near_misses"]]
    AccessRequest.objects.update(not_seen_since=request.not_seen_since - unseen.second_look())
    acts.report_done(request)
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_CHOICE
    assert "person.missing" in request.assessment["causes"]


def test_somebody_else_at_the_old_address_is_not_the_person(wider, kiv):
    request = waiting()
    move(wider, OLD_DN, NEW_DN)
    move(wider, person_dn(1013), OLD_DN)
    kiv.add_value(OLD_DN, Attribute.SYSTEM_ROLE, ROLE)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    assert request.changes[0]["dn"] == NEW_DN


def test_of_two_entries_with_one_id_none_is_chosen(wider, kiv):
    request, other = waiting(), waiting(person_id=cast.COORDINATOR_UNCOUPLED)
    record = wider.store.get(OLD_DN).record()
    move(wider, OLD_DN, NEW_DN)
    wider.store.add("cn=dubbel," + NEW_BASE, record[1])
    kiv.add_value(NEW_DN, Attribute.SYSTEM_ROLE, ROLE)
    acts.set_values(other, kiv)
    acts.work()
    for row in (request, other):
        row.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    assert request.trouble_code == "directory.unreadable_attribute"
    assert request.changes[0]["dn"] == OLD_DN
    assert other.current_state is RequestState.DONE  # what is unknown of one holds up no other


def test_a_coupling_is_found_where_the_commission_has_moved(directory, kiv):
    request = waiting(person_id=cast.COORDINATOR_UNCOUPLED)
    old = next(one["dn"] for one in request.changes if one["attribute"] == "hsaCommissionMember")
    new = "cn=Flyttat uppdrag," + old.partition(",")[2]
    move(directory, old, new)
    set_where_it_stands_now(request, old, new, kiv)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE
    assert moved_of(request) == [{"old": old, "new": new}]


def test_a_commission_known_by_its_name_alone_is_found_by_what_it_is(directory, kiv):
    request = waiting(person_id=cast.COORDINATOR_UNCOUPLED)
    old = next(one["dn"] for one in request.changes if one["attribute"] == "hsaCommissionMember")
    changes = [{key: value for key, value in one.items() if key != "entry"} for one in request.changes]
    AccessRequest.objects.filter(pk=request.pk).update(changes=changes)  # as it was stored once
    new = "cn=Flyttat uppdrag," + old.partition(",")[2]
    move(directory, old, new)
    set_where_it_stands_now(request, old, new, kiv)
    acts.work()
    acts.make_everything_due()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE


def test_a_removal_is_not_gone_because_the_person_has_moved(wider, kiv):
    removal = life.with_kiv(life.removal_by_head(life.granted(kiv)))
    move(wider, OLD_DN, NEW_DN)
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.AWAITING_KIV
    assert removal.changes[0]["dn"] == NEW_DN
    actions = [entry.action for entry in removal.entries]
    assert "removal.moved" in actions
    assert "removal.values_gone" not in actions
    life.take_away(kiv, removal)
    life.work()
    assert Removal.objects.get(pk=removal.pk).current_state is RemovalState.DONE


def test_a_value_of_no_right_is_not_gone_because_the_person_has_moved(wider, kiv):
    kiv.add_value(OLD_DN, Attribute.SYSTEM_ROLE, ROLE)
    drifting.swept()
    (finding,) = drifting.Finding.objects.not_over().filter(subject_key=cast.COORDINATOR.folded)
    removal = life.removal_of_finding(finding)
    move(wider, OLD_DN, NEW_DN)
    life.with_kiv(removal)
    assert removal.changes[0]["dn"] == NEW_DN


def test_a_unit_that_has_moved_is_with_the_administrators_it_has_now(directory):
    request = waiting()
    old = request.unit_dn
    new = old.replace("ou=", "ou=Nya ", 1)
    move(directory, old, new)
    acts.tasks.sweep_handlers()
    request.refresh_from_db()
    assert request.unit_dn == new
    assert moved_of(request) == [{"old": old, "new": new}]
    assert cast.KIV_ADMINISTRATOR_ABOVE in request.handler_ids


def test_a_sweep_takes_over_where_a_right_stands_now(wider, kiv):
    grant = life.granted(kiv)
    old_unit = grant.unit_dn
    move(wider, OLD_DN, NEW_DN)
    move(wider, old_unit, old_unit.replace("ou=", "ou=Nya ", 1))
    drifting.swept()
    row = Grant.objects.get(pk=grant.pk)
    assert row.person_dn == NEW_DN
    assert row.unit_dn == old_unit.replace("ou=", "ou=Nya ", 1)
    (entry,) = AuditEntry.objects.filter(about=grant.public_id, action="grant.moved")
    assert {"old": OLD_DN, "new": NEW_DN} in entry.data["moved"]
    assert drifting.found_of(grant.subject_id) == []
    drifting.swept()
    assert AuditEntry.objects.filter(action="grant.moved").count() == 1


def test_a_finding_follows_its_unit_and_person(wider, kiv):
    kiv.add_value(OLD_DN, Attribute.SYSTEM_ROLE, ROLE)
    drifting.swept()
    (finding,) = drifting.Finding.objects.not_over().filter(subject_key=cast.COORDINATOR.folded)
    old_unit = finding.unit_dn
    move(wider, OLD_DN, NEW_DN)
    move(wider, old_unit, old_unit.replace("ou=", "ou=Nya ", 1))
    drifting.swept()
    finding.refresh_from_db()
    assert (finding.dn, finding.unit_dn) == (NEW_DN, old_unit.replace("ou=", "ou=Nya ", 1))


def test_a_poll_asks_once_for_a_hundred_and_again_only_for_the_moved(wider, monkeypatch):
    requests = [waiting(), waiting(person_id=cast.DOCTOR_UNCOUPLED)]
    searches = []
    connections = open_directory()._connections
    real = connections.pages

    def pages(base_dn, filter_text, attributes, **how):
        searches.append(filter_text)
        return real(base_dn, filter_text, attributes, **how)

    monkeypatch.setattr(connections, "pages", pages)
    acts.AccessRequest.objects.update(next_poll_at=acts.timezone.now())
    acts.kiv_tasks.poll_due()
    unmoved = len(searches)
    assert not any("hsaIdentity=" in text for text in searches)
    move(wider, OLD_DN, NEW_DN)
    searches.clear()
    acts.AccessRequest.objects.update(next_poll_at=acts.timezone.now())
    acts.kiv_tasks.poll_due()
    by_id = [text for text in searches if "hsaIdentity=" in text]
    assert by_id == [f"(hsaIdentity={cast.COORDINATOR.text})"]
    assert len(requests) == 2 and unmoved
