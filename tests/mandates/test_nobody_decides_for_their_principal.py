"""Nobody decides about the person who delegated to them: by any chain, any HSA-id and any kind of act."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.cases import candidates, moves
from provisioning.directory import open_directory
from provisioning.errors import NotAllowed
from provisioning.mandates import current
from provisioning.models import AccessRequest, Decision, Delegation, Handler, HandlerRole
from provisioning.orders import attest, prepare
from provisioning.rules.hsa import HsaId
from provisioning.rules.mandates import Act, Conflict, Delegable, conflict, order_is_attestation
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.mandates import delegating
from tests.reviews import sitting
from tests.rights import life
from workflows import steps, tasks

pytestmark = pytest.mark.django_db(transaction=True)

BOTH = (Delegable.ORDERING, Delegable.ATTESTING)


@pytest.fixture(autouse=True)
def lost_nudges(monkeypatch):
    monkeypatch.setattr("provisioning.worker._send", lambda *given: None)


def asked(request: AccessRequest) -> set[HsaId]:
    return {HsaId(key) for key in request.handlers.values_list("person_key", flat=True)}


def forge(request: AccessRequest, person: HsaId, row: Delegation | None = None) -> None:
    """As if this person had been asked before it was known what stands against it."""
    Handler.objects.create(
        request=request, role=HandlerRole.ATTESTER, person_key=person.folded, person_hsa_id=person.text,
        delegation=row,
    )  # fmt: skip


# -- the example ---------------------------------------------------------------------------------------------


def test_a_subordinate_does_not_order_and_attest_the_heads_access(directory):
    row = delegating.give(kinds=BOTH)
    attesting = Delegation.objects.get(kind=Delegable.ATTESTING.value)
    request = acts.order(by=cast.DELEGATE, person_id=cast.HEAD)
    assert (request.current_state, request.attester) == (RequestState.AWAITING_ATTESTATION, None)
    assert asked(request) == {cast.HEAD_ABOVE}
    forge(request, cast.DELEGATE, attesting)
    with pytest.raises(NotAllowed) as refused:
        acts.attest(request, cast.DELEGATE)
    assert "har delegerat till dig" in str(refused.value.user_message)
    delegating.revoke(row)
    acts.attest(request, cast.HEAD_ABOVE)
    request.refresh_from_db()
    assert request.attester_id == cast.HEAD_ABOVE.folded


def test_a_delegates_order_for_others_than_the_giver_is_an_attestation(directory):
    delegating.give(kinds=BOTH)
    request = acts.order(by=cast.DELEGATE, person_id=cast.COORDINATOR)
    assert (request.current_state, request.attester_id) == (RequestState.CHECKING, cast.DELEGATE.folded)


def test_an_orderer_attests_nothing_when_the_delegation_is_over_either(directory):
    given = delegating.give(kinds=[Delegable.ORDERING])
    request = acts.order(by=cast.DELEGATE, person_id=cast.HEAD)
    delegating.revoke(given)
    delegating.give(cast.HEAD_ABOVE, unit=cast.AREA_NORTH)  # the same delegate, now for the head above
    assert asked(request) == {cast.HEAD_ABOVE}
    forge(request, cast.DELEGATE, Delegation.objects.get(ended_at=None))
    with pytest.raises(NotAllowed):
        acts.attest(request, cast.DELEGATE)
    other = acts.order(by=cast.HEAD, person_id=cast.HEAD, units=[cast.ALMBY])
    assert asked(other) == {cast.HEAD_ABOVE, cast.DELEGATE}, "what somebody else ordered is theirs to attest"


def test_a_head_above_who_is_the_persons_delegate_is_passed_over(directory):
    delegating.give(to=cast.HEAD_ABOVE)
    found = candidates.attesters(
        open_directory(), open_directory().unit(cast.BJORKHAGA), subject_id=cast.HEAD
    )
    assert cast.HEAD_ABOVE not in {one.person.hsa_id for one in found}
    assert found


def test_an_order_for_which_nobody_is_left_is_refused_at_once(directory, kiv):
    top = open_directory().unit(cast.BJORKHAGA)
    for unit in open_directory().units_above(top.dn):
        if unit.manager_id not in (None, cast.HEAD_ABOVE):
            kiv.remove_value(unit.dn, "hsaHealthCareUnitManager", unit.manager_id.text)
    delegating.give(to=cast.HEAD_ABOVE)
    prepared = prepare.prepare(acts.draft(cast.HEAD), by=acts.user(cast.HEAD))
    assert "order.no_attester" in {refusal.code for refusal in prepared.all_refusals}


def test_a_heads_order_for_who_delegated_to_her_is_no_attestation(directory):
    free = prepare.prepare(acts.draft(cast.HEAD_ABOVE), by=acts.user(cast.HEAD)).items[0]
    assert free.is_attested_by_order
    delegating.give(cast.HEAD_ABOVE, to=cast.HEAD, unit=cast.AREA_NORTH)
    bound = prepare.prepare(acts.draft(cast.HEAD_ABOVE), by=acts.user(cast.HEAD)).items[0]
    assert not bound.is_attested_by_order
    assert {one.person.hsa_id for one in bound.attesters}.isdisjoint({cast.HEAD, cast.HEAD_ABOVE})


def test_who_becomes_delegate_of_the_person_loses_what_waits(directory):
    request = acts.order(by=cast.HEAD, person_id=cast.HEAD)
    assert asked(request) == {cast.HEAD_ABOVE}
    delegating.give(to=cast.HEAD_ABOVE)
    tasks.sweep_handlers()
    assert cast.HEAD_ABOVE not in asked(request)


# -- other decisions -----------------------------------------------------------------------------------------


def test_the_head_above_and_no_delegate_reviews_the_heads_own_right(directory, kiv, monkeypatch):
    monkeypatch.setattr("provisioning.rules.dates.deadlines.is_working_day", lambda day: True)
    other = life.granted(kiv)
    delegating.give()
    acts.attest(acts.order(by=cast.HEAD, person_id=cast.HEAD), cast.HEAD_ABOVE)
    own = _granted(kiv, cast.HEAD)
    review = sitting.opened(own, other)
    assert sitting.waits_for(cast.DELEGATE) == {other.pk}
    assert sitting.waits_for(cast.HEAD_ABOVE) == {own.pk}
    with pytest.raises(NotAllowed):
        sitting.decide(review, {own: Decision.KEEP}, by=cast.DELEGATE)
    sitting.decide(review, {own: Decision.KEEP}, by=cast.HEAD_ABOVE)
    sitting.decide(review, {other: Decision.KEEP}, by=cast.DELEGATE)


def _granted(kiv, person: HsaId):
    request = AccessRequest.objects.get(subject_key=person.folded)
    acts.work()
    acts.couple_where_asked(request)
    request.refresh_from_db()
    acts.set_values(request, kiv)
    acts.report_done(request)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE
    return request.grant


@pytest.mark.parametrize("act", list(Act))
def test_the_rule_bars_decisions_about_the_giver_and_nothing_else(act):
    own, giver, other = HsaId("SE1-A"), HsaId("SE1-B"), HsaId("SE1-C")
    found = conflict(act, own_ids=[own], subject_id=giver, givers=[giver])
    assert found is (None if act is Act.CARRY_OUT else Conflict.ON_BEHALF_OF_SUBJECT)
    assert conflict(act, own_ids=[own], subject_id=other, givers=[giver]) is None


def test_nobody_attests_their_own_order_in_a_step_of_its_own():
    own, subject = HsaId("SE1-A"), HsaId("SE1-B")
    assert conflict(Act.ATTEST, own_ids=[own], subject_id=subject, ordered_by=own) is Conflict.OWN_ORDER
    assert conflict(Act.ATTEST, own_ids=[own], subject_id=subject, ordered_by=HsaId("SE1-C")) is None
    assert order_is_attestation(orderer_is_head=True, own_ids=[own], subject_id=subject)


# -- any chain -----------------------------------------------------------------------------------------------

PEOPLE = (
    cast.HEAD, cast.HEAD_ABOVE, cast.PROVIDER_HEAD, cast.DELEGATE, cast.COORDINATOR, cast.TWO_IDS,
    cast.TWO_IDS_OTHER,
)  # fmt: skip
HEADED = {cast.HEAD: cast.BJORKHAGA, cast.HEAD_ABOVE: cast.AREA_NORTH}

people = st.sampled_from(PEOPLE)
delegated = st.tuples(people, people, st.sampled_from(BOTH), st.booleans()).filter(
    lambda one: one[0] != one[1]
)


def human(person: HsaId) -> frozenset[HsaId]:
    twins = frozenset({cast.TWO_IDS, cast.TWO_IDS_OTHER})
    return twins if person in twins else frozenset({person})


def bound_to(subject: HsaId, edges) -> frozenset[HsaId]:
    """The person and all their delegates' delegates, said as plainly as can be."""
    found: frozenset[HsaId] = human(subject)
    for _step in edges:
        for giver, taker, _kind, counts in edges:
            if counts and giver in found:
                found |= human(taker)
    return found


def write(edges) -> None:
    today = timezone.localdate()
    for giver, taker, kind, counts in edges:
        unit = HEADED.get(giver, cast.BJORKHAGA)
        Delegation.objects.create(
            principal=acts.user(giver), delegate=acts.user(taker), kind=kind.value, unit_key=unit.folded,
            unit_hsa_id=unit.text, unit_name="Enhet", reason=delegating.REASON,
            starts_on=today - timedelta(days=9), ends_on=today + timedelta(days=9 if counts else -1),
        )  # fmt: skip


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
@given(edges=st.lists(delegated, max_size=6), subject=people, orderer=people)
def test_along_any_chain_nobody_bound_to_the_person_decides(directory, edges, subject, orderer):
    with transaction.atomic():
        write(edges)
        _nobody_bound_decides(bound_to(subject, edges), subject, orderer)
        transaction.set_rollback(True)


def _nobody_bound_decides(bound: frozenset[HsaId], subject: HsaId, orderer: HsaId) -> None:
    looked_up = prepare.prepare(acts.draft(subject), by=acts.user(orderer))
    if looked_up.may_not_be_asked:
        assert not looked_up.may_be_placed
        return
    (item,) = looked_up.items
    if item.is_attested_by_order:
        assert orderer not in bound
        return
    shut_out = bound | human(orderer)
    assert {one.person.hsa_id for one in item.attesters}.isdisjoint(shut_out)
    assert item.unit is not None
    above = [unit.manager_id for unit in open_directory().units_above(item.unit.dn)]
    heads = [one for one in (cast.HEAD, *above) if one is not None]
    assert bool(item.attesters) is any(head not in shut_out for head in heads), "somebody who may is asked"
    prepared = prepare.prepare(acts.draft(subject), by=acts.user(orderer))
    if not prepared.may_be_placed:
        return
    request = steps.place_order(prepared, by=acts.user(orderer)).requests.get(position=1)
    assert asked(request).isdisjoint(shut_out)
    for person in sorted(shut_out, key=str):
        forge(request, person, Delegation.objects.filter(delegate_id=person.folded).first())
        mandates = current.read(person)
        with pytest.raises(NotAllowed):
            attest.attest(moves.lock(AccessRequest, request.pk), by=acts.user(person), mandates=mandates)
