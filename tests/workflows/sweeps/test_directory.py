"""A sweep finds what has drifted, class by class, by a directory changed behind the tool's back."""

from __future__ import annotations

import dataclasses

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.utils import timezone

from provisioning import access
from provisioning.directory import open_directory, open_round
from provisioning.errors import DirectoryError, Invalid, NotAllowed
from provisioning.findings import record, tell
from provisioning.messages.compose import compose
from provisioning.models import (
    AbsenceDoubt,
    AuditEntry,
    Finding,
    Grant,
    KnownPerson,
    OutgoingMessage,
    Removal,
    Sweep,
)
from provisioning.rules.drift.differences import DriftKind, NextStep, Owner
from provisioning.rules.hsa import Attribute, Level, Service
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import EndCause, GrantState, RemovalState
from tests import acts, cast
from tests.findings import drifting
from tests.findings.drifting import found_of, replace, swept
from tests.rights import life
from workflows.sweeps import directory as sweeps_directory

pytestmark = pytest.mark.django_db(transaction=True)

PAST = "20200101000000Z"
MEMBERS = "hsaHealthCareUnitMember"
WHO = cast.COORDINATOR


def facts(finding: Finding) -> list[str]:
    return list(AuditEntry.objects.filter(about=finding.public_id).values_list("action", flat=True))


# -- each class of finding ---------------------------------------------------------------------------------


def lose_the_role(directory, kiv):
    kiv.remove_value(drifting.person_dn(WHO), Attribute.SYSTEM_ROLE, life.ROLE)


def end_the_commission(directory, kiv):
    drifting.couple(kiv, WHO, cast.BJORKHAGA, f";;{PAST}")


def leave_the_commission(directory, kiv):
    drifting.uncouple(kiv, WHO, cast.BJORKHAGA)


def move_to_another_unit(directory, kiv):
    drifting.uncouple(kiv, WHO, cast.BJORKHAGA)
    drifting.couple(kiv, WHO, cast.EKLIDEN)


def take_the_purpose_away(directory, kiv):
    replace(kiv, drifting.commission_of(WHO, cast.BJORKHAGA).dn, "hsaCommissionPurpose", [])


def close_the_unit(directory, kiv):
    replace(kiv, drifting.unit_dn(cast.BJORKHAGA), "hsaEndDate", [PAST])


def close_the_provider(directory, kiv):
    provider = open_directory().provider(cast.PROVIDER)
    replace(kiv, provider.dn, "hsaEndDate", [PAST])


def end_the_employment(directory, kiv):
    replace(kiv, drifting.person_dn(WHO), "hsaEndDate", [PAST])


def archive_the_person(directory, kiv):
    kiv.add_value(drifting.person_dn(WHO), drifting.CLASS, "hsaArchivedObject")


def delete_the_person(directory, kiv):
    directory.store.delete(drifting.person_dn(WHO))


def make_a_doctor(directory, kiv):
    replace(kiv, drifting.person_dn(WHO), "hsaTitle", ["Läkare"])


def set_the_role_on_the_wrong_unit(directory, kiv):
    lose_the_role(directory, kiv)
    kiv.add_value(drifting.person_dn(WHO), Attribute.SYSTEM_ROLE, f"INTYG;Rehab-{cast.EKLIDEN}")


def test_a_moved_sub_unit_takes_nobodys_access_along(directory, kiv):
    """The access stays on the care unit, does not reach what it was ordered for, and somebody must know."""
    grant = life.granted(kiv, units=[cast.BJORKHAGA_BVC])
    assert grant.unit_id == cast.BJORKHAGA and swept().outcome == Sweep.Outcome.COMPLETE
    assert found_of(WHO) == []
    moves = ((cast.BJORKHAGA, [cast.BJORKHAGA_REHAB.text]), (cast.EKLIDEN, [cast.BJORKHAGA_BVC.text]))
    for care_unit, members in moves:
        replace(kiv, drifting.unit_dn(care_unit), MEMBERS, members)
    swept()
    assert found_of(WHO) == [DriftKind.SUB_UNIT_MOVED]
    row = drifting.finding(WHO, DriftKind.SUB_UNIT_MOVED)
    assert (row.grant_id, row.whose, row.steps) == (
        grant.pk,
        Owner.HEAD_OF_UNIT,
        (NextStep.REMOVE, NextStep.EXPLAIN),
    )
    both = [cast.BJORKHAGA_REHAB.text, cast.BJORKHAGA_BVC.text]
    replace(kiv, drifting.unit_dn(cast.BJORKHAGA), MEMBERS, both)
    swept()
    assert found_of(WHO) == []


def test_sub_units_that_cannot_be_read_have_not_moved(directory, kiv):
    life.granted(kiv, units=[cast.BJORKHAGA_BVC])
    swept()
    directory.faults.unreadable = {MEMBERS}
    swept()
    assert found_of(WHO) == []


CLASSES = [
    (lose_the_role, [DriftKind.ROLE_MISSING]),
    (end_the_commission, [DriftKind.COMMISSION_ENDED]),
    (leave_the_commission, [DriftKind.COMMISSION_MISSING]),
    (move_to_another_unit, [DriftKind.COMMISSION_MOVED]),
    (take_the_purpose_away, [DriftKind.COMMISSION_PURPOSE_MISSING]),
    (close_the_unit, [DriftKind.UNIT_CLOSED]),
    (close_the_provider, [DriftKind.PROVIDER_CLOSED]),
    (end_the_employment, [DriftKind.PERSON_ENDED]),
    (archive_the_person, [DriftKind.PERSON_ARCHIVED]),
    (delete_the_person, [DriftKind.PERSON_MISSING]),
    (make_a_doctor, [DriftKind.BECAME_DOCTOR]),
    (set_the_role_on_the_wrong_unit, [DriftKind.ROLE_MISSING, DriftKind.ROLE_WRONG_UNIT]),
]


@pytest.mark.parametrize(("happens", "kinds"), CLASSES, ids=[act.__name__ for act, _kinds in CLASSES])
def test_what_happens_behind_the_tools_back_is_found_once(directory, kiv, happens, kinds):
    grant = life.granted(kiv)
    assert swept().outcome == Sweep.Outcome.COMPLETE
    assert found_of(WHO) == []

    happens(directory, kiv)
    swept()
    assert found_of(WHO) == kinds
    rows = list(Finding.objects.not_over().filter(subject_key=WHO.folded))
    assert {row.grant_id for row in rows if not row.value} == {grant.pk}
    assert all(facts(row)[0] == "finding.found" for row in rows)
    swept()
    assert Finding.objects.filter(subject_key=WHO.folded).count() == len(kinds)


def test_a_doctor_who_is_no_longer_one(directory, kiv):
    doctor = cast.DOCTOR
    life.granted(kiv, person_id=doctor, level=Level.OWN)
    swept()
    assert found_of(doctor) == []
    replace(kiv, drifting.person_dn(doctor), "hsaTitle", ["Fysioterapeut"])
    for code in ("paTitleCode", "hsaGroupPrescriptionCode"):
        replace(kiv, drifting.person_dn(doctor), code, [])
    swept()
    assert found_of(doctor) == [DriftKind.NO_LONGER_DOCTOR]


@pytest.mark.parametrize(
    ("person_id", "kind", "owner"),
    [
        (cast.SETTLED, DriftKind.ROLE_OUTSIDE, Owner.HEAD_OF_UNIT),
        (cast.SETTLED_PROCESS_LEADER, DriftKind.ROLE_OUTSIDE, Owner.HEAD_OF_UNIT),
        (cast.DEAD_RIGHT, DriftKind.ROLE_WITHOUT_COMMISSION, Owner.HEAD_OF_UNIT),
        (cast.WRONG_CASE, DriftKind.ROLE_WRONG_CASE, Owner.KIV_ADMINISTRATOR),
        (cast.BLANKS, DriftKind.ROLE_BLANKS, Owner.KIV_ADMINISTRATOR),
        (cast.MALFORMED, DriftKind.ROLE_MALFORMED, Owner.KIV_ADMINISTRATOR),
        (cast.SUBUNIT_ROLE, DriftKind.ROLE_SUBUNIT, Owner.KIV_ADMINISTRATOR),
        (cast.PROVIDER_ROLE, DriftKind.ROLE_PROVIDER_IN_REHAB, Owner.KIV_ADMINISTRATOR),
        (cast.UNIT_IN_STATISTICS, DriftKind.ROLE_UNIT_IN_STATISTIK, Owner.KIV_ADMINISTRATOR),
        (cast.UNKNOWN_ID, DriftKind.ROLE_UNKNOWN_ID, Owner.OPERATORS),
    ],
)
def test_roles_that_nobody_ordered_here_are_found(directory, person_id, kind, owner):
    swept()
    row = drifting.finding(person_id, kind)
    assert row.whose is owner
    assert row.value and row.grant is None and row.state == Finding.State.OPEN


def test_nothing_is_adopted_or_removed_by_a_sweep(directory, kiv):
    life.granted(kiv)
    lose_the_role(directory, kiv)
    swept()
    assert Grant.objects.count() == 1
    assert not Removal.objects.exists()


# -- the directory is right again --------------------------------------------------------------------------


def test_a_finding_is_over_when_the_directory_is_right_again(directory, kiv):
    life.granted(kiv)
    lose_the_role(directory, kiv)
    swept()
    row = drifting.finding(WHO, DriftKind.ROLE_MISSING)
    kiv.add_value(drifting.person_dn(WHO), Attribute.SYSTEM_ROLE, life.ROLE)
    assert swept().ended == 1
    row.refresh_from_db()
    assert row.state == Finding.State.OVER
    assert facts(row) == ["finding.found", "finding.over"]


def test_a_strange_role_that_is_gone_is_over(directory, kiv):
    swept()
    row = drifting.finding(cast.SETTLED, DriftKind.ROLE_OUTSIDE)
    kiv.remove_value(drifting.person_dn(cast.SETTLED), Attribute.SYSTEM_ROLE, row.value)
    swept()
    assert found_of(cast.SETTLED) == []


# -- a directory that does not tell ------------------------------------------------------------------------


def be_silent(directory):
    directory.stop()


def be_busy(directory):
    directory.faults.is_busy = True


def cut_answers_short(directory):
    directory.faults.size_limit = 0


def hide_roles(directory):
    directory.faults.unreadable = {"hsaSystemRole"}


def hide_members(directory):
    directory.faults.unreadable = {"hsaCommissionMember"}


def hide_ids(directory):
    directory.faults.unreadable = {"hsaIdentity"}


def hide_classes(directory):
    directory.faults.unreadable = {"objectClass"}


TROUBLES = [be_silent, be_busy, cut_answers_short, hide_roles, hide_members, hide_ids, hide_classes]


def test_roles_hidden_during_a_sweep_are_noticed_before_writing(directory, kiv, monkeypatch):
    """The look that decides takes nothing for readable because it was so a moment ago."""
    life.granted(kiv)
    swept()
    before = set(Finding.objects.not_over().values_list("pk", "state"))
    shared = open_directory()
    real = shared.read_many

    def then_hidden(wanted):
        directory.faults.unreadable = {"hsaSystemRole"}
        yield from real(wanted)

    shared.read(cast.SETTLED)  # readable so far
    monkeypatch.setattr(shared, "read_many", then_hidden)
    swept()
    assert set(Finding.objects.not_over().values_list("pk", "state")) == before


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda act: act.__name__)
def test_a_directory_that_does_not_tell_finds_nothing_and_ends_nothing(directory, kiv, trouble):
    """Whatever stood as found stands, and nobody has newly lost anything."""
    life.granted(kiv)
    request = acts.order(person_id=cast.DOCTOR, level=Level.UNIT)
    swept()
    before = set(Finding.objects.not_over().values_list("pk", "state"))
    assert before
    trouble(directory)
    sweep = swept()
    assert sweep.outcome in (Sweep.Outcome.FAILED, Sweep.Outcome.INCOMPLETE)
    assert set(Finding.objects.not_over().values_list("pk", "state")) == before
    assert not Finding.objects.filter(state=Finding.State.OVER).exists()
    request.refresh_from_db()
    assert request.is_open
    assert not Removal.objects.exists()


def test_a_sweep_that_failed_is_not_the_one_the_next_begins_from(directory, kiv):
    life.granted(kiv)
    directory.faults.is_busy = True
    assert swept().outcome == Sweep.Outcome.FAILED
    directory.faults.clear()
    result = sweeps_directory.sweep(directory=open_directory())
    assert result is not None and result.sweep.is_full


def test_so_much_lost_at_once_is_not_believed(directory, kiv, settings, monkeypatch):
    """An account that has lost sight of half the staff looks like half the staff leaving."""
    monkeypatch.setattr(sweeps_directory, "FEW", 0)
    settings.SWEEP_STOP_AT_PERCENT = 30
    life.granted(kiv)
    swept()
    delete_the_person(directory, kiv)
    assert swept().outcome == Sweep.Outcome.STOPPED
    assert found_of(WHO) == [] and not Removal.objects.exists()
    assert OutgoingMessage.objects.filter(kind="sweep_stopped").exists()
    assert swept(believes_losses=True).outcome == Sweep.Outcome.COMPLETE
    assert found_of(WHO) == [DriftKind.PERSON_MISSING]


def test_nearly_all_at_once_is_not_believed_however_few_they_are(directory, kiv, settings):
    settings.OPERATORS = (cast.AUDITOR.text,)
    people = [cast.COORDINATOR, cast.DOCTOR, cast.COORDINATOR_UNCOUPLED, cast.DOCTOR_UNCOUPLED, cast.SETTLED]
    orders = [acts.order(person_id=one) for one in people]
    for one in people:
        directory.store.delete(drifting.person_dn(one))
    assert swept().outcome == Sweep.Outcome.STOPPED
    for request in orders:
        request.refresh_from_db()
        assert request.is_open
    assert OutgoingMessage.objects.filter(kind="sweep_stopped").exists()
    assert swept(believes_losses=True).outcome == Sweep.Outcome.COMPLETE
    for request in orders:
        request.refresh_from_db()
        assert not request.is_open


def compare_once() -> None:
    assert sweeps_directory.sweep() is not None


@pytest.mark.parametrize("leave", [delete_the_person, move_to_another_unit])
def test_what_is_not_seen_ends_by_a_comparison_an_hour_later(directory, kiv, leave):
    """A tree that is hidden is hidden from both looks of one comparison."""
    grant = life.granted(kiv)
    request = acts.order(person_id=WHO, service=Service.INTYGSSTATISTIK)
    swept()
    store, kept = directory.store, directory.store.copy()
    leave(directory, kiv)
    for _comparison in range(2):
        compare_once()
        assert not Removal.objects.exists()
    request.refresh_from_db()
    assert request.is_open and Grant.objects.active().filter(pk=grant.pk).exists()
    assert not told_of(WHO)
    for name in ("_entries", "_children", "_equal", "_sorted"):
        setattr(store, name, getattr(kept, name))
    compare_once()
    assert not AbsenceDoubt.objects.exists()
    leave(directory, kiv)
    compare_once()
    assert not Removal.objects.exists()
    AbsenceDoubt.objects.update(since=timezone.now() - sweeps_directory.SECOND_LOOK)
    compare_once()
    assert Removal.objects.get().grant == grant
    request.refresh_from_db()
    assert request.is_open is (leave is move_to_another_unit)


def told_of(person_id) -> bool:
    return Finding.objects.filter(subject_key=person_id.folded).exclude(told_at=None).exists()


def test_many_findings_not_seen_any_more_are_over_an_hour_later(directory, kiv):
    people = [cast.COORDINATOR, cast.DOCTOR, cast.WRONG_CASE, cast.BLANKS, cast.MALFORMED]
    for one in people:
        kiv.add_value(drifting.person_dn(one), Attribute.SYSTEM_ROLE, life.ROLE)
    swept()
    strange = Finding.objects.not_over().filter(value=life.ROLE)
    keys = [row.pk for row in strange if row.subject_id in people]
    assert len(keys) == len(people)
    for one in people:
        kiv.remove_value(drifting.person_dn(one), Attribute.SYSTEM_ROLE, life.ROLE)
    for _comparison in range(2):
        compare_once()
        assert Finding.objects.not_over().filter(pk__in=keys).count() == len(people)
    AbsenceDoubt.objects.update(since=timezone.now() - sweeps_directory.SECOND_LOOK)
    compare_once()
    assert not Finding.objects.not_over().filter(pk__in=keys).exists()


def test_very_many_findings_that_vanish_are_not_believed(directory, kiv, settings, monkeypatch):
    settings.OPERATORS = (cast.AUDITOR.text,)
    swept()
    rows = list(Finding.objects.not_over())
    monkeypatch.setattr(sweeps_directory, "FEW", 3)
    for row in rows:
        replace(kiv, drifting.person_dn(row.subject_id), "hsaSystemRole", [])
    swept()
    assert Finding.objects.not_over().count() == len(rows) > 3
    assert OutgoingMessage.objects.filter(kind="sweep_stopped").exists()
    swept(believes_losses=True)
    assert not Finding.objects.not_over().filter(pk__in=[row.pk for row in rows]).exists()


def test_all_of_the_few_who_were_changed_are_believed(directory, kiv, monkeypatch):
    """Five of many: what an incremental look meets is no measure of all."""
    monkeypatch.setattr(sweeps_directory, "_how_many", lambda: 50)
    people = [cast.COORDINATOR, cast.DOCTOR, cast.COORDINATOR_UNCOUPLED, cast.DOCTOR_UNCOUPLED, cast.SETTLED]
    for one in people:
        acts.order(person_id=one)
        directory.store.delete(drifting.person_dn(one))
    assert swept().outcome == Sweep.Outcome.COMPLETE


def test_what_an_answer_has_lost_on_the_way_is_looked_at_twice(directory, kiv, monkeypatch):
    """A batch in which a role is missing, though it stands: the second look decides."""
    life.granted(kiv)
    swept()
    real = open_directory().read_many

    def forgetful(wanted):
        for reading in real(wanted):
            if reading.person_id == WHO:
                yield dataclasses.replace(
                    reading,
                    person=dataclasses.replace(reading.person, system_roles=()),
                    commissions=(),
                )
            else:
                yield reading

    shared = open_directory()
    monkeypatch.setattr(shared, "read_many", forgetful)
    swept(directory=shared)
    assert found_of(WHO) == []


# -- leavers and movers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("leaves", [end_the_employment, archive_the_person, delete_the_person])
def test_a_leavers_rights_are_removed_and_orders_are_closed(directory, kiv, leaves):
    grant = life.granted(kiv)
    request = acts.order(person_id=WHO, service=Service.INTYGSSTATISTIK, units=[cast.BJORKHAGA])
    leaves(directory, kiv)
    swept()
    (kind,) = found_of(WHO)
    request.refresh_from_db()
    assert request.current_state is RequestState.CANNOT_BE_DONE
    assert request.end_code == kind.value and request.end_reason
    assert AuditEntry.objects.filter(request=request, action="request.person_left").exists()
    assert not request.process.task_set.filter(status__in=["NEW", "SCHEDULED", "ASSIGNED"]).exists()
    grant.refresh_from_db()
    assert grant.current_state is GrantState.ENDING
    assert grant.end_cause == EndCause.LEAVER.value
    assert grant.removals.open().count() == 1


@pytest.mark.parametrize("state", ["attestation", "kiv"])
def test_a_leavers_order_is_closed_wherever_it_is(directory, kiv, state):
    if state == "attestation":
        request = acts.order(by=WHO, person_id=WHO)
        assert request.current_state is RequestState.AWAITING_ATTESTATION
    else:
        request = acts.order(person_id=WHO)
        acts.work()
        request.refresh_from_db()
        assert request.current_state is RequestState.AWAITING_KIV
    end_the_employment(directory, kiv)
    swept()
    request.refresh_from_db()
    assert request.current_state is RequestState.CANNOT_BE_DONE
    assert not request.handlers.exists()
    assert request.process.status == "DONE"


def test_a_movers_right_on_the_old_unit_goes_to_removal(directory, kiv):
    grant = life.granted(kiv)
    move_to_another_unit(directory, kiv)
    swept()
    grant.refresh_from_db()
    assert grant.current_state is GrantState.ENDING and grant.end_cause == EndCause.LEAVER.value


def test_a_new_employment_brings_nothing_back(directory, kiv):
    grant = life.granted(kiv)
    request = acts.order(person_id=WHO, service=Service.INTYGSSTATISTIK, units=[cast.BJORKHAGA])
    end_the_employment(directory, kiv)
    swept()
    replace(kiv, drifting.person_dn(WHO), "hsaEndDate", [])
    swept()
    grant.refresh_from_db()
    request.refresh_from_db()
    assert grant.current_state is GrantState.ENDING and grant.removals.open().exists()
    assert request.current_state is RequestState.CANNOT_BE_DONE
    assert not Grant.objects.active().exists()


def test_the_head_keeps_the_access_of_who_only_seemed_to_move(directory, kiv):
    grant = life.granted(kiv)
    move_to_another_unit(directory, kiv)
    swept()
    removal = life.with_kiv(grant.removals.get())
    for somebody in (cast.COORDINATOR, cast.KIV_ADMINISTRATOR, cast.HEAD_ABOVE):
        with pytest.raises(NotAllowed):
            life.withdraw(removal, somebody)
    with pytest.raises(Invalid):
        life.withdraw(removal, cast.HEAD, reason=" ")
    grant.refresh_from_db()
    assert grant.current_state is GrantState.ENDING

    life.withdraw(removal, cast.HEAD, reason="Arbetar på båda enheterna.")

    removal.refresh_from_db()
    assert removal.current_state is RemovalState.WITHDRAWN
    grant.refresh_from_db()
    assert grant.current_state is GrantState.ACTIVE
    swept()
    finding = drifting.finding(WHO, DriftKind.COMMISSION_MOVED)
    assert finding.state == Finding.State.OPEN, "it stays with people"
    assert grant.removals.count() == 1, "and is not begun once more"


@pytest.mark.parametrize("leaves", [end_the_employment, move_to_another_unit])
def test_the_head_of_today_is_told_at_once(directory, kiv, leaves):
    """Also where somebody else was head when it was ordered."""
    grant = life.granted(kiv)
    unit_dn = drifting.unit_dn(cast.BJORKHAGA)
    replace(kiv, unit_dn, "hsaHealthCareUnitManager", [cast.HEAD_ABOVE.text])
    leaves(directory, kiv)
    swept()
    removal = grant.removals.get()
    told = OutgoingMessage.objects.filter(kind="removal_started", removal=removal)
    keys = set(told.values_list("recipient_key", flat=True))
    assert keys == {one.folded for one in (WHO, cast.HEAD, cast.HEAD_ABOVE)}
    assert removal in access.visible_removals(acts.user(cast.HEAD_ABOVE))


def test_a_removal_that_is_done_ends_the_leavers_finding(directory, kiv):
    grant = life.granted(kiv)
    end_the_employment(directory, kiv)
    swept()
    removal = life.with_kiv(grant.removals.get())
    assert found_of(WHO) == [DriftKind.PERSON_ENDED]
    life.take_away(kiv, removal)
    life.work()
    life.work()
    grant.refresh_from_db()
    assert grant.current_state is GrantState.ENDED
    swept()
    assert found_of(WHO) == []


# -- how it is run -----------------------------------------------------------------------------------------


def test_only_one_sweep_runs_at_a_time(directory):
    Sweep.objects.create(is_full=True)
    assert sweeps_directory.sweep(directory=open_directory()) is None


def test_a_dry_sweep_says_what_it_would_find_and_writes_nothing(directory, kiv):
    life.granted(kiv)
    lose_the_role(directory, kiv)
    count = AuditEntry.objects.count()
    result = sweeps_directory.sweep(is_full=True, is_dry=True, directory=open_directory())
    assert result is not None
    assert (WHO, DriftKind.ROLE_MISSING) in [(person_id, each.kind) for person_id, each in result.would]
    assert AuditEntry.objects.count() == count
    assert not Finding.objects.exists() and not Sweep.objects.exists() and not KnownPerson.objects.exists()


def test_each_owner_gets_one_message_for_all_that_is_new(directory, kiv):
    swept()
    told = OutgoingMessage.objects.filter(kind="findings")
    keys = list(told.values_list("recipient_key", flat=True))
    assert cast.HEAD.folded in keys and cast.KIV_ADMINISTRATOR.folded in keys
    assert len(keys) == len(set(keys))
    swept()
    assert OutgoingMessage.objects.filter(kind="findings").count() == len(keys)


def test_two_entries_with_one_id_keep_nobody_else_from_being_told(directory, kiv, settings):
    settings.OPERATORS = (cast.OUTSIDER.text,)
    swept()
    elsewhere = Finding.objects.filter(unit_key=cast.EKLIDEN.folded, owner="head_of_unit")
    assert elsewhere.exists()
    Finding.objects.update(told_at=None)
    OutgoingMessage.objects.all().delete()
    drifting.replace(kiv, drifting.unit_dn(cast.ALMBY), "hsaIdentity", [cast.EKLIDEN.text])

    tell.tell(open_round())

    keys = set(OutgoingMessage.objects.filter(kind="findings").values_list("recipient_key", flat=True))
    assert {cast.HEAD.folded, cast.OUTSIDER.folded} <= keys  # whose unit it is cannot be said: the operators'
    assert not Finding.objects.to_settle().filter(told_at=None).exists()


def test_a_sweep_that_is_broken_off_has_failed(directory, kiv, monkeypatch):
    """By a time limit of the worker, say: what it had not come to is still to be looked at."""
    life.granted(kiv)

    def break_off(*arguments, **how):
        raise SoftTimeLimitExceeded

    with monkeypatch.context() as patched, pytest.raises(SoftTimeLimitExceeded):
        patched.setattr(record, "record", break_off)
        swept()
    row = Sweep.objects.get()
    assert (row.outcome, row.code) == (Sweep.Outcome.FAILED, "sweep.aborted")
    assert row.finished_at is not None
    assert not Finding.objects.exists()
    result = sweeps_directory.sweep()
    assert result is not None and result.sweep.is_full
    assert result.sweep.outcome == Sweep.Outcome.COMPLETE


def test_a_directory_error_is_no_crash(directory):
    directory.stop()
    with pytest.raises(DirectoryError):
        open_directory().role_holders()
    assert swept().outcome == Sweep.Outcome.FAILED


def test_what_is_sent_says_what_to_do_and_leads_to_the_list(directory, kiv, settings):
    swept()
    text = compose(OutgoingMessage.objects.filter(kind="findings")[0])
    assert text.subject and "/avvikelser/" in text.body
    assert WHO.text not in text.body
