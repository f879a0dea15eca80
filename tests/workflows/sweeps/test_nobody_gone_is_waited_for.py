"""Every waiting state × every role that leaves: somebody present has it, is told, and can act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.core.cache import cache
from django.urls import reverse

from provisioning import access, dates
from provisioning.directory import open_directory, open_round
from provisioning.errors import NotAllowed
from provisioning.findings import tell
from provisioning.models import AccessRequest, Finding, OutgoingMessage, Removal, Reviewer
from provisioning.orders import prepare, stand_in
from provisioning.orders.check import choose
from provisioning.orders.draft import Choice
from provisioning.rules.drift.differences import Owner
from provisioning.rules.hsa import HsaId, Level
from provisioning.rules.mandates import Delegable, has_left
from provisioning.rules.states.request import WITH_A_PERSON, RequestState
from tests import acts, cast, ladder
from tests.findings import drifting
from tests.mandates import delegating
from tests.reviews import sitting
from tests.rights import life
from workflows import steps, tasks
from workflows.sweeps import reviews as review_sweeps

pytestmark = pytest.mark.django_db(transaction=True)

OPERATOR = cast.SETTLED
PAST = "20200101000000Z"
MANAGER = "hsaHealthCareUnitManager"


@pytest.fixture(autouse=True)
def clock(monkeypatch, settings):
    return ladder.on_a_monday(monkeypatch, settings, operator=OPERATOR)


def leave(kiv, who: HsaId) -> None:
    drifting.replace(kiv, drifting.person_dn(who), "hsaEndDate", [PAST])
    cache.clear()


def is_present(who: HsaId) -> bool:
    return not has_left(open_directory().person(who), on=dates.today())


def told(*, since: int = 0) -> set[str]:
    return set(OutgoingMessage.objects.filter(pk__gt=since).values_list("recipient_key", flat=True))


def last_mail() -> int:
    newest = OutgoingMessage.objects.order_by("-pk").first()
    return newest.pk if newest else 0


# -- each waiting state, and how somebody takes it further ---------------------------------------------------


def to_attest(kiv) -> AccessRequest:
    delegating.give(kinds=(Delegable.ATTESTING,))
    return acts.order(by=cast.COORDINATOR)


def to_attest_again(kiv) -> AccessRequest:
    return acts.order_for_process_leader()


def to_choose(kiv, by: HsaId = cast.HEAD) -> AccessRequest:
    delegating.give(kinds=(Delegable.ORDERING, Delegable.ATTESTING))
    request = acts.order(by=by, person_id=cast.COORDINATOR_UNCOUPLED)
    acts.work()
    return request


def ordered_by_the_delegate(kiv) -> AccessRequest:
    return to_choose(kiv, by=cast.DELEGATE)


def to_set(kiv) -> AccessRequest:
    request = acts.order()
    acts.work()
    return request


def attest_it(request, by):
    acts.attest(request, by)


def choose_it(request, by):
    choose_for(request, by)


def report_it(request, by):
    acts.report_done(request, by)


def choose_for(request: AccessRequest, by: HsaId, choice: Choice = Choice.COUPLE) -> None:
    user = acts.user(by)
    asked = stand_in.ask(request, by=user)
    steps.act(
        request,
        RequestState.AWAITING_CHOICE,
        lambda row: choose(row, by=user, choice=choice, **asked),
        by=user,
    )


def withdraw_for(request: AccessRequest, by: HsaId) -> None:
    user = acts.user(by)
    steps.withdraw(request, by=user, reason="Behövs inte.", **stand_in.ask(request, by=user))


@dataclass(frozen=True)
class Waits:
    state: RequestState
    build: Callable[..., AccessRequest]
    act: Callable[[AccessRequest, HsaId], None]
    roles: dict[str, HsaId]


TABLE = [
    Waits(
        RequestState.AWAITING_ATTESTATION, to_attest, attest_it,
        {"attester": cast.HEAD, "delegate": cast.DELEGATE, "administrator": cast.KIV_ADMINISTRATOR},
    ),
    Waits(
        RequestState.AWAITING_SECOND_ATTESTATION, to_attest_again, attest_it,
        {"orderer": cast.HEAD, "second approver": cast.PROVIDER_HEAD},
    ),
    Waits(
        RequestState.AWAITING_CHOICE, to_choose, choose_it,
        {"orderer": cast.HEAD, "delegate": cast.DELEGATE, "administrator": cast.KIV_ADMINISTRATOR},
    ),
    Waits(
        RequestState.AWAITING_CHOICE, ordered_by_the_delegate, choose_it,
        {"orderer": cast.DELEGATE, "head": cast.HEAD},
    ),
    Waits(
        RequestState.AWAITING_KIV, to_set, report_it,
        {"orderer": cast.HEAD, "administrator": cast.KIV_ADMINISTRATOR},
    ),
]  # fmt: skip
CASES = [
    pytest.param(each, who, id=f"{each.build.__name__}-{role}")
    for each in TABLE
    for role, who in each.roles.items()
]


def test_the_table_has_every_state_in_which_a_person_is_waited_for():
    assert {each.state for each in TABLE} == set(WITH_A_PERSON)


@pytest.mark.parametrize(("waits", "who"), CASES)
def test_somebody_present_has_it_is_told_and_can_act(directory, kiv, clock, waits, who):
    request = waits.build(kiv)
    request.refresh_from_db()
    assert request.current_state is waits.state
    leave(kiv, who)
    clock.set("2026-03-02", "10:00")
    tasks.sweep_handlers()
    request = AccessRequest.objects.get(pk=request.pk)
    has_it = request.sitting_ids
    assert has_it and all(is_present(one) for one in has_it)
    assert {one.folded for one in has_it} <= told()
    waits.act(request, has_it[0])
    request.refresh_from_db()
    assert request.current_state is not waits.state or request.reported_done_at is not None


@pytest.mark.parametrize(("waits", "who"), CASES)
def test_reminders_go_to_who_has_it_and_not_to_who_is_gone(directory, kiv, clock, waits, who):
    request = waits.build(kiv)
    leave(kiv, who)
    tasks.sweep_handlers()
    before = last_mail()
    for day in ("2026-03-05", "2026-03-10"):
        clock.set(day)
        tasks.sweep_handlers()
        tasks.sweep_reminders()
    request = AccessRequest.objects.get(pk=request.pk)
    reminded = told(since=before)
    assert who.folded not in reminded
    assert {one.folded for one in request.sitting_ids} <= reminded


@pytest.mark.parametrize("waits", TABLE, ids=[each.build.__name__ for each in TABLE])
def test_others_who_may_order_withdraw_for_a_gone_orderer(directory, kiv, waits):
    request = waits.build(kiv)
    orderer = request.order.orderer.identity
    heir = cast.HEAD if orderer != cast.HEAD else cast.HEAD_ABOVE
    if request.level == Level.PROVIDER.value:
        heir = cast.PROVIDER_HEAD
    with pytest.raises(NotAllowed):
        withdraw_for(request, heir)
    leave(kiv, orderer)
    with pytest.raises(NotAllowed):
        withdraw_for(request, cast.OUTSIDER)
    withdraw_for(request, heir)
    request.refresh_from_db()
    assert request.current_state is RequestState.WITHDRAWN


def test_what_waits_for_something_to_come_is_taken_back_too(directory, kiv):
    request = to_choose(kiv)
    acts.choose(request, Choice.WAIT)
    leave(kiv, cast.HEAD)
    withdraw_for(request, cast.HEAD_ABOVE)
    request.refresh_from_db()
    assert request.current_state is RequestState.WITHDRAWN


# -- the orderer's choice ------------------------------------------------------------------------------------


def test_the_next_head_chooses_at_once_before_any_sweep(directory, kiv):
    request = to_choose(kiv)
    with pytest.raises(NotAllowed):
        choose_for(request, cast.HEAD_ABOVE)
    drifting.replace(kiv, drifting.unit_dn(cast.BJORKHAGA), MANAGER, [cast.DOCTOR.text])
    leave(kiv, cast.HEAD)
    choose_for(request, cast.DOCTOR, Choice.WAIT)
    request.refresh_from_db()
    assert request.current_state is RequestState.WAITING_FOR_COMMISSION
    assert not request.handlers.exists()


def test_a_delegate_for_ordering_is_asked_too_and_one_for_attesting_not(directory, kiv):
    delegating.give(to=cast.DELEGATE, kinds=(Delegable.ORDERING,))
    delegating.give(to=cast.DOCTOR, kinds=(Delegable.ORDERING,))
    delegating.give(to=cast.DOCTOR_UNCOUPLED, kinds=(Delegable.ATTESTING,))
    request = acts.order(by=cast.DELEGATE, person_id=cast.COORDINATOR_UNCOUPLED)
    acts.attest(request, cast.HEAD)
    acts.work()
    leave(kiv, cast.DELEGATE)
    tasks.sweep_handlers()
    asked = set(request.handlers.values_list("person_key", flat=True))
    assert asked == {cast.HEAD.folded, cast.DOCTOR.folded}
    choose_for(request, cast.DOCTOR)


def test_an_orderer_who_does_not_answer_is_helped_by_the_ladder(directory, kiv, clock):
    request = to_choose(kiv)
    clock.set("2026-03-06")
    tasks.sweep_escalations()
    asked = set(request.handlers.values_list("person_key", flat=True))
    assert asked == {cast.HEAD.folded, cast.HEAD_ABOVE.folded}
    assert OutgoingMessage.objects.filter(kind="choose", recipient_key=cast.HEAD_ABOVE.folded).count() == 1
    assert OutgoingMessage.objects.filter(kind="choose", recipient_key=cast.HEAD.folded).count() == 1
    tasks.sweep_handlers()
    assert set(request.handlers.values_list("person_key", flat=True)) == asked
    acts.choose(request, Choice.COUPLE)  # the orderer still can
    request.refresh_from_db()
    assert request.current_state is RequestState.CHECKING and not request.handlers.exists()


def test_persons_the_ladder_asked_choose_beside_the_orderer(directory, kiv, clock):
    request = to_choose(kiv)
    clock.set("2026-03-06")
    tasks.sweep_escalations()
    choose_for(request, cast.HEAD_ABOVE)
    request.refresh_from_db()
    assert request.current_state is RequestState.CHECKING


def test_a_choice_stays_with_people_when_the_ladder_is_climbed(directory, kiv, clock):
    request = to_choose(kiv)
    for day in ("2026-03-06", "2026-03-12", "2026-03-18", "2026-03-25"):
        clock.set(day)
        tasks.sweep_escalations()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_CHOICE
    assert OPERATOR.folded in told()


def test_an_orderer_who_is_seen_again_has_it_again(directory, kiv):
    request = to_choose(kiv)
    leave(kiv, cast.HEAD)
    tasks.sweep_handlers()
    assert cast.HEAD not in request.sitting_ids
    drifting.replace(kiv, drifting.person_dn(cast.HEAD), "hsaEndDate", [])
    cache.clear()
    tasks.sweep_handlers()
    assert AccessRequest.objects.get(pk=request.pk).sitting_ids == [cast.HEAD]


def test_the_page_lets_who_stands_in_choose_and_withdraw(directory, kiv, enter):
    request = to_choose(kiv)
    browser = enter(cast.HEAD_ABOVE)
    assert browser.get(reverse("choose", args=[request.public_id])).status_code == 404
    leave(kiv, cast.HEAD)
    tasks.sweep_handlers()
    cache.clear()
    page = browser.get(reverse("case", args=[request.public_id])).content.decode()
    assert reverse("choose", args=[request.public_id]) in page
    assert reverse("withdraw", args=[request.public_id]) in page
    assert access.to_choose(acts.user(cast.HEAD_ABOVE)).get() == request
    answer = browser.post(reverse("choose", args=[request.public_id]), {"choice": "couple"})
    assert answer.status_code == 302
    request.refresh_from_db()
    assert request.current_state is RequestState.CHECKING
    answer = browser.post(reverse("withdraw", args=[request.public_id]), {"reason": "Behövs inte längre."})
    assert answer.status_code == 302
    request.refresh_from_db()
    assert request.current_state is RequestState.WITHDRAWN


def test_a_new_order_is_told_where_the_old_one_is(directory, kiv):
    request = to_choose(kiv)
    leave(kiv, cast.HEAD)
    drifting.replace(kiv, drifting.unit_dn(cast.BJORKHAGA), MANAGER, [cast.DOCTOR.text])
    cache.clear()
    prepared = prepare.prepare(acts.draft(cast.COORDINATOR_UNCOUPLED), by=acts.user(cast.DOCTOR))
    (refusal,) = prepared.all_refusals
    assert refusal.code == "order.duplicate"
    assert request.case_number in refusal.message and "väntar på beställarens val" in refusal.message


# -- nobody is left ------------------------------------------------------------------------------------------


def no_administrator_is_left(kiv):
    leave(kiv, cast.KIV_ADMINISTRATOR)
    leave(kiv, cast.KIV_ADMINISTRATOR_ABOVE)


def test_a_task_that_everybody_has_left_goes_to_the_operators(directory, kiv):
    request = to_set(kiv)
    no_administrator_is_left(kiv)
    before = last_mail()
    tasks.sweep_handlers()
    assert OPERATOR.folded in told(since=before)
    assert not AccessRequest.objects.get(pk=request.pk).sitting_ids


def removal_in_kiv(kiv) -> Removal:
    return life.with_kiv(life.run_out(life.granted(kiv)))


@pytest.mark.parametrize("everybody", [False, True])
def test_a_removal_is_with_somebody_present_or_the_operators(directory, kiv, everybody):
    removal = removal_in_kiv(kiv)
    assert removal.is_with_kiv
    leave(kiv, cast.KIV_ADMINISTRATOR)
    if everybody:
        leave(kiv, cast.KIV_ADMINISTRATOR_ABOVE)
    before = last_mail()
    tasks.sweep_handlers()
    removal = Removal.objects.get(pk=removal.pk)
    if everybody:
        assert not removal.sitting_ids
        assert OutgoingMessage.objects.filter(
            pk__gt=before, kind="removal_stuck", recipient_key=OPERATOR.folded
        ).exists()
    else:
        assert removal.sitting_ids == [cast.KIV_ADMINISTRATOR_ABOVE]
        assert cast.KIV_ADMINISTRATOR_ABOVE.folded in told()


def test_one_look_at_a_lost_tree_takes_nothing_from_anybody(directory, kiv):
    request = to_set(kiv)
    asked = request.sitting_ids
    for one in asked:
        directory.store.delete(drifting.person_dn(one))
    tasks.sweep_handlers()
    assert AccessRequest.objects.get(pk=request.pk).sitting_ids == asked


# -- reviews and findings ------------------------------------------------------------------------------------


def test_a_review_goes_to_the_next_head_when_the_reviewer_has_left(directory, kiv, clock):
    review = sitting.opened(life.granted(kiv))
    assert set(review.reviewers.values_list("person_key", flat=True)) == {cast.HEAD.folded}
    leave(kiv, cast.HEAD)
    clock.set("2026-03-03")
    review_sweeps.sweep()
    asked = set(Reviewer.objects.filter(review=review).values_list("person_key", flat=True))
    assert asked == {cast.HEAD_ABOVE.folded}
    assert OutgoingMessage.objects.filter(kind="review_waits", recipient_key=cast.HEAD_ABOVE.folded).exists()


def test_a_finding_is_told_to_who_has_it_now_when_its_owner_has_left(directory, kiv):
    life.granted(kiv)
    drifting.uncouple(kiv, cast.COORDINATOR, cast.BJORKHAGA)
    drifting.swept()
    finding = Finding.objects.not_over().get(
        subject_key=cast.COORDINATOR.folded, owner=Owner.HEAD_OF_UNIT.value, unit_key=cast.BJORKHAGA.folded
    )
    assert finding.told_keys == [cast.HEAD.folded]
    before = last_mail()
    assert tell.tell(open_round()) == 0
    leave(kiv, cast.HEAD)
    assert tell.tell(open_round()) == 1
    assert told(since=before) == {cast.HEAD_ABOVE.folded}
    assert access.to_settle(acts.user(cast.HEAD_ABOVE)).filter(pk=finding.pk).exists()
    assert tell.tell(open_round()) == 0
