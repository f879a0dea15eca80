"""Two directories: what was removed in KIV has to be gone from the national HSA before a removal is done."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone
from viewflow.workflow.models import Task

from provisioning import directory as provisioning_directory
from provisioning.assessments import hsa_delay
from provisioning.audit.digests import digests
from provisioning.mandates import current
from provisioning.models import AuditEntry, Evidence, Grant, OutgoingMessage, Removal
from provisioning.pages.cases import proof_steps
from provisioning.removals import begin
from provisioning.removals.begin import Loose
from provisioning.rules.hsa import Attribute, Level, Service
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import EndCause, GrantState, RemovalState
from tests import acts, cast
from tests.rights import life
from workflows import steps

pytestmark = pytest.mark.django_db(transaction=True)


def again(removal: Removal) -> Removal:
    """Time passes: put-off work is due, and is done."""
    acts.make_everything_due()
    life.work()
    removal.refresh_from_db()
    return removal


def in_both(kiv, sync, **wishes) -> Grant:
    """A right that stands in KIV and in HSA."""
    request = acts.order(**wishes)
    acts.work()
    acts.couple_where_asked(request)
    acts.set_values(request, kiv, sync)
    for _round in range(2):
        acts.work()
        acts.make_everything_due()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE, (request.state, request.hsa_shows)
    return Grant.objects.get(requests=request)


def gone_from_kiv(kiv, sync, **wishes) -> Removal:
    """A removal whose values have just gone from KIV, and still stand in HSA."""
    removal = life.with_kiv(life.removal_by_head(in_both(kiv, sync, **wishes)))
    life.take_away(kiv, removal)
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.AWAITING_HSA, (removal.state, removal.end_code)
    return removal


def states_of(removal: Removal) -> list[bool]:
    """Of each level whether it is shown as reached."""
    found = proof_steps.levels_of_removal(removal)
    return [level.at is not None and level.tone == "success" for level in found]


def recipients(kind: str) -> list[str]:
    return sorted(OutgoingMessage.objects.filter(kind=kind).values_list("recipient_key", flat=True))


def actions(removal: Removal) -> list[str]:
    return list(AuditEntry.objects.filter(about=removal.public_id).values_list("action", flat=True))


def test_a_removal_is_done_only_when_hsa_has_lost_it_too(directory, hsa, kiv, sync):
    removal = gone_from_kiv(kiv, sync)
    assert states_of(removal) == [True, False]
    assert removal.verified_at is None
    assert not recipients("removal_done")

    again(removal)  # HSA is late
    assert removal.current_state is RemovalState.AWAITING_HSA
    assert removal.hsa_shows["values"] == [life.ROLE]
    assert removal.gone_from_hsa_at is None
    assert Grant.objects.get().current_state is GrantState.ENDING

    life.take_away(sync, removal)
    again(removal)
    assert removal.current_state is RemovalState.DONE
    assert states_of(removal) == [True, True]
    assert removal.values_gone_at < removal.gone_from_hsa_at == removal.verified_at
    assert removal.process.status == "DONE"
    assert Grant.objects.get().current_state is GrantState.ENDED
    assert recipients("removal_done") == sorted([cast.HEAD.folded, cast.COORDINATOR.folded])
    assert actions(removal)[-3:] == ["removal.values_gone", "removal.gone_from_kiv", "removal.done"]


def test_evidence_names_the_directory_and_is_bound_to_the_chain(directory, hsa, kiv, sync):
    removal = gone_from_kiv(kiv, sync)
    life.take_away(sync, removal)
    again(removal)
    assert list(removal.evidence.values_list("moment", "source")) == [
        ("before", directory.url),
        ("after", directory.url),
        ("verification", directory.url),
        ("verification", hsa.url),
    ]
    for piece in removal.evidence.exclude(moment="before"):
        assert all(life.ROLE not in place["values"] for place in piece.values)
    entry = AuditEntry.objects.get(about=removal.public_id, action="removal.done")
    assert entry.data["seen_in"] == "hsa"
    assert entry.data["evidence"] == digests(removal)


def test_a_value_that_had_gone_from_kiv_already_is_still_looked_for_in_hsa(directory, hsa, kiv, sync):
    grant = in_both(kiv, sync)
    life.kiv_removes_role(kiv, grant)
    removal = life.removal_by_head(grant)
    again(removal)
    assert removal.current_state is RemovalState.AWAITING_HSA
    assert removal.changes == []
    assert again(removal).current_state is RemovalState.AWAITING_HSA
    life.kiv_removes_role(sync, grant)
    assert again(removal).current_state is RemovalState.DONE
    assert removal.end_code == "removal.already_gone"
    assert not recipients("removal_kiv")


def test_a_coupling_has_to_leave_hsa_as_well(directory, hsa, kiv, sync):
    wishes = {"person_id": cast.COORDINATOR, "service": Service.INTYGSSTATISTIK, "level": Level.UNIT}
    removal = gone_from_kiv(kiv, sync, **wishes)
    (change,) = removal.changes
    assert change["attribute"] == Attribute.COMMISSION_MEMBER.value
    assert again(removal).current_state is RemovalState.AWAITING_HSA
    life.take_away(sync, removal)
    assert again(removal).current_state is RemovalState.DONE
    for piece in Evidence.objects.filter(removal=removal):
        for place in piece.values:
            if place["attribute"] == Attribute.COMMISSION_MEMBER.value:
                assert all(value.split(";")[0] == removal.subject_hsa_id for value in place["values"])


def test_a_loose_value_has_to_leave_hsa_as_well(directory, hsa, kiv, sync):
    from provisioning.rules.removal import StoredValue

    person = provisioning_directory.open_directory().person(cast.DEAD_RIGHT)
    (role,) = person.system_roles
    held = StoredValue(person.dn, Attribute.SYSTEM_ROLE, role)
    unit = provisioning_directory.open_directory().unit(cast.BJORKHAGA)
    loose = Loose(person, Service.REHABSTOD, Level.UNIT, unit, cast.BJORKHAGA, (held,))
    removal = steps.begin_removal(
        begin.begin_for_values, loose, EndCause.FINDING,
        by=acts.user(cast.HEAD), reason="Okänd roll.", administered_dn=unit.dn,
    )  # fmt: skip
    life.with_kiv(removal)
    life.take_away(kiv, removal)
    again(removal)
    assert removal.current_state is RemovalState.AWAITING_HSA
    life.take_away(sync, removal)
    assert again(removal).current_state is RemovalState.DONE


def test_what_rests_on_nothing_to_remove_waits_for_no_hsa(directory, hsa, kiv, sync):
    grant = in_both(kiv, sync, person_id=cast.DOCTOR, level=Level.OWN)
    removal = life.removal_by_head(grant)
    again(removal)
    assert (removal.current_state, removal.end_code) == (
        RemovalState.NOT_NEEDED,
        "removal.commission_stays",
    )


# -- the directories are silent ------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["busy", "dropped", "unreadable role", "cut short"])
def test_a_silent_hsa_decides_nothing_and_the_case_goes_on_by_itself(directory, hsa, kiv, sync, fault):
    removal = gone_from_kiv(kiv, sync)
    life.take_away(sync, removal)
    acts.silence(hsa, fault, size_limit=0)
    again(removal)
    assert removal.current_state is RemovalState.AWAITING_HSA
    assert removal.hsa_shows["code"].startswith("directory.")
    assert (removal.verified_at, removal.gone_from_hsa_at) == (None, None)
    assert Grant.objects.get().current_state is GrantState.ENDING
    assert not recipients("removal_done")
    hsa.faults.clear()
    assert again(removal).current_state is RemovalState.DONE


@pytest.mark.parametrize("fault", ["busy", "unreadable role"])
def test_a_silent_kiv_on_the_way_decides_nothing_either(directory, hsa, kiv, sync, fault):
    removal = gone_from_kiv(kiv, sync)
    life.take_away(sync, removal)
    if fault == "busy":
        directory.faults.is_busy = True
    else:
        directory.faults.unreadable = {"hsaSystemRole"}
    again(removal)
    assert removal.current_state is RemovalState.AWAITING_HSA
    assert removal.trouble_code.startswith("directory.")
    assert removal.gone_from_hsa_at is None
    directory.faults.clear()
    assert again(removal).current_state is RemovalState.DONE
    assert removal.trouble_code == ""


@pytest.mark.parametrize("is_silent", [False, True])
def test_when_it_takes_too_long_those_concerned_are_told_once(directory, hsa, kiv, sync, settings, is_silent):
    settings.OPERATORS = (cast.AUDITOR.text,)
    removal = gone_from_kiv(kiv, sync)
    hsa.faults.is_busy = is_silent
    again(removal)
    assert recipients("removal_hsa_late") == []
    settings.HSA_LATE_AFTER_MINUTES = 5
    Removal.objects.update(state_since=timezone.now() - timedelta(minutes=6))
    for _round in range(2):
        again(removal)
    assert removal.current_state is RemovalState.AWAITING_HSA
    assert recipients("removal_hsa_late") == sorted([cast.HEAD.folded, cast.AUDITOR.folded])
    assert actions(removal).count("removal.hsa_late") == 1
    hsa.faults.clear()
    life.take_away(sync, removal)
    assert again(removal).current_state is RemovalState.DONE


# -- it changes on the way -----------------------------------------------------------------------------------


def test_a_value_that_comes_back_in_kiv_goes_back_to_the_administrator(directory, hsa, kiv, sync):
    removal = gone_from_kiv(kiv, sync)
    life.put_back(kiv, removal)
    life.take_away(sync, removal)
    again(removal)
    assert removal.current_state is RemovalState.AWAITING_KIV
    assert removal.values_gone_at is None
    assert proof_steps.levels_of_removal(removal) == []
    assert removal.handlers.count() == 2
    assert cast.KIV_ADMINISTRATOR.folded in recipients("removal_kiv_returned")
    assert not recipients("removal_done")
    life.take_away(kiv, removal)
    again(removal)
    assert again(removal).current_state is RemovalState.DONE


@pytest.mark.parametrize("end", ["expiry", "decision"])
def test_a_right_ordered_anew_on_the_way_is_not_taken_away_again(directory, hsa, kiv, sync, end):
    """Whoever has just set the value for the order is not asked to remove it, and the right goes on."""
    grant = in_both(kiv, sync)
    removal = life.with_kiv(life.run_out(grant) if end == "expiry" else life.removal_by_head(grant))
    life.take_away(kiv, removal)
    again(removal)
    assert removal.current_state is RemovalState.AWAITING_HSA
    request = acts.order(days=100)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    hsa.faults.is_busy = True  # the order has to wait for HSA, too
    life.put_back(kiv, removal)
    for _round in range(3):
        again(removal)
    assert removal.current_state is RemovalState.AWAITING_HSA
    assert not recipients("removal_kiv_returned")
    hsa.faults.clear()
    for _round in range(2):
        again(removal)
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE
    assert removal.current_state is RemovalState.NOT_NEEDED
    assert request.grant.current_state is GrantState.ACTIVE
    assert (request.grant == grant) is (end == "expiry")
    assert life.ROLE in life.values(grant.person_dn)
    assert not recipients("removal_done")


@pytest.mark.parametrize("why", ["withdrawn", "too long"])
def test_a_value_set_for_an_order_that_fails_is_removed(directory, hsa, kiv, sync, settings, why):
    removal = gone_from_kiv(kiv, sync)
    request = acts.order(days=100)
    acts.work()
    hsa.faults.is_busy = True
    life.put_back(kiv, removal)
    again(removal)
    assert removal.current_state is RemovalState.AWAITING_HSA
    if why == "withdrawn":
        steps.withdraw(request, by=acts.user(cast.HEAD), reason="")
    else:
        since = timezone.now() - timedelta(days=settings.RENEWAL_GRACE_DAYS + 1)
        Removal.objects.update(state_since=since)
    again(removal)
    assert removal.current_state is RemovalState.AWAITING_KIV


def test_an_order_that_nobody_has_attested_holds_nothing_up(directory, hsa, kiv, sync):
    removal = gone_from_kiv(kiv, sync)
    acts.order(by=cast.COORDINATOR, days=100)
    life.put_back(kiv, removal)
    assert again(removal).current_state is RemovalState.AWAITING_KIV


def test_what_another_right_of_the_person_needs_may_stay_in_hsa(directory, hsa, kiv, sync):
    """A right given meanwhile on the same value: HSA rightly goes on holding it."""
    removal = gone_from_kiv(kiv, sync)
    origin = acts.order(person_id=cast.DOCTOR)
    copy = Grant.objects.get(pk=removal.grant_id)
    copy.pk, copy.public_id, copy.origin, copy.unit_key = None, origin.public_id, origin, "se-another"
    copy.state, copy.end_cause = "active", ""
    copy.unit_hsa_id, copy.wanted_unit_hsa_id = "SE-another", removal.unit_hsa_id
    copy.save(force_insert=True)
    assert again(removal).current_state is RemovalState.DONE
    assert life.ROLE in hsa_values(hsa, removal)


def hsa_values(hsa, removal: Removal) -> tuple[str, ...]:
    from provisioning.directory import Which, open_directory

    person = open_directory(Which.NATIONAL).person(removal.subject_id)
    return person.system_roles if person else ()


def test_when_hsa_is_not_read_any_more_what_kiv_holds_decides_again(directory, hsa, kiv, sync, settings):
    removal = gone_from_kiv(kiv, sync)
    settings.HSA_DIRECTORY_URL = ""
    for _round in range(2):
        again(removal)
    assert removal.current_state is RemovalState.DONE
    assert "removal.hsa_not_read" in actions(removal)
    assert states_of(removal) == [True, False]
    assert AuditEntry.objects.get(action="removal.done").data["seen_in"] == "kiv"


def test_a_removal_must_leave_hsa_once_hsa_is_read(directory, hsa, kiv, sync, settings):
    grant = in_both(kiv, sync)
    url, settings.HSA_DIRECTORY_URL = settings.HSA_DIRECTORY_URL, ""
    removal = life.with_kiv(life.removal_by_head(grant))
    life.take_away(kiv, removal)
    life.report_done(removal)
    settings.HSA_DIRECTORY_URL = url
    assert again(removal).current_state is RemovalState.AWAITING_HSA


def test_a_removal_on_its_way_is_not_taken_back(directory, hsa, kiv, sync):
    from provisioning.errors import WrongState

    removal = gone_from_kiv(kiv, sync)
    with pytest.raises(WrongState):
        steps.withdraw_removal(
            removal, by=acts.user(cast.HEAD), mandates=current.read(cast.HEAD), seen=None, reason=""
        )
    assert removal.current_state is RemovalState.AWAITING_HSA
    assert Grant.objects.get().current_state is GrantState.ENDING


def test_a_lost_or_repeated_look_does_nothing_twice(directory, hsa, kiv, sync):
    """A worker that died after its look: another takes over, and what the first saw is not recorded."""
    removal = gone_from_kiv(kiv, sync)
    life.take_away(sync, removal)
    task = Task.objects.get(process=removal.process, status="SCHEDULED")
    with task.activation() as activation:
        claim = activation.claim()
    assert claim is not None
    assert not steps.run_background(task.pk)  # somebody has it
    again(removal)  # the lease has run out
    assert removal.current_state is RemovalState.DONE
    assert not steps.run_background(task.pk)
    assert actions(removal).count("removal.done") == 1
    assert len(recipients("removal_done")) == 2


# -- what is kept, told and measured -------------------------------------------------------------------------


def test_looks_into_hsa_follow_their_own_schedule(directory, hsa, kiv, sync, settings):
    settings.HSA_POLL_SCHEDULE_SECONDS = (30, 60, 120)
    removal = gone_from_kiv(kiv, sync)
    waits = []
    for _look in range(4):
        task = Task.objects.get(process=removal.process, status="SCHEDULED")
        waits.append(10 * round((task.scheduled - timezone.now()).total_seconds() / 10))
        again(removal)
    assert waits[1:] == [30, 60, 120]


@pytest.mark.parametrize(
    ("state", "fields"), [("done", {"verified_at": None}), ("awaiting_hsa", {"values_gone_at": None})]
)
def test_the_database_takes_no_removal_for_further_than_was_seen(directory, hsa, kiv, sync, state, fields):
    removal = gone_from_kiv(kiv, sync)
    with pytest.raises(IntegrityError), transaction.atomic():
        Removal.objects.filter(pk=removal.pk).update(state=state, **fields)


def test_the_delay_on_the_way_out_is_measured_like_the_one_on_the_way_in(directory, hsa, kiv, sync):
    removal = gone_from_kiv(kiv, sync)
    before = hsa_delay.expected().count
    life.take_away(sync, removal)
    again(removal)
    assert hsa_delay.expected().count == before + 1
    Removal.objects.update(values_gone_at=removal.gone_from_hsa_at - timedelta(minutes=42))
    assert hsa_delay.expected().minutes == 42
    Removal.objects.update(carried_out_how="already_gone")
    assert hsa_delay.expected().count == before  # it had gone before we looked: that measures nothing


def test_without_hsa_page_and_mail_say_that_nobody_has_seen_it(directory, kiv, client):
    from django.urls import reverse

    removal = life.with_kiv(life.run_out(life.granted(kiv)))
    life.take_away(kiv, removal)
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.DONE
    assert states_of(removal) == [True, False]
    assert proof_steps.levels_of_removal(removal)[1].tone == "unknown"
    client.force_login(acts.user(cast.HEAD))
    page = client.get(reverse("removal", args=[removal.public_id])).content.decode()
    assert "10 minut" in page
    acts.send_mails()
    told = [message for message in mail.outbox if removal.case_number in message.subject]
    assert [message for message in told if "10 minut" in message.body]


def test_the_mail_promises_no_delay_once_hsa_was_seen_to_have_lost_it(directory, hsa, kiv, sync, client):
    from django.urls import reverse

    removal = gone_from_kiv(kiv, sync)
    life.take_away(sync, removal)
    again(removal)
    acts.send_mails()
    assert OutgoingMessage.objects.filter(kind="removal_done", state="sent").exists()
    assert not [message for message in mail.outbox if "10 minut" in message.body]
    client.force_login(acts.user(cast.HEAD))
    assert "10 minut" not in client.get(reverse("removal", args=[removal.public_id])).content.decode()


def test_the_page_says_that_the_login_can_still_work(directory, hsa, kiv, sync, client):
    from django.urls import reverse

    removal = gone_from_kiv(kiv, sync)
    again(removal)
    client.force_login(acts.user(cast.COORDINATOR))
    page = client.get(reverse("removal", args=[removal.public_id])).content.decode()
    assert "På väg bort ur HSA" in page
    assert page.count("kan det fortfarande gå att logga in") >= 1
    assert "Borta ur KIV" in page
    assert reverse("removal_withdraw", args=[removal.public_id]) not in page


def test_one_look_into_hsa_that_shows_nothing_is_no_proof(directory, hsa, kiv, sync):
    removal = gone_from_kiv(kiv, sync)
    life.take_away(sync, removal)
    for _look in range(2):
        acts.make_everything_due()
        acts.work()
        removal.refresh_from_db()
        assert removal.current_state is RemovalState.AWAITING_HSA
        assert removal.gone_doubted_at is not None
    life.put_back(sync, removal)
    acts.make_everything_due()
    acts.work()
    removal.refresh_from_db()
    assert (removal.current_state, removal.gone_doubted_at) == (RemovalState.AWAITING_HSA, None)
    life.take_away(sync, removal)
    assert again(removal).current_state is RemovalState.DONE
