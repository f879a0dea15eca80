"""Every way in which a removal begins: who may begin it, who may not, and that only absence ends it."""

from __future__ import annotations

import contextlib
from collections import Counter
from datetime import timedelta

import pytest

from provisioning import dates
from provisioning import directory as provisioning_directory
from provisioning.errors import NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.models import AccessRequest, AuditEntry, Decision, Grant, OutgoingMessage, Removal
from provisioning.removals import begin as removals_begin
from provisioning.removals import carry_out
from provisioning.rules.dates import deadlines
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import EndCause, GrantState, RemovalState
from tests import acts, cast
from tests.findings import drifting
from tests.reviews import sitting
from tests.rights import life
from workflows import steps
from workflows.sweeps import expiry

pytestmark = pytest.mark.django_db(transaction=True)


def by_expiry(grant: Grant, kiv) -> None:
    life.run_out(grant)


def by_head(grant: Grant, kiv) -> None:
    life.removal_by_head(grant)


def by_person(grant: Grant, kiv) -> None:
    life.removal_by_person(grant)


def by_review(grant: Grant, kiv) -> None:
    sitting.decide(sitting.opened(grant), {grant: Decision.REMOVE})


def by_sweep(grant: Grant, kiv) -> None:
    """The person has left: the sweep sees the employment's last day."""
    yesterday = (dates.today() - timedelta(days=1)).strftime("%Y%m%d")
    drifting.replace(kiv, grant.person_dn, "hsaEndDate", [f"{yesterday}000000Z"])
    drifting.swept()


BEGINNINGS = {
    EndCause.EXPIRY: (by_expiry, None),
    EndCause.HEAD_OF_UNIT: (by_head, cast.HEAD),
    EndCause.PERSON: (by_person, cast.COORDINATOR),
    EndCause.REVIEW: (by_review, cast.HEAD),
    EndCause.LEAVER: (by_sweep, None),
}


@pytest.mark.parametrize("cause", BEGINNINGS)
def test_whatever_began_it_only_absence_ends_it(directory, kiv, cause):
    begin, starter = BEGINNINGS[cause]
    grant = life.granted(kiv)
    begin(grant, kiv)
    removal = life.with_kiv(Removal.objects.get())
    assert removal.cause == cause.value
    assert removal.started_by_id == (starter.folded if starter else None)
    for _look in range(2):
        life.work()
    life.report_done(removal)
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.AWAITING_KIV  # said, but not so
    life.take_away(kiv, removal)
    directory.faults.is_busy = True
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.AWAITING_KIV  # so, but not seen
    directory.faults.clear()
    life.work()
    life.work()
    removal.refresh_from_db()
    grant.refresh_from_db()
    assert (removal.current_state, removal.verified_at is not None) == (RemovalState.DONE, True)
    assert (grant.current_state, grant.end_cause) == (GrantState.ENDED, cause.value)
    told = set(OutgoingMessage.objects.filter(kind="removal_done").values_list("recipient_key", flat=True))
    assert told == {cast.COORDINATOR.folded, (starter or cast.HEAD).folded}


@pytest.mark.parametrize("first", BEGINNINGS)
@pytest.mark.parametrize("second", BEGINNINGS)
def test_a_right_that_is_being_taken_away_is_not_taken_away_twice(directory, kiv, first, second):
    grant = life.granted(kiv)
    sitting.is_due(grant)
    BEGINNINGS[first][0](grant, kiv)
    directory.faults.clear()
    with contextlib.suppress(WrongState, AssertionError):  # refused, or there was nothing to begin
        BEGINNINGS[second][0](grant, kiv)
    assert Removal.objects.count() == 1
    assert Removal.objects.get().cause == first.value


@pytest.mark.parametrize("cause", BEGINNINGS)
def test_a_right_that_has_ended_is_not_taken_away_again(directory, kiv, cause):
    grant = life.granted(kiv)
    life.kiv_removes_role(kiv, grant)
    life.removal_by_person(grant)
    life.work()
    grant.refresh_from_db()
    assert grant.current_state is GrantState.ENDED
    for begin in (
        lambda: life.removal_by_tool(grant, cause),
        lambda: life.removal_by_head(grant),
        lambda: life.removal_by_person(grant),
    ):
        with pytest.raises(WrongState):
            begin()
    assert Removal.objects.count() == 1


def test_a_head_does_not_end_an_own_right_as_head_but_gives_it_back(directory, kiv):
    grant = sitting.own_right_of_the_head(kiv)
    assert grant.subject_id == cast.HEAD
    with pytest.raises(NotAllowed):
        life.removal_by_head(grant, by=cast.HEAD)
    assert not Removal.objects.exists()
    removal = life.removal_by_person(grant, by=cast.HEAD)
    assert (removal.cause, removal.started_by_id) == ("person", cast.HEAD.folded)


def test_the_head_above_is_not_head_of_the_unit(directory, kiv):
    grant = life.granted(kiv)
    with pytest.raises(NotAllowed):
        life.removal_by_head(grant, by=cast.HEAD_ABOVE)
    assert not Removal.objects.exists()


def test_a_head_whose_mandate_the_directory_does_not_tell_ends_nothing(directory, kiv):
    grant = life.granted(kiv)
    head = acts.user(cast.HEAD)
    with pytest.raises(NotAllowed):
        steps.begin_removal(
            removals_begin.begin_by_head, grant, by=head, mandates=current.UNKNOWN, reason="Har slutat."
        )
    grant.refresh_from_db()
    assert grant.current_state is GrantState.ACTIVE


@pytest.mark.parametrize("who", [cast.HEAD, cast.COORDINATOR, cast.OUTSIDER, cast.AUDITOR])
@pytest.mark.parametrize("answer", ["done", "cannot"])
def test_only_the_administrators_who_were_asked_answer_the_task(directory, kiv, who, answer):
    removal = life.with_kiv(life.removal_by_head(life.granted(kiv)))
    life.take_away(kiv, removal)
    act = {"done": life.report_done, "cannot": life.cannot}[answer]
    with pytest.raises(NotAllowed):
        act(removal, by=who)
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.AWAITING_KIV
    assert (removal.carried_out_by, removal.reported_done_at) == (None, None)


def test_one_who_passed_the_task_on_cannot_answer_it_any_more(directory, kiv):
    removal = life.with_kiv(life.removal_by_head(life.granted(kiv)))
    life.cannot(removal, carry_out.CannotRemove.NOT_MINE)
    with pytest.raises(NotAllowed):
        life.report_done(removal)
    life.take_away(kiv, removal)
    life.report_done(removal, by=cast.KIV_ADMINISTRATOR_ABOVE)
    removal.refresh_from_db()
    assert removal.carried_out_by_id == cast.KIV_ADMINISTRATOR_ABOVE.folded


# -- run out, and ordered again in between -------------------------------------------------------------------


def reordered(kiv) -> AccessRequest:
    """Ordered again, attested by the order, and as far as it comes by itself."""
    request = acts.order(days=100)
    acts.make_everything_due()
    acts.work()
    request.refresh_from_db()
    return request


def test_ordered_again_before_the_first_look_the_right_goes_on(directory, kiv):
    grant = life.granted(kiv)
    directory.faults.is_busy = True
    removal = life.run_out(grant)
    life.work()
    directory.faults.clear()
    request = acts.order(days=100)
    for task in request.process.task_set.filter(status="SCHEDULED"):
        steps.run_background(task.pk)
    acts.make_everything_due()
    life.work()
    acts.make_everything_due()
    life.work()
    removal.refresh_from_db()
    grant.refresh_from_db()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE
    assert request.grant == grant
    assert (grant.current_state, removal.current_state) == (GrantState.ACTIVE, RemovalState.NOT_NEEDED)
    assert life.ROLE in life.values(grant.person_dn)


def test_a_removed_value_ordered_again_is_set_for_a_new_right(directory, kiv):
    grant = life.granted(kiv)
    removal = life.with_kiv(life.run_out(grant))
    life.take_away(kiv, removal)
    life.report_done(removal)
    request = reordered(kiv)  # the verification of the removal comes in the same round
    removal.refresh_from_db()
    grant.refresh_from_db()
    assert removal.current_state is RemovalState.DONE
    assert grant.current_state is GrantState.ENDED
    assert request.current_state is RequestState.AWAITING_KIV
    life.put_back(kiv, removal)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE
    assert request.grant != grant
    assert Grant.objects.living().count() == 1


def test_a_value_set_for_a_new_order_is_not_asked_to_be_removed(directory, kiv):
    """The directory was silent between the removal in KIV and its proof, and the order had the value set."""
    grant = life.granted(kiv)
    removal = life.with_kiv(life.run_out(grant))
    life.take_away(kiv, removal)
    life.report_done(removal)
    directory.faults.is_busy = True
    life.work()
    directory.faults.clear()
    request = acts.order(days=100)
    for task in request.process.task_set.filter(status="SCHEDULED"):
        steps.run_background(task.pk)
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    life.put_back(kiv, removal)
    for task in removal.process.task_set.filter(status="SCHEDULED"):
        task.scheduled = task.created
        task.save(update_fields=["scheduled"])
        steps.run_background(task.pk)
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.VERIFYING
    assert not OutgoingMessage.objects.filter(kind="removal_kiv_returned").exists()
    for _round in range(2):
        acts.make_everything_due()
        life.work()
    removal.refresh_from_db()
    grant.refresh_from_db()
    assert (grant.current_state, removal.current_state) == (GrantState.ACTIVE, RemovalState.NOT_NEEDED)


def test_a_right_let_to_end_and_prolonged_is_announced_again(directory, kiv):
    from provisioning.rights import notices
    from provisioning.rights.end import let_end

    grant = life.nearly_over(life.granted(kiv), days_left=40)
    head = acts.user(cast.HEAD)
    let_end(grant.pk, by=head, mandates=current.read(head.identity))
    ends_on = grant.ends_on
    assert notices.give_notices(provisioning_directory.open_directory(), on=ends_on - timedelta(days=7)) == 0
    acts.order(starts_on=ends_on + timedelta(days=1), days=100)
    acts.work()
    grant.refresh_from_db()
    assert grant.let_end_at is None
    assert (
        notices.give_notices(provisioning_directory.open_directory(), on=grant.ends_on - timedelta(days=7))
        == 1
    )
    assert AuditEntry.objects.filter(about=grant.public_id, action="grant.noticed").count() == 1


def test_many_rights_of_many_persons_are_one_mail_to_their_head_each_time(directory, kiv, mailoutbox):
    from provisioning.models import Notice
    from provisioning.rights import notices
    from workflows import tasks

    rights = [life.granted(kiv), life.statistics(kiv), life.granted(kiv, person_id=cast.BLANKS)]
    last_day = dates.today() + timedelta(days=60)
    for grant in rights:
        life.nearly_over(grant, days_left=60)
    OutgoingMessage.objects.update(state="sent")
    for on in deadlines.notices(last_day)[-2:]:
        assert notices.give_notices(provisioning_directory.open_directory(), on=on) == 3
        for _run in range(2):
            notices.send_digests()
        tasks.sweep_messages()
    assert Counter(tuple(mail.to) for mail in mailoutbox).most_common() == [
        (to, 2) for to in dict.fromkeys(tuple(mail.to) for mail in mailoutbox)
    ]
    assert len(mailoutbox) == 6  # twice: the head and two persons
    assert not Notice.objects.filter(digested_at=None).exists()
    assert Notice.objects.filter(recipient_key=cast.HEAD.folded).count() == 6


def test_a_silent_directory_ends_nothing_but_the_right_stops_counting(directory, kiv):
    """The right ends by the calendar; its removal waits for the directory and is not called done."""
    grant = life.has_run_out(life.granted(kiv))
    directory.faults.is_busy = True
    assert expiry.end_due() == 1
    life.work()
    grant.refresh_from_db()
    removal = grant.removals.get()
    assert grant.current_state is GrantState.ENDING
    assert removal.current_state is RemovalState.LOOKING
    assert not Grant.objects.active().exists()
