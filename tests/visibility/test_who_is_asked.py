"""Whoever is mailed to act has it on the start page and may act, and so does nobody else: in every state."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import transaction
from django.urls import reverse

import provisioning
from provisioning import access, dates
from provisioning.directory import open_directory
from provisioning.errors import NotAllowed
from provisioning.findings import settle
from provisioning.mandates import current
from provisioning.models import (
    AccessRequest,
    Case,
    Decision,
    Finding,
    Grant,
    OutgoingMessage,
    Removal,
    Review,
)
from provisioning.orders.carry_out import CannotSet
from provisioning.orders.draft import Choice
from provisioning.removals.carry_out import CannotRemove
from provisioning.reviews import ask
from provisioning.rules.drift.differences import DriftKind, Owner
from provisioning.rules.hsa import HsaId
from provisioning.rules.mandates import Delegable
from provisioning.rules.states.request import WITH_A_PERSON, RequestState
from provisioning.rules.states.right import RemovalState
from tests import acts, cast, ladder
from tests.findings import drifting
from tests.mandates import delegating
from tests.reviews import sitting
from tests.rights import life
from tests.workflows.sweeps.test_nobody_gone_is_waited_for import choose_for, leave
from workflows import tasks

pytestmark = pytest.mark.django_db(transaction=True)

OPERATOR, OTHER_OPERATOR = cast.SETTLED, cast.TWO_IDS
PROVIDERS_ROLE = "INTYG;Statistik-" + cast.PROVIDER.text
PEOPLE = (
    cast.HEAD, cast.HEAD_ABOVE, cast.PROVIDER_HEAD, cast.AUDITOR, cast.KIV_ADMINISTRATOR,
    cast.KIV_ADMINISTRATOR_ABOVE, cast.COORDINATOR, cast.COORDINATOR_UNCOUPLED, cast.DOCTOR, cast.DELEGATE,
    cast.PROCESS_LEADER, cast.OUTSIDER, OPERATOR, OTHER_OPERATOR,
)  # fmt: skip
ASKING = ("attest", "choose", "kiv", "kiv_returned", "removal_kiv", "removal_kiv_returned")
REMINDING = ("reminder", "removal_reminder")
PAGE_OF = {
    RequestState.AWAITING_ATTESTATION: "attest",
    RequestState.AWAITING_SECOND_ATTESTATION: "attest",
    RequestState.AWAITING_CHOICE: "choose",
    RequestState.AWAITING_KIV: "kiv_task",
}


@pytest.fixture(autouse=True)
def clock(monkeypatch, settings):
    return ladder.on_a_monday(monkeypatch, settings, operator=OPERATOR)


# -- every state, and what changes who is asked --------------------------------------------------------------


def _delegated() -> None:
    delegating.give(kinds=(Delegable.ORDERING, Delegable.ATTESTING))


def _ordered(by: HsaId = cast.COORDINATOR, **wishes) -> AccessRequest:
    request = acts.order(by=by, **wishes)
    acts.work()
    return request


def a_head_and_her_delegate_attest(kiv, clock):
    _delegated()
    return _ordered()


def a_delegation_given_later_counts(kiv, clock):
    request = _ordered()
    _delegated()
    return request


def a_delegation_that_has_ended_does_not_count(kiv, clock):
    row = delegating.give(kinds=(Delegable.ATTESTING,))
    request = _ordered()
    delegating.revoke(row)
    tasks.refresh_delegated(row.pk)
    return request


def a_head_decides_nothing_about_herself(kiv, clock):
    _delegated()
    return _ordered(by=cast.HEAD, person_id=cast.HEAD)


def an_orderer_attests_nothing_she_ordered_for_her_head(kiv, clock):
    _delegated()
    return _ordered(by=cast.DELEGATE, person_id=cast.HEAD)


def a_delegate_about_herself(kiv, clock):
    delegating.give(kinds=(Delegable.ATTESTING,))
    delegating.give(to=cast.COORDINATOR, kinds=(Delegable.ATTESTING,))
    return _ordered()


def the_next_head_up_attests_as_well(kiv, clock):
    _delegated()
    request = _ordered()
    clock.set("2026-03-06")
    tasks.sweep_escalations()
    return request


def the_head_has_left(kiv, clock):
    _delegated()
    request = _ordered()
    leave(kiv, cast.HEAD)
    return request


def the_delegate_has_left(kiv, clock):
    _delegated()
    request = _ordered()
    leave(kiv, cast.DELEGATE)
    return request


def two_hold_the_providers_mandate(kiv, clock):
    return acts.order_for_process_leader()


def the_units_head_attests_for_the_provider_first(kiv, clock):
    return acts.order_for_process_leader(by=cast.COORDINATOR, person_id=cast.COORDINATOR)


def the_first_attester_is_not_the_second(kiv, clock):
    request = acts.order_for_process_leader(by=cast.COORDINATOR, person_id=cast.COORDINATOR)
    return acts.attest(request, HsaId(request.handlers.order_by("pk")[0].person_hsa_id))


def one_of_the_provider_has_left(kiv, clock):
    request = acts.order_for_process_leader()
    leave(kiv, cast.PROVIDER_HEAD)
    return request


def the_orderer_chooses(kiv, clock, by: HsaId = cast.HEAD):
    _delegated()
    return _ordered(by=by, person_id=cast.COORDINATOR_UNCOUPLED)


def a_delegate_who_ordered_chooses(kiv, clock):
    return the_orderer_chooses(kiv, clock, by=cast.DELEGATE)


def the_next_head_up_chooses_as_well(kiv, clock):
    request = the_orderer_chooses(kiv, clock)
    clock.set("2026-03-06")
    tasks.sweep_escalations()
    return request


def the_orderer_has_left(kiv, clock):
    request = the_orderer_chooses(kiv, clock)
    leave(kiv, cast.HEAD)
    return request


def the_orderer_is_there_again(kiv, clock):
    request = the_orderer_has_left(kiv, clock)
    tasks.sweep_handlers()
    drifting.replace(kiv, drifting.person_dn(cast.HEAD), "hsaEndDate", [])
    cache.clear()
    return request


def the_administrator_says_the_commission_is_missing(kiv, clock):
    request = administrators_set_it(kiv, clock)
    return acts.cannot(request, CannotSet.COMMISSION_MISSING)


def administrators_set_it(kiv, clock):
    return _ordered(by=cast.HEAD)


def an_administrator_sets_nothing_for_herself(kiv, clock):
    request = _ordered(by=cast.HEAD, person_id=cast.KIV_ADMINISTRATOR)
    acts.couple_where_asked(request)
    return request


def an_administrator_has_left(kiv, clock):
    request = administrators_set_it(kiv, clock)
    leave(kiv, cast.KIV_ADMINISTRATOR)
    return request


def an_administrator_has_passed_it_on(kiv, clock):
    return acts.cannot(administrators_set_it(kiv, clock), CannotSet.NOT_MINE)


def an_administrator_reported_what_is_not_seen(kiv, clock):
    return acts.report_done(administrators_set_it(kiv, clock))


def administrators_remove_it(kiv, clock, **wishes):
    return life.with_kiv(life.run_out(life.granted(kiv, **wishes)))


def an_administrator_whose_removal_has_left(kiv, clock):
    removal = administrators_remove_it(kiv, clock)
    leave(kiv, cast.KIV_ADMINISTRATOR)
    return removal


def an_administrator_has_passed_the_removal_on(kiv, clock):
    return life.cannot(administrators_remove_it(kiv, clock), CannotRemove.NOT_MINE)


def an_administrator_reported_what_is_still_there(kiv, clock):
    return life.report_done(administrators_remove_it(kiv, clock))


@dataclass(frozen=True)
class Waits:
    build: Callable[..., Case]
    state: RequestState | RemovalState
    asked: frozenset[HsaId]
    may_stand_in: frozenset[HsaId] = frozenset()  # heads further up, for an orderer who has left


def _row(build, state, *asked, may_stand_in=()):
    return Waits(build, state, frozenset(asked), frozenset(may_stand_in))


_ATTEST, _SECOND = RequestState.AWAITING_ATTESTATION, RequestState.AWAITING_SECOND_ATTESTATION
_CHOICE, _KIV, _REMOVE = RequestState.AWAITING_CHOICE, RequestState.AWAITING_KIV, RemovalState.AWAITING_KIV
_ADMINISTRATORS = (cast.KIV_ADMINISTRATOR, cast.KIV_ADMINISTRATOR_ABOVE)
TABLE = [
    _row(a_head_and_her_delegate_attest, _ATTEST, cast.HEAD, cast.DELEGATE),
    _row(a_delegation_given_later_counts, _ATTEST, cast.HEAD, cast.DELEGATE),
    _row(a_delegation_that_has_ended_does_not_count, _ATTEST, cast.HEAD),
    _row(a_head_decides_nothing_about_herself, _ATTEST, cast.HEAD_ABOVE),
    _row(an_orderer_attests_nothing_she_ordered_for_her_head, _ATTEST, cast.HEAD_ABOVE),
    _row(a_delegate_about_herself, _ATTEST, cast.HEAD, cast.DELEGATE),
    _row(the_next_head_up_attests_as_well, _ATTEST, cast.HEAD, cast.DELEGATE, cast.HEAD_ABOVE),
    _row(the_head_has_left, _ATTEST, cast.HEAD_ABOVE),
    _row(the_delegate_has_left, _ATTEST, cast.HEAD),
    _row(the_units_head_attests_for_the_provider_first, _ATTEST, cast.HEAD),
    _row(two_hold_the_providers_mandate, _SECOND, cast.PROVIDER_HEAD, cast.AUDITOR),
    _row(the_first_attester_is_not_the_second, _SECOND, cast.PROVIDER_HEAD, cast.AUDITOR),
    _row(one_of_the_provider_has_left, _SECOND, cast.AUDITOR),
    _row(the_orderer_chooses, _CHOICE, cast.HEAD),
    _row(a_delegate_who_ordered_chooses, _CHOICE, cast.DELEGATE),
    _row(the_next_head_up_chooses_as_well, _CHOICE, cast.HEAD, cast.HEAD_ABOVE),
    _row(the_orderer_has_left, _CHOICE, cast.HEAD_ABOVE, may_stand_in=(cast.PROVIDER_HEAD,)),
    _row(the_orderer_is_there_again, _CHOICE, cast.HEAD),
    _row(the_administrator_says_the_commission_is_missing, _CHOICE, cast.HEAD),
    _row(administrators_set_it, _KIV, *_ADMINISTRATORS),
    _row(an_administrator_sets_nothing_for_herself, _KIV, cast.KIV_ADMINISTRATOR_ABOVE),
    _row(an_administrator_has_left, _KIV, cast.KIV_ADMINISTRATOR_ABOVE),
    _row(an_administrator_has_passed_it_on, _KIV, cast.KIV_ADMINISTRATOR_ABOVE),
    _row(an_administrator_reported_what_is_not_seen, _KIV, *_ADMINISTRATORS),
    _row(administrators_remove_it, _REMOVE, *_ADMINISTRATORS),
    _row(an_administrator_whose_removal_has_left, _REMOVE, cast.KIV_ADMINISTRATOR_ABOVE),
    _row(an_administrator_has_passed_the_removal_on, _REMOVE, cast.KIV_ADMINISTRATOR_ABOVE),
    _row(an_administrator_reported_what_is_still_there, _REMOVE, *_ADMINISTRATORS),
]
PARAMETERS = [pytest.param(each, id=each.build.__name__) for each in TABLE]


# -- the four answers to: who? -------------------------------------------------------------------------------


def mailed(case: Case, kinds: tuple[str, ...]) -> set[HsaId]:
    rows = OutgoingMessage.objects.filter(kind__in=kinds, **case.pointer)
    return {one for one in PEOPLE if one.folded in set(rows.values_list("recipient_key", flat=True))}


def page_of(case: Case) -> str:
    page = "removal_task" if case.is_removal else PAGE_OF[RequestState(case.state)]
    return reverse(page, args=[case.public_id])


def shown(case: Case, enter) -> set[HsaId]:
    """On whose start page it stands as theirs to do."""
    act = page_of(case)
    lists = (access.to_attest, access.to_choose, access.to_carry_out, access.to_remove)
    on_lists = {one for one in PEOPLE if any(case in list(waits(acts.user(one))) for waits in lists)}
    for one in {*on_lists, case.subject_id, *case.starters}:
        is_there = act in enter(one).get(reverse("start")).content.decode()
        assert is_there == (one in on_lists), one
    return on_lists


def opened(case: Case, enter) -> set[HsaId]:
    return {one for one in PEOPLE if enter(one).get(page_of(case)).status_code == 200}


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def may_act(case: Case) -> set[HsaId]:
    """Whom the operation itself lets act, tried with each of them and undone."""
    return {one for one in PEOPLE if _is_let(case, one)}


def _is_let(case: Case, who: HsaId) -> bool:
    row: Any = type(case)._default_manager.get(pk=case.pk)
    try:
        with undone():
            if isinstance(row, Removal):
                life.report_done(row, by=who)
            elif row.current_state is RequestState.AWAITING_CHOICE:
                choose_for(row, who, Choice.WAIT)
            elif row.current_state is RequestState.AWAITING_KIV:
                acts.report_done(row, by=who)
            else:
                acts.reject(row, by=who)
    except NotAllowed:
        return False
    return True


def test_the_table_has_every_state_in_which_somebody_is_asked():
    asked_in = {each.state for each in TABLE if isinstance(each.state, RequestState)}
    assert asked_in == set(WITH_A_PERSON) == set(PAGE_OF)


@pytest.mark.parametrize("waits", PARAMETERS)
def test_mails_lists_pages_and_acts_name_the_same_people(directory, kiv, clock, enter, waits):
    case = waits.build(kiv, clock)
    tasks.sweep_handlers()
    cache.clear()
    case = type(case)._default_manager.get(pk=case.pk)
    assert case.STATES(case.state) is waits.state
    assert set(case.sitting_ids) == waits.asked
    assert waits.asked <= mailed(case, (*ASKING, *REMINDING))
    assert shown(case, enter) == waits.asked
    assert opened(case, enter) == waits.asked
    assert may_act(case) == waits.asked | waits.may_stand_in
    OutgoingMessage.objects.all().delete()
    clock.set("2026-04-15")
    tasks.sweep_reminders()
    assert mailed(case, REMINDING) == waits.asked


def test_one_function_alone_mails_whoever_is_to_act():
    by_hand = re.compile(rf"enqueue\([^)]*MessageKind\.({'|'.join((*ASKING, *REMINDING))})\b", re.IGNORECASE)
    sources = Path(provisioning.__file__).parent.rglob("*.py")
    assert [path.name for path in sources if by_hand.search(path.read_text())] == []


# -- reviews and findings ------------------------------------------------------------------------------------


def told(kind: str) -> set[HsaId]:
    rows = OutgoingMessage.objects.filter(kind=kind)
    return {one for one in PEOPLE if one.folded in set(rows.values_list("recipient_key", flat=True))}


def may_review(review: Review, right: Grant) -> set[HsaId]:
    return {one for one in PEOPLE if _is_let_review(review, right, one)}


def _is_let_review(review: Review, right: Grant, who: HsaId) -> bool:
    try:
        with undone():
            sitting.decide(review, {right: Decision.KEEP}, by=who)
    except NotAllowed:
        return False
    return True


@pytest.mark.parametrize(
    ("whose", "reviewers"), [("another's", {cast.HEAD, cast.DELEGATE}), ("her own", {cast.HEAD_ABOVE})]
)
def test_a_review_is_asked_of_those_who_may_decide(directory, kiv, clock, whose, reviewers):
    right = life.granted(kiv) if whose == "another's" else sitting.own_right_of_the_head(kiv)
    _delegated()
    review = sitting.opened(right)
    ask.send_notices(dates.today())
    assert told("review_waits") == reviewers
    assert {one for one in PEOPLE if right.pk in sitting.waits_for(one)} == reviewers
    assert may_review(review, right) == reviewers


def a_finding_of_a_head(kiv):
    life.granted(kiv)
    drifting.uncouple(kiv, cast.COORDINATOR, cast.BJORKHAGA)
    drifting.swept()
    return drifting.finding(cast.COORDINATOR, DriftKind.COMMISSION_MISSING)


def a_finding_about_the_head(kiv):
    kiv.add_value(drifting.person_dn(cast.HEAD), drifting.ROLE, life.ROLE)
    drifting.swept()
    return Finding.objects.not_over().get(subject_key=cast.HEAD.folded, value=life.ROLE)


def a_finding_about_whom_the_head_acts_for(kiv):
    """The head above delegates to the head: she decides nothing about that one, and is not asked."""
    delegating.give(by=cast.HEAD_ABOVE, to=cast.HEAD, unit=cast.AREA_NORTH)
    kiv.add_value(drifting.person_dn(cast.HEAD_ABOVE), drifting.ROLE, life.ROLE)
    drifting.swept()
    return Finding.objects.not_over().get(subject_key=cast.HEAD_ABOVE.folded, value=life.ROLE)


def a_finding_on_a_unit_without_head(kiv):
    kiv.add_value(drifting.person_dn(cast.COORDINATOR), drifting.ROLE, life.ROLE)
    drifting.replace(kiv, drifting.unit_dn(cast.BJORKHAGA), "hsaHealthCareUnitManager", [])
    drifting.swept()
    return drifting.finding(cast.COORDINATOR, DriftKind.ROLE_OUTSIDE)


def a_finding_about_a_wrong_value(kiv):
    kiv.add_value(drifting.person_dn(cast.COORDINATOR), drifting.ROLE, f"{life.ROLE};x")
    drifting.swept()
    return Finding.objects.not_over().get(owner=Owner.KIV_ADMINISTRATOR.value, value=f"{life.ROLE};x")


def a_finding_of_the_operators(kiv):
    return _found(kiv, cast.COORDINATOR, "INTYG;Rehab-" + cast.NOWHERE.text)


def a_finding_of_the_operators_about_one_of_them(kiv):
    return _found(kiv, OPERATOR, "INTYG;Rehab-" + cast.NOWHERE.text)


def a_finding_of_the_operators_about_an_operators_giver(kiv):
    """The head above delegates to an operator: that one settles nothing about her."""
    delegating.give(by=cast.HEAD_ABOVE, to=OPERATOR, unit=cast.AREA_NORTH)
    return _found(kiv, cast.HEAD_ABOVE, "INTYG;Rehab-" + cast.NOWHERE.text)


def a_finding_that_passed_to_the_operators(kiv):
    """Nobody heads the unit, or what stands above it."""
    for unit in (cast.BJORKHAGA, cast.AREA_NORTH):
        drifting.replace(kiv, drifting.unit_dn(unit), "hsaHealthCareUnitManager", [])
    drifting.replace(kiv, open_directory().provider(cast.PROVIDER).dn, "hsaHealthCareUnitManager", [])
    return _found(kiv, cast.COORDINATOR, life.ROLE)


def a_finding_on_a_whole_provider(kiv):
    return _found(kiv, cast.COORDINATOR, PROVIDERS_ROLE)


def a_finding_on_a_whole_provider_about_its_head(kiv):
    return _found(kiv, cast.PROVIDER_HEAD, PROVIDERS_ROLE)


def a_wrong_value_for_a_whole_provider(kiv):
    return _found(kiv, cast.COORDINATOR, PROVIDERS_ROLE + ";x")


def a_finding_on_a_sub_unit_with_a_head(kiv):
    drifting.replace(
        kiv, drifting.unit_dn(cast.BJORKHAGA_BVC), "hsaHealthCareUnitManager", [cast.OUTSIDER.text]
    )
    return a_finding_on_a_sub_unit_without_head(kiv)


def a_finding_on_a_sub_unit_whose_head_it_is_about(kiv):
    drifting.replace(
        kiv, drifting.unit_dn(cast.BJORKHAGA_BVC), "hsaHealthCareUnitManager", [cast.COORDINATOR.text]
    )
    return a_finding_on_a_sub_unit_without_head(kiv)


def a_finding_on_a_sub_unit_without_head(kiv):
    return _found(kiv, cast.COORDINATOR, "INTYG;Rehab-" + cast.BJORKHAGA_BVC.text)


def _found(kiv, person: HsaId, value: str) -> Finding:
    kiv.add_value(drifting.person_dn(person), drifting.ROLE, value)
    drifting.swept()
    return Finding.objects.not_over().get(subject_key=person.folded, value=value)


@pytest.mark.parametrize(
    ("build", "owners", "may_stand_in"),
    [
        (a_finding_of_the_operators, {OPERATOR, OTHER_OPERATOR}, set()),
        (a_finding_of_the_operators_about_one_of_them, {OTHER_OPERATOR}, set()),
        (a_finding_of_the_operators_about_an_operators_giver, {OTHER_OPERATOR}, set()),
        (a_finding_that_passed_to_the_operators, {OPERATOR, OTHER_OPERATOR}, set()),
        (a_finding_on_a_whole_provider, {cast.PROVIDER_HEAD, cast.AUDITOR}, set()),
        (a_finding_on_a_whole_provider_about_its_head, {cast.AUDITOR}, set()),
        (
            a_wrong_value_for_a_whole_provider,
            {cast.PROVIDER_HEAD, cast.AUDITOR, cast.KIV_ADMINISTRATOR_ABOVE},
            set(),
        ),
        (a_finding_on_a_sub_unit_with_a_head, {cast.OUTSIDER, *_ADMINISTRATORS}, {cast.HEAD}),
        (a_finding_on_a_sub_unit_whose_head_it_is_about, {*_ADMINISTRATORS}, {cast.HEAD}),
        (a_finding_on_a_sub_unit_without_head, {*_ADMINISTRATORS}, {cast.HEAD}),
        (a_finding_of_a_head, {cast.HEAD}, set()),
        (a_finding_about_the_head, {cast.HEAD_ABOVE}, {cast.PROVIDER_HEAD}),
        (a_finding_about_whom_the_head_acts_for, {cast.PROVIDER_HEAD}, set()),
        (a_finding_on_a_unit_without_head, {cast.HEAD_ABOVE}, {cast.PROVIDER_HEAD}),
        (a_finding_about_a_wrong_value, {cast.HEAD, *_ADMINISTRATORS}, set()),
    ],
)
def test_a_finding_is_asked_of_those_who_may_settle_it(directory, kiv, settings, build, owners, may_stand_in):
    settings.OPERATORS = (OPERATOR.text, OTHER_OPERATOR.text)
    finding = build(kiv)
    cache.clear()
    assert {HsaId(key) for key in finding.told_keys} == owners <= told("findings")
    assert {one for one in PEOPLE if finding in access.to_settle(acts.user(one))} == owners
    may = {one for one in PEOPLE if settle.steps_of(finding, current.read(one), acts.user(one))}
    assert may == owners | may_stand_in
