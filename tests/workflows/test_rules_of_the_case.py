"""Who may do what, what is refused, and what the database itself refuses; each from both sides."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from provisioning import access
from provisioning import directory as provisioning_directory
from provisioning.cases import candidates, handlers
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError, Invalid, NotAllowed
from provisioning.mandates import current
from provisioning.models import AccessRequest, AuditEntry, Order, OutgoingMessage
from provisioning.orders import attest, prepare
from provisioning.rules.hsa import HsaId, Level, Service
from provisioning.rules.states.request import RequestState
from tests import cast
from tests.findings import drifting
from tests.workflows import acts
from workflows import steps, tasks

pytestmark = pytest.mark.django_db(transaction=True)

TODAY = timezone.localdate


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
        (cast.HEAD, {"units": [cast.NOWHERE]}, {("units", "unit.unknown")}),
        (cast.HEAD, {"level": Level.OWN}, {("level", "order.level_not_available")}),
        (cast.HEAD, {"person_id": cast.DOCTOR, "level": Level.OWN}, set()),
        (cast.HEAD, {"days": -1}, {("ends_on", "order.end_before_start")}),
        (cast.HEAD, {"days": 0}, set()),
        (cast.HEAD, {"days": 366}, {("ends_on", "order.end_too_late")}),
        (cast.HEAD, {"starts_on": TODAY() - timedelta(days=9), "days": 8}, {("ends_on", "order.end_passed")}),
        (cast.HEAD, {"starts_on": TODAY() - timedelta(days=1)}, {("starts_on", "order.start_passed")}),
        (cast.HEAD, {"starts_on": TODAY() + timedelta(days=1)}, set()),
        (cast.HEAD, {"starts_on": TODAY() + timedelta(days=400)}, {("starts_on", "order.start_too_late")}),
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


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        ({"attester_id": cast.COORDINATOR.folded}, "attester_is_not_subject"),
        ({"second_attester_id": cast.HEAD.folded}, "second_attester_is_another"),
        ({"carried_out_by_id": cast.HEAD.folded}, "carried_out_by_somebody_else"),
        ({"carried_out_by_id": cast.COORDINATOR.folded}, "carried_out_by_somebody_else"),
        ({"attester_id": None}, "attested_before_anything_else"),
        ({"ends_on": "2020-01-01"}, "request_ends_after_start"),
    ],
)
def test_four_eyes_are_kept_by_the_database_itself(directory, columns, name):
    request = acts.order()
    acts.user(cast.COORDINATOR)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        AccessRequest.objects.filter(pk=request.pk).update(**columns)
    AccessRequest.objects.filter(pk=request.pk).update(carried_out_by=acts.user(cast.KIV_ADMINISTRATOR))


@pytest.mark.parametrize(
    ("who", "may"),
    [(cast.HEAD, True), (cast.HEAD_ABOVE, False), (cast.KIV_ADMINISTRATOR, False), (cast.COORDINATOR, False),
     (cast.AUDITOR, False), (cast.OUTSIDER, False)],
)  # fmt: skip
def test_only_the_attester_attests(directory, who, may):
    request = acts.order(by=cast.COORDINATOR)
    if may:
        acts.attest(request, who)
    else:
        with pytest.raises(NotAllowed):
            acts.attest(request, who)
        request.refresh_from_db()
        assert request.attester_id is None
        assert request.current_state is RequestState.AWAITING_ATTESTATION


@pytest.mark.parametrize(
    ("who", "may"),
    [(cast.KIV_ADMINISTRATOR, True), (cast.KIV_ADMINISTRATOR_ABOVE, True), (cast.HEAD, False),
     (cast.COORDINATOR, False), (cast.OUTSIDER, False)],
)  # fmt: skip
def test_only_the_units_kiv_administrators_carry_out(directory, who, may):
    request = acts.order()
    acts.work()
    if may:
        acts.report_done(request, who)
    else:
        with pytest.raises(NotAllowed):
            acts.report_done(request, who)


def test_a_mandate_that_ended_in_between_is_refused_with_the_reason(directory):
    request = acts.order(by=cast.COORDINATOR)
    head = acts.user(cast.HEAD)
    with pytest.raises(NotAllowed) as refused:
        steps.act(
            request,
            RequestState.AWAITING_ATTESTATION,
            lambda row: attest.attest(row, by=head, mandates=current.Mandates()),
            by=head,
        )
    assert refused.value.code == "not_allowed"
    request.refresh_from_db()
    assert request.attester_id is None


def test_a_head_who_has_only_other_units_now_does_not_attest_here_any_more(directory, kiv):
    request = acts.order(by=cast.COORDINATOR)
    drifting.replace(kiv, request.unit_dn, "hsaHealthCareUnitManager", [cast.HEAD_ABOVE.text])
    assert current.read(cast.HEAD).is_head_of_unit  # of Almby
    for act in (acts.attest, acts.reject):
        with pytest.raises(NotAllowed):
            act(request, cast.HEAD)
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_ATTESTATION and request.attester_id is None


def test_the_head_of_the_care_provider_attests_once_the_ladder_has_come_so_far(directory):
    request = acts.order(by=cast.COORDINATOR)
    asked = candidates.look_up(open_directory(), request, rungs=2)
    assert asked is not None
    handlers.assign(request, *asked)
    acts.attest(request, cast.PROVIDER_HEAD)
    request.refresh_from_db()
    assert request.attester_id == cast.PROVIDER_HEAD.folded


def test_nobody_sees_what_is_not_theirs(directory):
    request = acts.order()
    acts.work()
    for who in (cast.HEAD, cast.COORDINATOR, cast.KIV_ADMINISTRATOR, cast.KIV_ADMINISTRATOR_ABOVE):
        assert access.visible_requests(acts.user(who)).filter(pk=request.pk).exists(), who
    for who in (cast.OUTSIDER, cast.DOCTOR, cast.PROCESS_LEADER):
        assert not access.visible_requests(acts.user(who)).exists(), who


def test_an_auditor_reads_everything(directory, settings):
    request = acts.order()
    settings.AUDITORS = ()
    assert not access.visible_requests(acts.user(cast.AUDITOR)).exists()
    settings.AUDITORS = (cast.AUDITOR.text,)
    assert access.visible_requests(acts.user(cast.AUDITOR)).get() == request


def test_a_protected_persons_name_is_shown_only_to_those_who_handle_the_case(directory):
    request = acts.order(person_id=cast.PROTECTED)
    acts.work()
    request.refresh_from_db()
    assert request.subject_is_protected
    assert access.may_read_name(acts.user(cast.HEAD), request)
    assert access.may_read_name(acts.user(cast.KIV_ADMINISTRATOR), request)
    assert not access.may_read_name(acts.user(cast.AUDITOR), request)
    assert not access.may_read_name(acts.user(cast.HEAD_ABOVE), request)


def test_somebody_without_a_mail_address_is_shown_and_stops_nobody_elses_mail(directory, kiv):
    request = acts.order(person_id=cast.PROTECTED)
    acts.work()
    request.refresh_from_db()
    kiv.add_value(request.changes[0]["dn"], "hsaSystemRole", request.changes[0]["add"])
    acts.work()
    acts.send_mails()
    state = dict(OutgoingMessage.objects.filter(kind="done").values_list("recipient_key", "state"))
    assert state == {cast.PROTECTED.folded: "no_address", cast.HEAD.folded: "sent"}


@pytest.mark.parametrize(("days", "count"), [(0, 0), (1, 0), (7, 1)])
def test_who_sits_on_a_request_is_reminded_after_working_days(directory, days, count):
    request = acts.order(by=cast.COORDINATOR)
    AccessRequest.objects.filter(pk=request.pk).update(state_since=timezone.now() - timedelta(days=days))
    for _twice in range(2):
        tasks.sweep_reminders()
    assert OutgoingMessage.objects.filter(kind="reminder", recipient_key=cast.HEAD.folded).count() == count
    assert AuditEntry.objects.filter(action="request.reminded").count() == count


def test_handlers_follow_the_directory(directory, kiv):
    request = acts.order(by=cast.COORDINATOR)
    unit = provisioning_directory.open_directory().unit(cast.BJORKHAGA)
    kiv.remove_value(unit.dn, "hsaHealthCareUnitManager", cast.HEAD.text)
    kiv.add_value(unit.dn, "hsaHealthCareUnitManager", cast.HEAD_ABOVE.text)
    tasks.sweep_handlers()
    assert list(request.handlers.values_list("person_key", flat=True)) == [cast.HEAD_ABOVE.folded]
    assert OutgoingMessage.objects.filter(kind="attest", recipient_key=cast.HEAD_ABOVE.folded).exists()


def test_a_silent_directory_takes_nobodys_task_away(directory):
    request = acts.order(by=cast.COORDINATOR)
    directory.faults.is_busy = True
    tasks.sweep_handlers()
    assert list(request.handlers.values_list("person_key", flat=True)) == [cast.HEAD.folded]


def test_a_statistics_order_for_units_sets_no_role_and_says_why(directory):
    request = acts.order(person_id=cast.COORDINATOR, service=Service.INTYGSSTATISTIK)
    acts.work()
    request.refresh_from_db()
    assert "order.role_not_needed" in request.assessment["warnings"]
    assert all(change["attribute"] != "hsaSystemRole" for change in request.changes)


def test_whoever_may_read_the_open_order_is_told_its_number(directory):
    request = acts.order()
    [refusal] = prepare.prepare(acts.draft(), by=acts.user(cast.HEAD)).all_refusals
    assert request.case_number in refusal.message
    seen_by_an_outsider = prepare.prepare(acts.draft(), by=acts.user(cast.OUTSIDER)).all_refusals
    assert "order.duplicate" in [refusal.code for refusal in seen_by_an_outsider]
    assert not any(request.case_number in refusal.message for refusal in seen_by_an_outsider)
