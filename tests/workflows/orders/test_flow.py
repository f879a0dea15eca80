"""One request's walk, by the real operations and flow against a real LDAP server."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone
from viewflow.workflow.models import Task

from provisioning import errors
from provisioning.models import AuditEntry, Evidence, OutgoingMessage
from provisioning.orders import carry_out
from provisioning.orders.draft import Choice
from provisioning.rules.hsa import Attribute, Level
from provisioning.rules.states.request import RequestState
from tests import acts, cast

pytestmark = pytest.mark.django_db(transaction=True)

ROLE = "INTYG;Rehab-" + cast.BJORKHAGA.text


def change_of(request):
    [change] = request.changes
    return change


def test_an_order_by_the_head_of_unit_becomes_a_login_that_works(directory, kiv):
    request = acts.order()
    assert request.current_state is RequestState.CHECKING
    assert request.attester_id == cast.HEAD.folded

    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    change = change_of(request)
    assert (change["attribute"], change["add"]) == ("hsaSystemRole", ROLE)
    assert cast.KIV_ADMINISTRATOR.folded in request.handlers.values_list("person_key", flat=True)

    kiv.add_value(change["dn"], Attribute.SYSTEM_ROLE, change["add"])
    acts.work()  # nobody clicks
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE
    assert request.carried_out_how == "seen"
    assert request.carried_out_by is None
    assert request.assessment["login"]["units"] == [{"id": cast.BJORKHAGA.text, "role": "rehabkoordinator"}]
    assert request.process.status == "DONE"
    moments = list(request.evidence.values_list("moment", flat=True))
    assert moments == [
        Evidence.Moment.ORDER,
        Evidence.Moment.BEFORE,
        Evidence.Moment.AFTER,
        Evidence.Moment.VERIFICATION,
    ]
    before, after = request.evidence.get(moment="before"), request.evidence.get(moment="after")
    assert ROLE not in before.values[0]["values"]
    assert ROLE in after.values[0]["values"]


def test_everybody_concerned_gets_a_mail_with_nothing_personal_in_it(directory, kiv):
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    kiv.add_value(change_of(request)["dn"], Attribute.SYSTEM_ROLE, ROLE)
    acts.work()
    acts.send_mails()
    assert set(OutgoingMessage.objects.values_list("state", flat=True)) == {"sent"}
    by_kind = {(m.kind, m.recipient_key) for m in OutgoingMessage.objects.all()}
    assert ("kiv", cast.KIV_ADMINISTRATOR.folded) in by_kind
    assert ("done", cast.COORDINATOR.folded) in by_kind
    assert ("done", cast.HEAD.folded) in by_kind
    assert len(mail.outbox) == len(by_kind)
    for sent in mail.outbox:
        assert request.case_number in sent.subject
        for personal in (request.subject_name, request.subject_hsa_id, request.order.need):
            assert personal not in sent.subject + sent.body + str(sent.alternatives)


def test_done_without_the_value_brings_the_task_back_with_what_was_seen(directory, kiv):
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    kiv.add_value(change_of(request)["dn"], Attribute.SYSTEM_ROLE, ROLE.lower())
    acts.report_done(request)
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    assert "role.wrong_case" in [miss["code"] for miss in request.seen_instead["near_misses"]]
    assert request.evidence.filter(moment="instead").exists()
    assert request.process.status == "NEW"
    assert OutgoingMessage.objects.filter(kind="kiv_returned").exists()


def test_done_with_the_value_goes_on_at_once(directory, kiv):
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    kiv.add_value(change_of(request)["dn"], Attribute.SYSTEM_ROLE, ROLE)
    acts.report_done(request)
    request.refresh_from_db()
    assert request.current_state is RequestState.VERIFYING
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE
    assert request.carried_out_by_id == cast.KIV_ADMINISTRATOR.folded


def test_a_doctors_own_cases_need_nothing_from_the_kiv_administrator(directory):
    request = acts.order(person_id=cast.DOCTOR, level=Level.OWN)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE
    assert not OutgoingMessage.objects.filter(kind="kiv").exists()


def test_an_order_of_ones_own_waits_for_the_head_of_unit(directory):
    request = acts.order(by=cast.COORDINATOR)
    assert request.current_state is RequestState.AWAITING_ATTESTATION
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_ATTESTATION
    acts.attest(request, cast.HEAD)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV


def test_the_heads_own_access_is_attested_by_the_head_above(directory):
    request = acts.order(by=cast.HEAD, person_id=cast.HEAD)
    assert request.current_state is RequestState.AWAITING_ATTESTATION
    assert list(request.handlers.values_list("person_key", flat=True)) == [cast.HEAD_ABOVE.folded]
    with pytest.raises(errors.NotAllowed):
        acts.attest(request, cast.HEAD)
    acts.attest(request, cast.HEAD_ABOVE)
    request.refresh_from_db()
    assert request.attester_id == cast.HEAD_ABOVE.folded


def test_a_rejection_ends_it_with_the_reason(directory):
    request = acts.order(by=cast.COORDINATOR)
    acts.reject(request, cast.HEAD, "Hon har bytt uppdrag.")
    request.refresh_from_db()
    assert request.current_state is RequestState.REJECTED
    assert request.end_reason == "Hon har bytt uppdrag."
    assert request.process.status == "DONE"


def test_a_process_leader_needs_two_attesters_and_the_providers_role(directory, kiv):
    request = acts.order_for_process_leader()
    assert request.current_state is RequestState.AWAITING_SECOND_ATTESTATION
    acts.attest(request, cast.PROVIDER_HEAD)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    kiv.add_value(change_of(request)["dn"], Attribute.SYSTEM_ROLE, change_of(request)["add"])
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE
    assert request.assessment["login"]["units"] == [{"id": cast.PROVIDER.text, "role": "processledare"}]


def test_a_missing_commission_lets_the_orderer_choose_coupling(directory, kiv):
    request = acts.order(person_id=cast.COORDINATOR_UNCOUPLED)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_CHOICE
    acts.choose(request, Choice.COUPLE)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    assert {change["attribute"] for change in request.changes} == {"hsaCommissionMember", "hsaSystemRole"}
    acts.set_values(request, kiv)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE


def test_waiting_goes_on_by_itself_when_the_commission_comes(directory, kiv):
    request = acts.order(person_id=cast.COORDINATOR_UNCOUPLED)
    acts.work()
    request.refresh_from_db()
    coupling = next(c for c in request.assessment["changes"] if c["attribute"] == "hsaCommissionMember")
    acts.choose(request, Choice.WAIT)
    acts.make_everything_due()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.WAITING_FOR_COMMISSION
    kiv.add_value(coupling["dn"], coupling["attribute"], coupling["add"])
    acts.make_everything_due()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    assert [change["attribute"] for change in request.changes] == ["hsaSystemRole"]


def test_waiting_ends_after_the_working_days_it_was_given(directory, settings):
    settings.WAIT_FOR_COMMISSION_WORKING_DAYS = 0
    request = acts.order(person_id=cast.COORDINATOR_UNCOUPLED)
    acts.work()
    acts.choose(request, Choice.WAIT)
    acts.make_everything_due()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.WAITING_FOR_COMMISSION  # the last day still counts
    type(request).objects.filter(pk=request.pk).update(wait_until="2026-01-01")
    acts.make_everything_due()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.GAVE_UP
    assert request.process.status == "DONE"
    assert OutgoingMessage.objects.filter(kind="ended", recipient_key=cast.HEAD.folded).exists()


@pytest.mark.parametrize(
    ("by", "wishes", "state"),
    [
        (cast.COORDINATOR, {}, RequestState.AWAITING_ATTESTATION),
        (cast.HEAD, {"person_id": cast.COORDINATOR_UNCOUPLED}, RequestState.AWAITING_CHOICE),
        (cast.HEAD, {}, RequestState.AWAITING_KIV),
    ],
)
def test_an_open_request_can_be_withdrawn_wherever_it_is(directory, by, wishes, state):
    request = acts.order(by=by, **wishes)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is state
    from workflows import steps

    steps.withdraw(request, by=acts.user(by), reason="Blev inte av.")
    request.refresh_from_db()
    assert request.current_state is RequestState.WITHDRAWN
    assert request.process.status == "DONE"
    assert not Task.objects.filter(process=request.process, status__in=["NEW", "SCHEDULED"]).exists()
    assert not request.handlers.exists()


def test_background_work_can_be_withdrawn_before_a_worker_comes(directory):
    from workflows import steps

    request = acts.order()
    steps.withdraw(request, by=acts.user(cast.HEAD), reason="")
    acts.make_everything_due()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.WITHDRAWN


@pytest.mark.parametrize(
    ("why", "state"),
    [
        (carry_out.CannotSet.NOT_MINE, RequestState.AWAITING_KIV),
        (carry_out.CannotSet.COMMISSION_MISSING, RequestState.AWAITING_CHOICE),
        (carry_out.CannotSet.WRONG_ORDER, RequestState.CANNOT_BE_DONE),
        (carry_out.CannotSet.OTHER, RequestState.CANNOT_BE_DONE),
    ],
)
def test_each_reason_why_it_cannot_be_done_has_its_next_step(directory, why, state):
    request = acts.order()
    acts.work()
    acts.cannot(request, why)
    request.refresh_from_db()
    assert request.current_state is state
    handlers = list(request.handlers.values_list("person_key", flat=True))
    assert cast.KIV_ADMINISTRATOR.folded not in handlers
    assert bool(handlers) is (state is RequestState.AWAITING_KIV)


def test_every_act_and_decision_is_in_the_audit(directory, kiv):
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    kiv.add_value(change_of(request)["dn"], Attribute.SYSTEM_ROLE, ROLE)
    acts.work()
    actions = list(
        AuditEntry.objects.filter(order=request.order).order_by("pk").values_list("action", flat=True)
    )
    assert actions == [
        "order.placed",
        "request.started",
        "request.attested",
        "request.checked",
        "request.kiv_needed",
        "request.values_seen",
        "request.done",
        "grant.created",
    ]


def test_nothing_is_set_before_the_first_day(directory):
    request = acts.order(starts_on=timezone.localdate() + timedelta(days=3))
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.CHECKING
    assert not OutgoingMessage.objects.filter(kind="kiv").exists()
    task = Task.objects.get(process=request.process, status="SCHEDULED")
    assert timezone.localdate(task.scheduled) == request.starts_on
    acts.make_everything_due()  # the day has come
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
