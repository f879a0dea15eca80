"""What a delegate may do and what not, and whom a delegation puts beside its giver; from both sides."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError, transaction

from provisioning import access
from provisioning.errors import NotAllowed
from provisioning.models import AccessRequest, AuditEntry, OutgoingMessage
from provisioning.orders import prepare
from provisioning.rules.hsa import Level, Service
from provisioning.rules.mandates import Delegable
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.mandates import delegating
from tests.mandates.test_delegations import asked
from workflows import steps, tasks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


def test_an_attesting_delegate_takes_over_what_already_waits(directory):
    request = acts.order(by=cast.COORDINATOR)
    with pytest.raises(NotAllowed):
        acts.attest(request, cast.DELEGATE)
    delegating.give()
    assert asked(request) == {cast.HEAD.folded, cast.DELEGATE.folded}
    assert OutgoingMessage.objects.filter(kind="attest", recipient_key=cast.DELEGATE.folded).count() == 1
    assert access.to_attest(acts.user(cast.DELEGATE)).get() == request
    acts.attest(request, cast.DELEGATE)
    request.refresh_from_db()
    assert request.attester_id == cast.DELEGATE.folded
    assert request.attested_for_id == cast.HEAD.folded
    assert request.current_state is RequestState.CHECKING
    entry = AuditEntry.objects.get(action="request.attested")
    assert (entry.actor_id, entry.principal_id) == (cast.DELEGATE.folded, cast.HEAD.folded)


def test_the_delegator_can_still_act_and_then_in_their_own_name(directory):
    delegating.give()
    request = acts.order(by=cast.COORDINATOR)
    acts.attest(request, cast.HEAD)
    request.refresh_from_db()
    assert (request.attester_id, request.attested_for_id) == (cast.HEAD.folded, None)
    assert AuditEntry.objects.get(action="request.attested").principal is None


def test_a_delegate_can_reject_and_both_names_are_recorded(directory):
    delegating.give()
    request = acts.order(by=cast.COORDINATOR)
    acts.reject(request, cast.DELEGATE)
    entry = AuditEntry.objects.get(action="request.rejected")
    assert (entry.actor_id, entry.principal_id) == (cast.DELEGATE.folded, cast.HEAD.folded)


def test_what_is_ordered_later_goes_to_both_from_the_beginning(directory):
    delegating.give()
    request = acts.order(by=cast.COORDINATOR)
    assert asked(request) == {cast.HEAD.folded, cast.DELEGATE.folded}
    row = request.handlers.get(person_key=cast.DELEGATE.folded)
    assert row.acts_for_name == acts.user(cast.HEAD).name


def test_a_delegate_never_decides_on_their_own_access(directory):
    delegating.give(to=cast.COORDINATOR)
    request = acts.order(by=cast.COORDINATOR)
    assert asked(request) == {cast.HEAD.folded}
    with pytest.raises(NotAllowed):
        acts.attest(request, cast.COORDINATOR)
    tasks.sweep_handlers()
    assert asked(request) == {cast.HEAD.folded}


def test_the_heads_own_access_is_not_attested_by_the_heads_delegate(directory):
    delegating.give()
    request = acts.order(by=cast.HEAD, person_id=cast.HEAD)
    assert asked(request) == {cast.HEAD_ABOVE.folded}
    for refused in (cast.HEAD, cast.DELEGATE):
        with pytest.raises(NotAllowed):
            acts.attest(request, refused)
    acts.attest(request, cast.HEAD_ABOVE)
    request.refresh_from_db()
    assert (request.attester_id, request.attested_for_id) == (cast.HEAD_ABOVE.folded, None)


@pytest.mark.parametrize(
    ("wishes", "unit"),
    [
        ({"unit": cast.ALMBY}, cast.BJORKHAGA),  # another unit of the same head
        ({"kinds": [Delegable.ORDERING]}, cast.BJORKHAGA),  # another kind
        ({"starts_on": date(2026, 3, 3)}, cast.BJORKHAGA),  # not yet
    ],
)
def test_a_delegation_counts_for_its_unit_its_kind_and_its_days_only(directory, wishes, unit):
    delegating.give(**wishes)
    request = acts.order(by=cast.COORDINATOR, units=[unit])
    assert asked(request) == {cast.HEAD.folded}
    with pytest.raises(NotAllowed):
        acts.attest(request, cast.DELEGATE)


def test_a_delegation_counts_where_its_head_above_is_asked(directory):
    delegating.give(cast.HEAD_ABOVE, unit=cast.AREA_NORTH)
    ordinary = acts.order(by=cast.COORDINATOR)
    assert asked(ordinary) == {cast.HEAD.folded}
    own = acts.order(by=cast.HEAD, person_id=cast.HEAD)
    assert asked(own) == {cast.HEAD_ABOVE.folded, cast.DELEGATE.folded}


def test_a_whole_care_provider_is_more_than_a_delegation_gives(directory):
    delegating.give(kinds=delegating.BOTH)
    wishes = {"person_id": cast.PROCESS_LEADER, "service": Service.INTYGSSTATISTIK, "level": Level.PROVIDER,
              "units": [cast.PROVIDER]}  # fmt: skip
    prepared = prepare.prepare(acts.draft(**wishes), by=acts.user(cast.DELEGATE))
    assert "order.not_head" in {refusal.code for refusal in prepared.all_refusals}
    own = acts.order(by=cast.COORDINATOR, **wishes | {"person_id": cast.COORDINATOR})
    assert asked(own) == {cast.HEAD.folded}


def test_who_attested_by_delegation_cannot_carry_it_out(directory):
    delegating.give(to=cast.KIV_ADMINISTRATOR)
    request = acts.order(by=cast.COORDINATOR)
    acts.attest(request, cast.KIV_ADMINISTRATOR)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    assert asked(request) == {cast.KIV_ADMINISTRATOR_ABOVE.folded}
    with pytest.raises(NotAllowed):
        acts.report_done(request, cast.KIV_ADMINISTRATOR)


def test_the_database_itself_refuses_an_attester_who_acts_for_themself(directory):
    request = acts.order()
    with pytest.raises(IntegrityError, match="attested_for_somebody_else"), transaction.atomic():
        AccessRequest.objects.filter(pk=request.pk).update(attested_for=cast.HEAD.folded)


def test_an_ordering_delegates_order_waits_for_the_head(directory):
    delegating.give(kinds=[Delegable.ORDERING])
    request = acts.order(by=cast.DELEGATE)
    assert request.current_state is RequestState.AWAITING_ATTESTATION
    assert (request.attester_id, request.ordered_for_id) == (None, cast.HEAD.folded)
    assert asked(request) == {cast.HEAD.folded}
    entry = AuditEntry.objects.get(action="request.started")
    assert (entry.actor_id, entry.principal_id) == (cast.DELEGATE.folded, cast.HEAD.folded)
    acts.attest(request, cast.HEAD)


def test_who_has_both_kinds_attests_by_ordering_as_the_head_does(directory):
    delegating.give(kinds=delegating.BOTH)
    request = acts.order(by=cast.DELEGATE)
    assert request.current_state is RequestState.CHECKING
    assert (request.attester_id, request.attested_for_id) == (cast.DELEGATE.folded, cast.HEAD.folded)
    assert AuditEntry.objects.get(action="request.attested").principal_id == cast.HEAD.folded


def test_an_order_for_the_delegating_head_is_attested_separately(directory):
    delegating.give(kinds=delegating.BOTH)
    request = acts.order(by=cast.DELEGATE, person_id=cast.HEAD)
    assert request.current_state is RequestState.AWAITING_ATTESTATION
    assert cast.HEAD_ABOVE.folded in asked(request)
    assert cast.HEAD.folded not in asked(request)


def test_a_delegates_own_access_is_ordered_as_anybodys(directory):
    delegating.give(to=cast.COORDINATOR, kinds=delegating.BOTH)
    request = acts.order(by=cast.COORDINATOR)
    assert request.current_state is RequestState.AWAITING_ATTESTATION
    assert request.ordered_for is None


def test_an_attesting_delegate_orders_nothing_for_others(directory):
    delegating.give()
    prepared = prepare.prepare(acts.draft(), by=acts.user(cast.DELEGATE))
    assert {refusal.code for refusal in prepared.all_refusals} == {"order.not_head"}


def test_no_order_is_placed_after_its_delegation_ended(directory):
    row = delegating.give(kinds=[Delegable.ORDERING])
    delegate = acts.user(cast.DELEGATE)
    prepared = prepare.prepare(acts.draft(), by=delegate)
    delegating.revoke(row)
    with pytest.raises(NotAllowed):
        steps.place_order(prepared, by=delegate)
    assert not AccessRequest.objects.exists()
