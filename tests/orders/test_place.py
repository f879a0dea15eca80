"""Placing an order: what is refused beside which field, and that the same order is placed once."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from provisioning.errors import DirectoryError, Invalid
from provisioning.models import AccessRequest, Order
from provisioning.orders import prepare
from provisioning.rules.hsa import HsaId, Level, Service
from tests import acts, cast
from workflows import steps

pytestmark = pytest.mark.django_db(transaction=True)


def refusals(by: HsaId = cast.HEAD, **wishes) -> set[tuple[str, str]]:
    prepared = prepare.prepare(acts.draft(**wishes), by=acts.user(by))
    assert prepared.may_be_placed is (not prepared.all_refusals)
    return {(refusal.field, refusal.code) for refusal in prepared.all_refusals}


@pytest.mark.parametrize(
    ("by", "wishes", "expected"),
    [
        (cast.HEAD, {}, set()),
        (cast.COORDINATOR, {}, set()),
        (cast.HEAD, {"person_id": cast.NOBODY}, {("person", "person.missing")}),
        (cast.HEAD, {"person_id": HsaId("191212121212")}, {("person", "person.form")}),
        (cast.HEAD, {"person_id": HsaId("SE0000000000_1005")}, {("person", "person.form")}),
        (cast.HEAD, {"person_id": cast.ENDED}, {("person", "person.ended")}),
        (cast.HEAD, {"person_id": cast.ARCHIVED}, {("person", "person.archived")}),
        (cast.HEAD, {"units": [cast.EKLIDEN]}, {("units", "order.not_head")}),
        (cast.OUTSIDER, {}, {("units", "order.not_head")}),
        (cast.HEAD, {"units": [cast.NOWHERE]}, {("units", "order.not_head")}),
        (cast.COORDINATOR, {"units": [cast.NOWHERE]}, {("units", "unit.unknown")}),
        (cast.HEAD, {"level": Level.OWN}, {("level", "order.level_not_available")}),
        (cast.HEAD, {"person_id": cast.DOCTOR, "level": Level.OWN}, set()),
        (cast.HEAD, {"days": -1}, {("ends_on", "order.end_before_start")}),
        (cast.HEAD, {"days": 0}, set()),
        (cast.HEAD, {"days": 366}, {("ends_on", "order.end_too_late")}),
        (cast.HEAD, {"starts_in": -9, "days": 8}, {("ends_on", "order.end_passed")}),
        (cast.HEAD, {"starts_in": -1}, {("starts_on", "order.start_passed")}),
        (cast.HEAD, {"starts_in": 1}, set()),
        (cast.HEAD, {"starts_in": 400}, {("starts_on", "order.start_too_late")}),
        (cast.HEAD, {"need": ""}, {("need", "order.statement")}),
        (cast.HEAD, {"need": "."}, {("need", "order.statement")}),
        (cast.HEAD, {"need": "test"}, {("need", "order.statement")}),
        (cast.HEAD, {"need": "aaaaaaaaaaaaaaaaaaaa"}, {("need", "order.statement")}),
        (cast.HEAD, {"need": "test test test test"}, {("need", "order.statement")}),
        (cast.HEAD, {"need": "Se ovan. Se ovan. N/A!"}, {("need", "order.statement")}),
        (cast.HEAD, {"risk_statement": " - "}, {("risk_statement", "order.statement")}),
    ],
)
def test_each_bad_input_is_refused_beside_its_field(directory, by, wishes, expected):
    assert refusals(by, **wishes) == expected
    if expected:
        with pytest.raises(Invalid):
            acts.order(by, **wishes)
        assert not Order.objects.exists()


def test_a_sub_unit_is_ordered_through_its_care_unit(directory):
    request = acts.order(units=[cast.BJORKHAGA_REHAB])
    assert request.unit_hsa_id == cast.BJORKHAGA.text
    assert request.wanted_unit_hsa_id == cast.BJORKHAGA_REHAB.text
    acts.work()
    request.refresh_from_db()
    assert request.changes[0]["add"] == "INTYG;Rehab-" + cast.BJORKHAGA.text


def test_two_sub_units_of_one_care_unit_are_not_ordered_twice(directory):
    assert refusals(units=[cast.BJORKHAGA_BVC, cast.BJORKHAGA_REHAB]) == {("units", "order.same_care_unit")}


def test_a_directory_that_does_not_answer_writes_nothing(directory):
    by = acts.user(cast.HEAD)
    directory.faults.is_busy = True
    with pytest.raises(DirectoryError):
        prepare.prepare(acts.draft(), by=by)
    assert not Order.objects.exists()


def test_an_open_order_for_the_same_right_refuses_another(directory):
    acts.order()
    assert refusals() == {("units", "order.duplicate")}
    assert refusals(person_id=cast.COORDINATOR_UNCOUPLED) == set()


def test_the_database_itself_refuses_a_second_open_request(directory):
    request = acts.order()
    twin = AccessRequest.objects.get(pk=request.pk)
    twin.pk, twin.position, twin.public_id = None, 2, "00000000-0000-4000-8000-000000000000"
    twin._state.adding = True
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save()


def test_the_same_submission_twice_is_one_order(directory):
    by = acts.user(cast.HEAD)
    prepared = prepare.prepare(acts.draft(), by=by)
    first, second = steps.place_order(prepared, by=by), steps.place_order(prepared, by=by)
    assert first == second
    assert AccessRequest.objects.count() == 1


def test_an_order_that_ended_can_be_made_again(directory):
    request = acts.order(by=cast.COORDINATOR)
    acts.reject(request, cast.HEAD)
    again = acts.order(by=cast.COORDINATOR)
    assert again.pk != request.pk


def test_a_statistics_order_for_units_sets_no_role_and_says_why(directory):
    request = acts.order(person_id=cast.COORDINATOR, service=Service.INTYGSSTATISTIK)
    acts.work()
    request.refresh_from_db()
    assert "order.role_not_needed" in request.assessment["warnings"]
    assert all(change["attribute"] != "hsaSystemRole" for change in request.changes)


def test_a_reader_of_the_open_order_is_told_its_number(directory):
    request = acts.order()
    [refusal] = prepare.prepare(acts.draft(), by=acts.user(cast.HEAD)).all_refusals
    assert request.case_number in refusal.message
    may_ask_but_not_read = prepare.prepare(acts.draft(), by=acts.user(cast.KIV_ADMINISTRATOR)).all_refusals
    assert "order.duplicate" in [refusal.code for refusal in may_ask_but_not_read]
    assert not any(request.case_number in refusal.message for refusal in may_ask_but_not_read)
    [for_an_outsider] = prepare.prepare(acts.draft(), by=acts.user(cast.OUTSIDER)).all_refusals
    assert for_an_outsider.code == "order.not_head"


def test_a_process_leader_for_oneself_is_told_who_can_order_it(directory):
    wanted = acts.draft(
        person_id=cast.PROCESS_LEADER,
        service=Service.INTYGSSTATISTIK,
        level=Level.PROVIDER,
        units=[cast.PROVIDER],
    )
    prepared = prepare.prepare(wanted, by=acts.user(cast.PROCESS_LEADER))
    said = [str(one.message) for one in prepared.all_refusals if one.code == "order.no_attester"]
    assert len(said) == 1 and said[0].startswith(
        "Du kan inte beställa det här själv. Be en verksamhetschef hos"
    )
