"""Delegation: who may give it, what it holds, how it is seen and how it ends; from both sides."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction

from provisioning import access
from provisioning.cases import moves
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError, Invalid, NotAllowed, WrongState
from provisioning.mandates import current, delegations
from provisioning.models import AccessRequest, AuditEntry, Delegation, OutgoingMessage, User
from provisioning.orders import attest
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.mandates import delegating
from workflows import steps, tasks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]


def asked(request: AccessRequest) -> set[str]:
    return set(request.handlers.values_list("person_key", flat=True))


def make_head(kiv, new, unit=cast.BJORKHAGA, old=cast.HEAD):
    entry = open_directory().unit(unit)
    kiv.remove_value(entry.dn, "hsaHealthCareUnitManager", old.text)
    kiv.add_value(entry.dn, "hsaHealthCareUnitManager", new.text)


@pytest.mark.parametrize(
    ("by", "wishes"),
    [
        (cast.HEAD_ABOVE, {}),  # head of the unit above, not of this one
        (cast.COORDINATOR, {}),
        (cast.KIV_ADMINISTRATOR, {}),
        (cast.HEAD, {"unit": cast.EKLIDEN}),
        (cast.HEAD, {"unit": cast.NOWHERE}),
    ],
)
def test_only_the_head_of_the_unit_delegates(directory, by, wishes):
    with pytest.raises(NotAllowed):
        delegating.give(by, **wishes)
    assert not Delegation.objects.exists()


def test_a_delegate_cannot_pass_it_on(directory):
    delegating.give(kinds=delegating.BOTH)
    with pytest.raises(NotAllowed):
        delegating.give(cast.DELEGATE, to=cast.COORDINATOR)
    assert Delegation.objects.count() == 2


@pytest.mark.parametrize(
    ("wishes", "field"),
    [
        ({"to": cast.HEAD}, "who"),
        ({"to": cast.NOBODY}, "who"),
        ({"to": cast.ENDED}, "who"),
        ({"to": cast.ARCHIVED}, "who"),
        ({"days": -1}, "ends_on"),
        ({"days": 366}, "ends_on"),
        ({"starts_on": date(2026, 2, 1), "days": 28}, "ends_on"),  # ended yesterday
        ({"reason": "."}, "reason"),
        ({"reason": ""}, "reason"),
        ({"kinds": ()}, "kinds"),
    ],
)
def test_a_delegation_that_breaks_a_limit_is_refused_beside_its_field(directory, wishes, field):
    with pytest.raises(Invalid) as refused:
        delegating.give(**wishes)
    assert refused.value.field == field
    assert not Delegation.objects.exists()
    assert not AuditEntry.objects.filter(action="delegation.given").exists()


@pytest.mark.parametrize("wishes", [{"days": 0}, {"days": 365}, {"starts_on": date(2026, 2, 1), "days": 29}])
def test_a_day_and_a_year_are_both_allowed(directory, wishes):
    assert delegating.give(**wishes).ended_at is None


def test_somebody_cannot_delegate_to_another_hsa_id_of_their_own(directory, kiv):
    make_head(kiv, cast.TWO_IDS)
    with pytest.raises(Invalid) as refused:
        delegating.give(cast.TWO_IDS, to=cast.TWO_IDS_OTHER)
    assert refused.value.field == "who"


def test_the_same_days_are_not_delegated_twice_but_the_next_ones_are(directory):
    delegating.give()
    with pytest.raises(Invalid):
        delegating.give(starts_on=date(2026, 4, 1))
    delegating.give(starts_on=date(2026, 4, 2))
    delegating.give(to=cast.DOCTOR)
    assert Delegation.objects.count() == 3


def test_a_silent_directory_delegates_nothing(directory):
    acts.user(cast.HEAD)
    directory.faults.is_busy = True
    with pytest.raises(DirectoryError):
        delegations.look_up(delegating.wish(), by=User.objects.get(pk=cast.HEAD.folded))
    assert not Delegation.objects.exists()


def test_the_delegate_is_told_and_the_record_names_both(directory):
    row = delegating.give()
    entry = AuditEntry.objects.get(action="delegation.given")
    assert (entry.actor_id, entry.principal_id) == (cast.HEAD.folded, cast.HEAD.folded)
    assert entry.data["delegate"] == cast.DELEGATE.folded
    assert entry.data["ends_on"] == "2026-04-01"
    message = OutgoingMessage.objects.get(kind="delegated")
    assert message.recipient_key == cast.DELEGATE.folded
    acts.send_mails()
    message.refresh_from_db()
    assert message.state in ("sent", "no_address")
    assert row.reason == delegating.REASON


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        ({"delegate_id": cast.HEAD.folded}, "delegate_is_somebody_else"),
        ({"ends_on": date(2026, 3, 1)}, "delegation_ends_after_start"),
        ({"end_code": "revoked"}, "delegation_ends_for_a_reason"),
    ],
)
def test_the_database_itself_refuses_a_broken_delegation(directory, columns, name):
    row = delegating.give()
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Delegation.objects.filter(pk=row.pk).update(**columns)


def test_revoking_counts_at_once(directory):
    request = acts.order(by=cast.COORDINATOR)
    row = delegating.give()
    mandates = current.read(cast.DELEGATE)
    delegating.revoke(row)
    assert asked(request) == {cast.HEAD.folded}
    assert not access.to_attest(acts.user(cast.DELEGATE)).exists()
    delegate = acts.user(cast.DELEGATE)
    with pytest.raises(NotAllowed):  # even with what was read just before
        steps.act(
            request,
            RequestState.AWAITING_ATTESTATION,
            lambda case: attest.attest(case, by=delegate, mandates=mandates),
            by=delegate,
        )
    message = OutgoingMessage.objects.get(kind="delegation_ended")
    assert message.recipient_key == cast.DELEGATE.folded
    with pytest.raises(WrongState):
        delegating.revoke(row)


def test_a_decision_after_the_revocation_is_refused(directory):
    request = acts.order(by=cast.COORDINATOR)
    row = delegating.give()
    mandates = current.read(cast.DELEGATE)
    Delegation.objects.filter(pk=row.pk).update(ended_at=row.created_at, end_code="revoked")
    assert cast.DELEGATE.folded in asked(request)
    delegate = acts.user(cast.DELEGATE)
    with pytest.raises(NotAllowed), transaction.atomic():
        attest.attest(moves.lock(AccessRequest, request.pk), by=delegate, mandates=mandates)
    request.refresh_from_db()
    assert request.attester is None


@pytest.mark.parametrize(
    ("who", "may"),
    [(cast.HEAD, True), (cast.DELEGATE, True), (cast.HEAD_ABOVE, False), (cast.COORDINATOR, False),
     (cast.AUDITOR, False), (cast.KIV_ADMINISTRATOR, False)],
)  # fmt: skip
def test_the_two_it_is_between_can_end_it_and_others_cannot(directory, who, may):
    row = delegating.give()
    if may:
        delegating.revoke(row, by=who)
    else:
        with pytest.raises(NotAllowed):
            delegating.revoke(row, by=who)
    row.refresh_from_db()
    assert (row.end_code, row.ended_by_id) == (("revoked", who.folded) if may else ("", None))


def test_the_next_head_of_the_unit_can_end_it(directory, kiv):
    row = delegating.give()
    make_head(kiv, cast.HEAD_ABOVE)
    delegating.revoke(row, by=cast.HEAD_ABOVE)
    row.refresh_from_db()
    assert row.ended_by_id == cast.HEAD_ABOVE.folded


@pytest.mark.parametrize(("day", "counts"), [("2026-04-01", True), ("2026-04-02", False)])
def test_it_lapses_by_itself_after_its_last_day(directory, clock, day, counts):
    row = delegating.give(days=30)
    request = acts.order(by=cast.COORDINATOR)
    clock.set(day)
    if counts:
        acts.attest(request, cast.DELEGATE)
        return
    with pytest.raises(NotAllowed):  # refused before any sweep has run
        acts.attest(request, cast.DELEGATE)
    tasks.sweep_handlers()
    assert asked(request) == {cast.HEAD.folded}
    tasks.sweep_delegations()
    row.refresh_from_db()
    assert row.end_code == "lapsed"
    assert AuditEntry.objects.filter(action="delegation.ended", data__why="lapsed").count() == 1


def test_the_last_day_is_the_stockholm_day(directory, clock):
    delegating.give(days=27)  # to 29 March, the night when summer time begins
    clock.set("2026-03-29", "23:59")
    assert current.read(cast.DELEGATE).delegated
    clock.set("2026-03-30", "00:00")
    assert not current.read(cast.DELEGATE).delegated


def test_it_begins_by_itself_at_midnight(directory, clock):
    request = acts.order(by=cast.COORDINATOR)
    delegating.give(starts_on=date(2026, 3, 9))
    clock.set("2026-03-08", "23:59")
    tasks.sweep_handlers()
    assert asked(request) == {cast.HEAD.folded}
    clock.set("2026-03-09", "00:00")
    tasks.sweep_handlers()
    assert asked(request) == {cast.HEAD.folded, cast.DELEGATE.folded}


def test_it_ends_when_the_giver_is_no_longer_head(directory, kiv, clock):
    row = delegating.give()
    request = acts.order(by=cast.COORDINATOR)
    make_head(kiv, cast.HEAD_ABOVE)
    with pytest.raises(NotAllowed):  # re-checked at use
        acts.attest(request, cast.DELEGATE)
    tasks.sweep_delegations()
    clock.set("2026-03-02", "10:00")  # what is not seen is looked for twice
    tasks.sweep_delegations()
    tasks.sweep_handlers()
    row.refresh_from_db()
    assert row.end_code == "not_head"
    assert asked(request) == {cast.HEAD_ABOVE.folded}
    told = OutgoingMessage.objects.filter(kind="delegation_ended").values_list("recipient_key", flat=True)
    assert set(told) == {cast.HEAD.folded, cast.DELEGATE.folded}


def test_a_silent_directory_ends_no_delegation(directory):
    row = delegating.give()
    directory.faults.is_busy = True
    tasks.sweep_delegations()
    row.refresh_from_db()
    assert row.ended_at is None


def test_both_are_reminded_before_it_lapses_once_for_each_notice(directory, clock):
    delegating.give(days=30)  # to 1 April; notices 14 days and 1 day before
    counts = []
    for day in ("2026-03-17", "2026-03-18", "2026-03-19", "2026-03-31", "2026-04-01"):
        clock.set(day)
        for _twice in range(2):
            tasks.sweep_delegations()
        counts.append(OutgoingMessage.objects.filter(kind="delegation_ends_soon").count())
    assert counts == [0, 2, 2, 4, 4]


def test_a_short_delegation_is_not_announced_the_moment_it_is_given(directory):
    delegating.give(days=5)
    tasks.sweep_delegations()
    assert not OutgoingMessage.objects.filter(kind="delegation_ends_soon").exists()


@pytest.mark.parametrize(
    ("who", "sees"),
    [(cast.HEAD, True), (cast.DELEGATE, True), (cast.AUDITOR, True), (cast.COORDINATOR, False),
     (cast.HEAD_ABOVE, False), (cast.KIV_ADMINISTRATOR, False), (cast.OUTSIDER, False)],
)  # fmt: skip
def test_a_delegation_is_visible_to_all_concerned_and_to_nobody_else(directory, settings, who, sees):
    settings.AUDITORS = (cast.AUDITOR.text,)
    row = delegating.give()
    assert access.visible_delegations(acts.user(who)).filter(pk=row.pk).exists() is sees


def test_the_next_head_sees_what_was_delegated_on_the_unit(directory, kiv):
    row = delegating.give()
    make_head(kiv, cast.HEAD_ABOVE)
    current.forget_copy(acts.user(cast.HEAD_ABOVE))
    assert access.visible_delegations(acts.user(cast.HEAD_ABOVE)).get() == row


def test_a_delegate_sees_only_what_they_are_asked_about(directory):
    before = acts.order()  # attested by the order: nothing for a delegate
    delegating.give()
    assert not access.visible_requests(acts.user(cast.DELEGATE)).filter(pk=before.pk).exists()


def test_a_delegation_for_another_year_is_given_again_by_hand(directory, clock):
    delegating.give(days=365)
    clock.set("2027-03-03")
    tasks.sweep_delegations()
    again = delegating.give(days=364)
    assert again.starts_on - timedelta(days=1) == date(2027, 3, 2)
