"""A look into the directory: only absence ends a removal, silence never, and a new right keeps its value."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from provisioning import dates
from provisioning import directory as provisioning_directory
from provisioning.findings import settle
from provisioning.mandates import current
from provisioning.models import AuditEntry, Evidence, OutgoingMessage, Removal
from provisioning.rules.drift.differences import DriftKind
from provisioning.rules.hsa import Attribute
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import GrantState, RemovalState
from tests import acts, cast
from tests.findings import drifting
from tests.findings.drifting import swept
from tests.removals.test_carry_out import actions, state_of
from tests.rights import life
from workflows import steps

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_removal_closes_itself_without_a_click(directory, kiv):
    removal = life.with_kiv(life.run_out(life.granted(kiv)))
    life.take_away(kiv, removal)
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.DONE
    assert (removal.carried_out_how, removal.carried_out_by) == ("seen", None)
    assert removal.grant is not None and state_of(removal.grant) is GrantState.ENDED


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


def test_the_database_takes_no_removal_for_done_that_nobody_has_verified(directory, kiv):
    removal = life.removal_by_head(life.granted(kiv))
    with pytest.raises(IntegrityError), transaction.atomic():
        Removal.objects.filter(pk=removal.pk).update(state="done")


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
def test_an_order_for_a_later_day_does_not_stop_a_removal(directory, kiv, ends):
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


def test_a_right_ordered_again_after_its_end_keeps_the_value(directory, kiv):
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


def test_no_administrator_removes_what_a_new_right_needs(directory, kiv):
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


def test_a_value_that_becomes_a_right_is_looked_at_at_once(directory, kiv):
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
def test_couplings_that_are_hidden_are_not_taken_for_gone(directory, kiv, hidden):
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
