"""A right is taken away: by its cause, through the KIV administrator, until the directory shows it gone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from viewflow.workflow.models import Task

from provisioning import dates
from provisioning import directory as provisioning_directory
from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.findings import settle
from provisioning.mandates import current
from provisioning.models import AuditEntry, Evidence, Grant, OutgoingMessage, Removal
from provisioning.removals import begin as removals_begin
from provisioning.removals import carry_out
from provisioning.removals.begin import Loose
from provisioning.rules.drift.kinds import DriftKind
from provisioning.rules.hsa import Attribute, HsaId
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import EndCause, GrantState, RemovalState
from tests import cast
from tests.findings import drifting
from tests.findings.drifting import swept
from tests.grants import life
from tests.reviews import sitting
from tests.workflows import acts
from workflows import steps
from workflows.sweeps import kiv_tasks

pytestmark = pytest.mark.django_db(transaction=True)


def state_of(grant: Grant) -> GrantState:
    grant.refresh_from_db()
    return grant.current_state


def actions(removal: Removal) -> list[str]:
    return list(AuditEntry.objects.filter(about=removal.public_id).values_list("action", flat=True))


def test_a_removal_by_the_head_goes_to_kiv_and_is_done_when_the_directory_shows_it_gone(directory, kiv):
    grant = life.granted(kiv)
    removal = life.with_kiv(life.removal_by_head(grant))
    assert state_of(grant) is GrantState.ENDING
    (change,) = removal.changes
    assert (change["attribute"], change["remove"]) == (Attribute.SYSTEM_ROLE.value, life.ROLE)
    assert life.ROLE in life.values(change["dn"])
    assert {handler.person_key for handler in removal.handlers.all()} == {
        cast.KIV_ADMINISTRATOR.folded,
        cast.KIV_ADMINISTRATOR_ABOVE.folded,
    }

    life.take_away(kiv, removal)
    life.report_done(removal)
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.VERIFYING
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.DONE
    assert removal.carried_out_by_id == cast.KIV_ADMINISTRATOR.folded
    assert state_of(grant) is GrantState.ENDED
    assert grant.end_cause == "head_of_unit"
    assert not Task.objects.filter(process=removal.process, status__in=["NEW", "SCHEDULED"]).exists()
    moments = list(removal.evidence.values_list("moment", flat=True))
    assert moments == ["before", "after", "verification"]
    assert life.ROLE in removal.evidence.get(moment="before").values[0]["values"]
    assert life.ROLE not in removal.evidence.get(moment="after").values[0]["values"]
    assert actions(removal) == [
        "removal.started",
        "removal.kiv_needed",
        "removal.reported_done",
        "removal.values_gone",
        "removal.done",
    ]


def test_a_removal_closes_itself_without_a_click(directory, kiv):
    removal = life.with_kiv(life.run_out(life.granted(kiv)))
    life.take_away(kiv, removal)
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.DONE
    assert (removal.carried_out_how, removal.carried_out_by) == ("seen", None)
    assert removal.grant is not None and state_of(removal.grant) is GrantState.ENDED


def test_done_with_the_value_still_there_brings_the_task_back(directory, kiv):
    removal = life.with_kiv(life.removal_by_head(life.granted(kiv)))
    life.report_done(removal)
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.AWAITING_KIV
    assert life.ROLE in removal.seen_instead["values"][0]["values"]
    assert removal.evidence.filter(moment="instead").count() == 1
    returned = OutgoingMessage.objects.get(kind="removal_kiv_returned")
    assert (returned.recipient_key, returned.removal) == (cast.KIV_ADMINISTRATOR.folded, removal)
    assert state_of(removal.grant) is GrantState.ENDING


@pytest.mark.parametrize("fault", ["busy", "dropped", "unreadable"])
@pytest.mark.parametrize("moment", ["look", "kiv", "verify"])
def test_a_directory_that_does_not_answer_closes_nothing(directory, kiv, moment, fault):
    removal = life.removal_by_head(life.granted(kiv))
    if moment != "look":
        life.with_kiv(removal)
        life.take_away(kiv, removal)
    if moment == "verify":
        life.report_done(removal)
    match fault:
        case "busy":
            directory.faults.is_busy = True
        case "dropped":
            directory.faults.drop_connections = -1
        case _:
            directory.faults.unreadable = {"hsaSystemRole"}
    life.work()
    removal.refresh_from_db()
    waits_in = {
        "look": RemovalState.LOOKING,
        "kiv": RemovalState.AWAITING_KIV,
        "verify": RemovalState.VERIFYING,
    }
    assert removal.current_state is waits_in[moment]
    assert removal.trouble_code.startswith("directory.")
    assert state_of(removal.grant) is GrantState.ENDING
    directory.faults.clear()
    acts.make_everything_due()
    life.work()
    removal.refresh_from_db()
    after = RemovalState.AWAITING_KIV if moment == "look" else RemovalState.DONE
    assert (removal.current_state, removal.trouble_code) == (after, "")


def test_silence_that_lasts_is_told_once_and_so_is_its_end(directory, kiv, settings):
    settings.OPERATORS = (cast.AUDITOR.text,)
    removal = life.removal_by_head(life.granted(kiv))
    directory.faults.is_busy = True
    life.work()
    Removal.objects.update(trouble_since=timezone.now() - timedelta(hours=1))
    for _round in range(2):
        acts.make_everything_due()
        life.work()
    told = OutgoingMessage.objects.filter(kind="directory_silent", removal=removal)
    assert {message.recipient_key for message in told} == {cast.HEAD.folded, cast.AUDITOR.folded}
    directory.faults.clear()
    acts.make_everything_due()
    life.work()
    assert actions(removal)[-2:] == ["removal.directory_back", "removal.kiv_needed"]


def test_a_value_that_is_gone_already_needs_no_task(directory, kiv):
    grant = life.granted(kiv)
    kiv.remove_value(grant.person_dn, Attribute.SYSTEM_ROLE, life.ROLE)
    removal = life.removal_by_head(grant)
    life.work()
    removal.refresh_from_db()
    assert (removal.current_state, removal.end_code) == (RemovalState.DONE, "removal.already_gone")
    assert state_of(grant) is GrantState.ENDED
    assert not OutgoingMessage.objects.filter(kind="removal_kiv").exists()


def test_a_value_that_comes_back_before_the_proof_brings_the_task_back(directory, kiv):
    removal = life.with_kiv(life.removal_by_head(life.granted(kiv)))
    life.take_away(kiv, removal)
    life.report_done(removal)
    life.put_back(kiv, removal)
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.AWAITING_KIV
    assert state_of(removal.grant) is GrantState.ENDING
    assert "removal.done" not in actions(removal)


def test_a_doctors_own_cases_end_without_anything_to_remove(directory, kiv):
    from provisioning.rules.hsa import Level

    grant = life.granted(kiv, person_id=cast.DOCTOR, level=Level.OWN)
    removal = life.removal_by_head(grant)
    life.work()
    removal.refresh_from_db()
    assert (removal.current_state, removal.end_code) == (
        RemovalState.NOT_NEEDED,
        "removal.commission_stays",
    )
    assert removal.changes == []
    assert state_of(grant) is GrantState.ENDED


def test_a_statistics_right_is_taken_away_with_its_coupling_as_it_stands(directory, kiv):
    grant = life.statistics(kiv)
    removal = life.with_kiv(life.removal_by_head(grant))
    (change,) = removal.changes
    assert change["attribute"] == Attribute.COMMISSION_MEMBER.value
    assert change["remove"] in kiv.values(change["dn"], Attribute.COMMISSION_MEMBER)
    life.take_away(kiv, removal)
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.DONE


def test_the_person_gives_a_right_back_and_nobody_elses(directory, kiv):
    grant = life.granted(kiv)
    with pytest.raises(NotAllowed):
        life.removal_by_person(grant, by=cast.OUTSIDER)
    removal = life.removal_by_person(grant)
    assert (removal.cause, removal.started_by_id) == ("person", cast.COORDINATOR.folded)
    told = OutgoingMessage.objects.filter(kind="removal_started")
    assert [message.recipient_key for message in told] == [cast.HEAD.folded]


@pytest.mark.parametrize("by", [cast.OUTSIDER, cast.KIV_ADMINISTRATOR, cast.DELEGATE])
def test_nobody_but_the_head_of_the_unit_ends_anothers_right(directory, kiv, by):
    grant = life.granted(kiv)
    with pytest.raises(NotAllowed):
        life.removal_by_head(grant, by=by)
    assert state_of(grant) is GrantState.ACTIVE
    assert not Removal.objects.exists()


def test_a_removal_without_a_reason_is_refused(directory, kiv):
    grant = life.granted(kiv)
    with pytest.raises(Invalid) as refusal:
        life.removal_by_head(grant, reason="  ")
    assert refusal.value.field == "reason"
    assert state_of(grant) is GrantState.ACTIVE


def test_a_second_removal_of_the_same_right_is_refused(directory, kiv):
    grant = life.granted(kiv)
    life.removal_by_head(grant)
    with pytest.raises(WrongState):
        life.removal_by_person(grant)
    assert Removal.objects.count() == 1


def test_the_person_concerned_never_carries_the_removal_out(directory, kiv):
    removal = life.with_kiv(life.removal_by_head(life.granted(kiv)))
    whose = {"subject_key": cast.KIV_ADMINISTRATOR.folded, "subject_hsa_id": cast.KIV_ADMINISTRATOR.text}
    Removal.objects.filter(pk=removal.pk).update(**whose)
    removal.refresh_from_db()
    with pytest.raises(NotAllowed):
        life.report_done(removal)
    with pytest.raises(IntegrityError), transaction.atomic():
        Removal.objects.filter(pk=removal.pk).update(carried_out_by=cast.KIV_ADMINISTRATOR.folded)


def test_the_database_takes_no_removal_for_done_that_nobody_has_verified(directory, kiv):
    removal = life.removal_by_head(life.granted(kiv))
    with pytest.raises(IntegrityError), transaction.atomic():
        Removal.objects.filter(pk=removal.pk).update(state="done")


def test_an_administrator_whose_mandate_has_ended_cannot_answer(directory, kiv):
    removal = life.with_kiv(life.removal_by_head(life.granted(kiv)))
    administrator = acts.user(cast.KIV_ADMINISTRATOR)
    with pytest.raises(NotAllowed):
        steps.act(
            removal,
            RemovalState.AWAITING_KIV,
            lambda row: carry_out.report_done(
                row, by=administrator, mandates=current.UNKNOWN, seen=None, already=False, note=""
            ),
            by=administrator,
        )


@pytest.mark.parametrize("right", [life.granted, sitting.process_leader])
def test_a_unit_that_was_moved_since_has_its_removal_done_by_its_administrators_of_today(
    directory, kiv, right
):
    grant = right(kiv)
    dn = grant.unit_dn
    Grant.objects.filter(pk=grant.pk).update(unit_dn="ou=Förr,ou=Nedlagt område,o=Demoregionen")
    removal = life.with_kiv(life.run_out(grant))
    assert removal.unit_dn == dn
    administrators = {
        person.hsa_id for person in provisioning_directory.open_directory().administrators_of(dn)
    }
    assert {HsaId(row.person_hsa_id) for row in removal.handlers.all()} == administrators
    life.take_away(kiv, removal)
    life.report_done(removal, by=cast.KIV_ADMINISTRATOR_ABOVE)
    life.work()
    assert state_of(grant) is GrantState.ENDED


def test_one_administrator_passes_it_on_and_the_other_keeps_it(directory, kiv):
    removal = life.with_kiv(life.removal_by_head(life.granted(kiv)))
    life.cannot(removal, carry_out.CannotRemove.NOT_MINE)
    left = removal.handlers.get()
    assert left.person_key == cast.KIV_ADMINISTRATOR_ABOVE.folded
    from workflows import tasks

    tasks.sweep_handlers()
    assert removal.handlers.get().person_key == cast.KIV_ADMINISTRATOR_ABOVE.folded
    with pytest.raises(Invalid):
        life.cannot(removal, carry_out.CannotRemove.NOT_MINE, by=cast.KIV_ADMINISTRATOR_ABOVE)


def test_what_cannot_be_removed_is_told_and_tried_again_after_some_days(directory, kiv, settings):
    settings.OPERATORS = (cast.AUDITOR.text,)
    grant = life.granted(kiv)
    removal = life.with_kiv(life.run_out(grant))
    life.cannot(removal)
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.CANNOT_BE_DONE
    assert state_of(grant) is GrantState.ENDING
    told = OutgoingMessage.objects.filter(kind="removal_stuck")
    assert {message.recipient_key for message in told} == {cast.HEAD.folded, cast.AUDITOR.folded}
    from workflows.sweeps import expiry

    assert expiry.end_due() == 0
    Removal.objects.update(state_since=timezone.now() - timedelta(days=14))
    assert expiry.end_due() == 1
    assert grant.removals.count() == 2


def test_whoever_started_it_takes_it_back_while_nothing_is_removed(directory, kiv):
    grant = life.granted(kiv)
    removal = life.with_kiv(life.removal_by_head(grant))
    with pytest.raises(NotAllowed):
        life.withdraw(removal, cast.COORDINATOR)
    life.withdraw(removal, cast.HEAD)
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.WITHDRAWN
    assert state_of(grant) is GrantState.ACTIVE
    assert not Task.objects.filter(process=removal.process, status__in=["NEW", "SCHEDULED"]).exists()
    assert not removal.handlers.exists()


@pytest.mark.parametrize("moment", ["removed", "silent"])
def test_it_is_not_taken_back_when_something_may_have_been_removed(directory, kiv, moment):
    grant = life.granted(kiv)
    removal = life.with_kiv(life.removal_by_head(grant))
    if moment == "removed":
        life.take_away(kiv, removal)
        seen = kiv_tasks.look_at_removal(removal)
    else:
        seen = None
    with pytest.raises(WrongState):
        steps.withdraw_removal(
            removal, by=acts.user(cast.HEAD), mandates=current.read(cast.HEAD), seen=seen, reason=""
        )
    assert state_of(grant) is GrantState.ENDING


def test_a_removal_by_expiry_is_not_taken_back(directory, kiv):
    removal = life.with_kiv(life.run_out(life.granted(kiv)))
    with pytest.raises(NotAllowed):
        life.withdraw(removal, cast.HEAD)


def test_a_right_given_anew_stops_its_removal(directory, kiv):
    """Ordered again while the removal is under way: nobody removes what the new right needs."""
    grant = life.granted(kiv)
    removal = life.with_kiv(life.run_out(grant))
    again = life.granted(kiv)
    assert again == grant
    assert state_of(grant) is GrantState.ACTIVE
    life.work()
    removal.refresh_from_db()
    assert (removal.current_state, removal.end_code) == (RemovalState.NOT_NEEDED, "removal.renewed")
    assert state_of(grant) is GrantState.ACTIVE
    assert life.ROLE in life.values(grant.person_dn)


@pytest.mark.parametrize("ends", [life.removal_by_head, life.run_out])
def test_an_order_for_a_later_day_does_not_stop_the_removal_of_what_ends_now(directory, kiv, ends):
    """Not before its first day: between the two the person is to have no access."""
    grant = life.granted(kiv)
    removal = life.with_kiv(ends(grant))
    first_day = dates.today() + timedelta(days=30)
    order = acts.order(starts_on=first_day, days=100)
    life.work()
    order.refresh_from_db()
    removal.refresh_from_db()
    assert (order.current_state, removal.current_state) == (RequestState.CHECKING, RemovalState.AWAITING_KIV)
    life.take_away(kiv, removal)
    life.work()
    assert state_of(grant) is GrantState.ENDED
    acts.make_everything_due()
    life.work()
    order.refresh_from_db()
    assert order.current_state is RequestState.AWAITING_KIV, "its first day has come"


def test_a_right_ended_by_decision_and_ordered_again_is_a_new_right_and_keeps_the_value(directory, kiv):
    grant = life.granted(kiv)
    removal = life.with_kiv(life.removal_by_head(grant))
    again = life.granted(kiv, days=100)
    assert again != grant
    assert (state_of(grant), state_of(again)) == (GrantState.ENDED, GrantState.ACTIVE)
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.NOT_NEEDED
    assert removal.end_code == "removal.needed_by_another"
    assert [kept["remove"] for kept in removal.kept] == [life.ROLE]
    assert life.ROLE in life.values(again.person_dn)


def test_an_administrator_is_not_sent_back_to_remove_what_a_new_right_needs(directory, kiv):
    """Reported as done, not gone, and needed again: the task ends instead of coming back."""
    removal = life.with_kiv(life.removal_by_head(life.granted(kiv)))
    again = life.granted(kiv)
    row = life.report_done(removal)
    assert row.current_state is RemovalState.VERIFYING
    assert not row.handlers.exists() and row.seen_instead == {}
    assert row.carried_out_by_id == cast.KIV_ADMINISTRATOR.folded
    assert not AuditEntry.objects.filter(about=row.public_id, action="removal.still_there").exists()
    life.work()
    removal.refresh_from_db()
    assert (removal.current_state, removal.end_code) == (
        RemovalState.NOT_NEEDED,
        "removal.needed_by_another",
    )
    assert life.ROLE in life.values(again.person_dn)


def test_a_value_that_was_nobodys_right_is_looked_at_at_once_when_it_has_become_one(directory, kiv):
    swept()
    finding = drifting.finding(cast.SETTLED, DriftKind.ROLE_OUTSIDE)
    removal = life.with_kiv(
        steps.begin_removal(
            settle.begin_removal, finding, by=acts.user(cast.HEAD), mandates=current.read(cast.HEAD),
            reason="Okänd roll.", person=provisioning_directory.open_directory().person(cast.SETTLED),
            unit=provisioning_directory.open_directory().unit(cast.BJORKHAGA),
        )
    )  # fmt: skip
    Removal.objects.update(next_poll_at=timezone.now() + timedelta(minutes=5))
    request = acts.order(person_id=cast.SETTLED)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE
    removal.refresh_from_db()
    assert removal.next_poll_at is not None and removal.next_poll_at <= timezone.now()


@pytest.mark.parametrize("hidden", ["hsaCommissionMember", "hsaCommissionPurpose"])
def test_couplings_that_have_just_been_hidden_from_us_are_not_taken_for_gone(directory, kiv, hidden):
    grant = life.statistics(kiv)
    removal = life.removal_by_head(grant)  # a moment ago everything could be read
    directory.faults.unreadable = {hidden}
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.LOOKING
    assert state_of(grant) is GrantState.ENDING
    directory.faults.clear()
    acts.make_everything_due()
    life.with_kiv(removal)


def test_reminders_go_to_the_administrators_after_working_days(directory, kiv):
    from workflows import tasks

    removal = life.with_kiv(life.removal_by_head(life.granted(kiv)))
    tasks.sweep_reminders()
    assert not OutgoingMessage.objects.filter(kind="removal_reminder").exists()
    Removal.objects.update(state_since=timezone.now() - timedelta(days=10))
    tasks.sweep_reminders()
    tasks.sweep_reminders()
    told = OutgoingMessage.objects.filter(kind="removal_reminder", removal=removal)
    assert told.count() == 2  # one to each, once


def test_values_outside_the_tool_are_removed_by_the_same_flow_and_only_while_they_stand(directory, kiv):
    from provisioning.rules import removal as rules
    from provisioning.rules.hsa import Level, Service

    person = provisioning_directory.open_directory().person(cast.DEAD_RIGHT)
    (role,) = person.system_roles
    held = rules.StoredValue(person.dn, Attribute.SYSTEM_ROLE, role)
    unit = provisioning_directory.open_directory().unit(cast.BJORKHAGA)
    loose = Loose(person, Service.REHABSTOD, Level.UNIT, unit, cast.BJORKHAGA, (held,))
    head = acts.user(cast.HEAD)

    def begin() -> Removal:
        return steps.begin_removal(
            removals_begin.begin_for_values, loose, EndCause.FINDING,
            by=head, reason="Okänd roll.", administered_dn=unit.dn,
        )  # fmt: skip

    removal = life.with_kiv(begin())
    assert removal.grant is None
    assert [change["remove"] for change in removal.changes] == [role]
    with pytest.raises(WrongState):
        begin()
    life.take_away(kiv, removal)
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.DONE


def test_a_loose_value_that_a_right_needs_is_kept(directory, kiv):
    from provisioning.rules import removal as rules

    grant = life.granted(kiv)
    person = provisioning_directory.open_directory().person(cast.COORDINATOR)
    held = rules.StoredValue(person.dn, Attribute.SYSTEM_ROLE, life.ROLE)
    loose = Loose(person, grant.right.service, grant.right.level, None, cast.BJORKHAGA, (held,))
    removal = steps.begin_removal(
        removals_begin.begin_for_values, loose, EndCause.FINDING,
        by=None, reason="", administered_dn=grant.unit_dn,
    )  # fmt: skip
    life.work()
    removal.refresh_from_db()
    assert (removal.current_state, removal.end_code) == (
        RemovalState.NOT_NEEDED,
        "removal.needed_by_another",
    )
    assert state_of(grant) is GrantState.ACTIVE


def test_evidence_of_a_coupling_names_no_other_members(directory, kiv):
    removal = life.with_kiv(life.removal_by_head(life.statistics(kiv)))
    life.take_away(kiv, removal)
    life.work()
    for piece in Evidence.objects.filter(removal=removal):
        for place in piece.values:
            if place["attribute"] == Attribute.COMMISSION_MEMBER.value:
                assert all(value.split(";")[0] == removal.subject_hsa_id for value in place["values"] or [])


def test_the_record_of_a_removal_holds_in_the_chain(directory, kiv):
    from provisioning.audit import verify as verification

    life.removal_by_head(life.granted(kiv))
    assert verification.verify().is_sound
    entry = AuditEntry.objects.get(action="removal.started")
    grants_entry = AuditEntry.objects.get(action="grant.created")
    from provisioning.audit import keys, sealing

    row = sealing.row_of(entry)
    assert sealing.is_sound(row, keys.current())
    assert not sealing.is_sound(row._replace(about=grants_entry.about), keys.current())


def test_a_unit_whose_id_is_spelled_anew_keeps_its_role_in_sight(directory, kiv):
    """Rehabstöd compares the id byte for byte, with the entry as it is today: what opens there must go."""
    grant = life.granted(kiv)
    written = cast.BJORKHAGA.text.lower()
    drifting.replace(kiv, drifting.unit_dn(cast.BJORKHAGA), "hsaIdentity", [written])
    drifting.replace(kiv, grant.person_dn, "hsaSystemRole", [f"INTYG;Rehab-{written}"])
    removal = life.with_kiv(life.removal_by_head(grant))
    assert [change["remove"] for change in removal.changes] == [f"INTYG;Rehab-{written}"]
    life.take_away(kiv, removal)
    life.report_done(removal)
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.DONE and not life.values(grant.person_dn)
