"""The traps: a directory that is down, a worker killed at the worst moment, nudges lost or doubled."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone
from viewflow.workflow.models import Task

from provisioning import directory as provisioning_directory
from provisioning import errors
from provisioning.models import AccessRequest, AuditEntry, OutgoingMessage
from provisioning.orders import carry_out
from provisioning.rules.hsa import Attribute
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from workflows import steps, tasks

pytestmark = pytest.mark.django_db(transaction=True)


def scheduled(request: AccessRequest) -> Task:
    return Task.objects.get(process=request.process, status="SCHEDULED")


def wait_out_the_silence(request: AccessRequest) -> None:
    """As if the directory had been silent for longer than those concerned are left in the dark."""
    AccessRequest.objects.filter(pk=request.pk).update(trouble_since=timezone.now() - timedelta(hours=1))


@pytest.mark.parametrize("fault", ["busy", "dropped", "cut short", "unreadable role"])
def test_a_silent_directory_decides_nothing_and_the_case_goes_on(directory, settings, fault):
    operator = cast.AUDITOR
    settings.OPERATORS = (operator.text,)
    request = acts.order()
    acts.silence(directory, fault)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.CHECKING
    assert request.trouble_code.startswith("directory.")
    assert not OutgoingMessage.objects.filter(kind="directory_silent").exists()
    wait_out_the_silence(request)
    for _round in range(2):
        acts.make_everything_due()
        acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.CHECKING
    told = OutgoingMessage.objects.filter(kind="directory_silent")
    assert sorted(message.recipient_key for message in told) == sorted([cast.HEAD.folded, operator.folded])

    directory.faults.clear()
    acts.make_everything_due()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    assert request.trouble_code == ""
    assert AuditEntry.objects.filter(request=request, action="request.directory_back").exists()


def test_a_directory_that_goes_silent_during_verification_closes_nothing(directory, kiv):
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    kiv.add_value(request.changes[0]["dn"], Attribute.SYSTEM_ROLE, request.changes[0]["add"])
    acts.report_done(request)
    directory.faults.is_busy = True
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.VERIFYING
    assert not OutgoingMessage.objects.filter(kind="done").exists()
    directory.faults.clear()
    acts.make_everything_due()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE


def test_a_task_stays_while_the_directory_is_silent(directory):
    request = acts.order()
    acts.work()
    directory.faults.is_busy = True
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    assert request.trouble_code == "directory.unavailable"
    assert request.next_poll_at > timezone.now() - timedelta(minutes=1)


def test_done_reported_to_a_silent_directory_is_settled_later(directory, kiv):
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    kiv.add_value(request.changes[0]["dn"], Attribute.SYSTEM_ROLE, request.changes[0]["add"])
    administrator = acts.user(cast.KIV_ADMINISTRATOR)
    mandates = acts.current.read(administrator.identity)
    directory.faults.is_busy = True
    steps.act(
        request,
        RequestState.AWAITING_KIV,
        lambda row: carry_out.report_done(
            row, by=administrator, mandates=mandates, seen=None, already=False, note=""
        ),
        by=administrator,
    )
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    assert request.reported_done_at is not None
    assert request.seen_instead == {}
    directory.faults.clear()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE
    assert request.carried_out_by_id == cast.KIV_ADMINISTRATOR.folded


def test_a_worker_killed_between_work_and_record_loses_only_its_claim(directory, monkeypatch):
    request = acts.order()
    task = scheduled(request)

    class Killed(BaseException):
        """As a SIGKILL: nothing after it runs."""

    def killed(*_args):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(task.flow_task, "record", killed)
        with pytest.raises(Killed):
            steps.run_background(task.pk)
    request.refresh_from_db()
    assert request.current_state is RequestState.CHECKING
    assert steps.due_background() == []  # still claimed
    assert steps.run_background(task.pk) is False
    acts.make_everything_due()  # the claim runs out
    tasks.sweep_background()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    assert AuditEntry.objects.filter(request=request, action="request.checked").count() == 1


def test_an_unexpected_error_is_put_off_and_keeps_nothing_but_its_type(directory, monkeypatch, caplog):
    request = acts.order()
    task = scheduled(request)

    def broken(request):
        raise RuntimeError(f"secret {request.subject_name}")

    with monkeypatch.context() as patch:
        patch.setattr(task.flow_task, "work", broken)
        tasks.run_background(task.pk)
    task.refresh_from_db()
    assert task.status == "SCHEDULED"
    assert task.scheduled > timezone.now()
    assert task.data["error"] == "RuntimeError"
    assert request.subject_name not in str(task.data) + caplog.text
    acts.make_everything_due()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV


def test_a_database_that_was_away_puts_work_off_for_seconds_only(directory, monkeypatch, settings):
    request = acts.order()
    task = scheduled(request)
    Task.objects.filter(pk=task.pk).update(data={"attempts": 8})

    def away(request):
        raise OperationalError

    with monkeypatch.context() as patch:
        patch.setattr(task.flow_task, "work", away)
        tasks.run_background(task.pk)
    task.refresh_from_db()
    assert task.data.pop("failing_since")
    assert task.data == {"attempts": 9, "error": "OperationalError", "failures": 0}
    assert task.scheduled <= timezone.now() + timedelta(seconds=settings.BACKGROUND_LEASE_SECONDS)


def test_lost_nudges_are_made_good_by_the_sweeps(directory, lost_nudges):
    request = acts.order()
    assert ("workflows.run_background", (scheduled(request).pk,)) in lost_nudges
    acts.work()
    acts.send_mails()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    assert not OutgoingMessage.objects.exclude(state="sent").exists()


def test_a_nudge_delivered_twice_is_work_done_once(directory):
    request = acts.order()
    task = scheduled(request)
    for _time in range(2):
        tasks.run_background(task.pk)
    assert AuditEntry.objects.filter(request=request, action="request.checked").count() == 1
    assert Task.objects.filter(process=request.process, flow_task_type="HUMAN").count() == 1


def test_a_message_nudged_twice_is_one_mail(directory, mailoutbox):
    acts.order(by=cast.COORDINATOR)
    message = OutgoingMessage.objects.get(kind="attest")
    from workflows import tasks

    for _time in range(2):
        tasks.send_message(message.pk)
    assert len(mailoutbox) == 1


def test_a_second_click_finds_that_the_case_has_moved_on(directory):
    request = acts.order(by=cast.COORDINATOR)
    first, second = AccessRequest.objects.get(pk=request.pk), AccessRequest.objects.get(pk=request.pk)
    acts.attest(first, cast.HEAD)
    with pytest.raises(errors.WrongState):
        acts.attest(second, cast.HEAD)
    assert AuditEntry.objects.filter(request=request, action="request.attested").count() == 1


def test_a_value_that_goes_away_again_brings_the_task_back(directory, kiv):
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    change = request.changes[0]
    kiv.add_value(change["dn"], Attribute.SYSTEM_ROLE, change["add"])
    acts.report_done(request)
    kiv.remove_value(change["dn"], Attribute.SYSTEM_ROLE, change["add"])
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    assert Task.objects.filter(process=request.process, flow_task_type="HUMAN", status="NEW").count() == 1


def test_an_unreadable_date_goes_to_a_human_and_decides_nothing(directory, kiv):
    role = "INTYG;Rehab-" + cast.BJORKHAGA.text
    kiv.add_value(
        provisioning_directory.open_directory().person(cast.DATE_UNREADABLE).dn, Attribute.SYSTEM_ROLE, role
    )
    request = acts.order(person_id=cast.DATE_UNREADABLE)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_CHOICE
    assert request.assessment["answer"] == "unknown"
    assert "commission.date_unreadable" in request.assessment["causes"]
