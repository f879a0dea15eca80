"""The task in KIV to remove something: who has it, what they answer, and what becomes of the answer."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from viewflow.workflow.models import Task

from provisioning import directory as provisioning_directory
from provisioning.errors import Invalid, NotAllowed
from provisioning.mandates import current
from provisioning.models import AuditEntry, Grant, OutgoingMessage, Removal
from provisioning.removals import carry_out
from provisioning.rules.hsa import Attribute, HsaId
from provisioning.rules.states.right import GrantState, RemovalState
from tests import acts, cast
from tests.reviews import sitting
from tests.rights import life
from workflows import steps

pytestmark = pytest.mark.django_db(transaction=True)


def state_of(grant: Grant) -> GrantState:
    grant.refresh_from_db()
    return grant.current_state


def actions(removal: Removal) -> list[str]:
    return list(AuditEntry.objects.filter(about=removal.public_id).values_list("action", flat=True))


def test_a_removal_by_the_head_is_done_when_the_value_is_gone(directory, kiv):
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


def test_the_person_concerned_never_carries_the_removal_out(directory, kiv):
    removal = life.with_kiv(life.removal_by_head(life.granted(kiv)))
    whose = {"subject_key": cast.KIV_ADMINISTRATOR.folded, "subject_hsa_id": cast.KIV_ADMINISTRATOR.text}
    Removal.objects.filter(pk=removal.pk).update(**whose)
    removal.refresh_from_db()
    with pytest.raises(NotAllowed):
        life.report_done(removal)
    with pytest.raises(IntegrityError), transaction.atomic():
        Removal.objects.filter(pk=removal.pk).update(carried_out_by=cast.KIV_ADMINISTRATOR.folded)


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
def test_todays_administrators_do_the_removal_of_a_moved_unit(directory, kiv, right):
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
