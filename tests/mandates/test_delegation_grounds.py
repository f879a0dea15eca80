"""A delegation ends with what it rests on, by two looks and not by one; nothing ends in large numbers."""

from __future__ import annotations

import pytest

from provisioning.directory import open_directory
from provisioning.mandates import current, delegations, grounds
from provisioning.models import AuditEntry, Delegation, OutgoingMessage, User
from provisioning.rules.drift.share import is_too_much
from provisioning.rules.mandates import Delegable
from tests import acts, cast
from tests.findings import drifting
from tests.mandates import delegating
from workflows import tasks

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("clock")]

PAST = "20200101000000Z"
MANAGER = "hsaHealthCareUnitManager"


def sweep(clock, at):
    clock.set("2026-03-02", at)
    tasks.sweep_delegations()


def told_of_end():
    rows = OutgoingMessage.objects.filter(kind="delegation_ended")
    return set(rows.values_list("recipient_key", flat=True))


def delete_the_delegate(directory, kiv):
    directory.store.delete(drifting.person_dn(cast.DELEGATE))


def archive_the_delegate(directory, kiv):
    kiv.add_value(drifting.person_dn(cast.DELEGATE), drifting.CLASS, "hsaArchivedObject")


def end_the_employment(directory, kiv):
    drifting.replace(kiv, drifting.person_dn(cast.DELEGATE), "hsaEndDate", [PAST])


def give_the_id_to_another_name(directory, kiv):
    dn = drifting.person_dn(cast.DELEGATE)
    drifting.replace(kiv, dn, "fullName", ["Zakarias Quist"])
    drifting.replace(kiv, dn, "displayName", [])


def take_the_head_away(directory, kiv):
    drifting.replace(kiv, drifting.unit_dn(cast.BJORKHAGA), MANAGER, [])


WAYS = [
    (delete_the_delegate, "delegate_left", {cast.HEAD}),
    (archive_the_delegate, "delegate_left", {cast.HEAD}),
    (end_the_employment, "delegate_left", {cast.HEAD}),
    (give_the_id_to_another_name, "another_human", {cast.HEAD}),
    (take_the_head_away, "not_head", {cast.HEAD, cast.DELEGATE}),
]
BY_NAME = [pytest.param(*each, id=each[0].__name__) for each in WAYS]


@pytest.mark.parametrize(("change", "code", "told"), BY_NAME)
def test_a_delegation_ends_by_the_second_look(directory, kiv, clock, change, code, told):
    row = delegating.give()
    change(directory, kiv)
    sweep(clock, "10:00")
    sweep(clock, "10:59")
    row.refresh_from_db()
    assert row.ended_at is None and not told_of_end()
    sweep(clock, "11:00")
    row.refresh_from_db()
    assert row.end_code == code
    assert told_of_end() == {one.folded for one in told}
    (entry,) = AuditEntry.objects.filter(action="delegation.ended")
    assert entry.data["why"] == code
    assert AuditEntry.objects.filter(action="delegation.doubted").count() == 1


@pytest.mark.parametrize(("change", "code", "told"), BY_NAME)
def test_what_is_there_again_at_the_second_look_ends_nothing(directory, kiv, clock, change, code, told):
    row = delegating.give()
    before = directory.store.copy()
    change(directory, kiv)
    sweep(clock, "10:00")
    for name in ("_entries", "_children", "_equal", "_sorted"):
        setattr(directory.store, name, getattr(before, name))
    sweep(clock, "11:00")
    sweep(clock, "12:30")
    row.refresh_from_db()
    assert row.ended_at is None and row.doubt_code == ""
    assert AuditEntry.objects.filter(action="delegation.confirmed").count() == 1
    assert not told_of_end()


def test_a_delegation_does_not_come_back_at_re_employment(directory, kiv, clock):
    delegating.give()
    end_the_employment(directory, kiv)
    sweep(clock, "10:00")
    sweep(clock, "11:00")
    drifting.replace(kiv, drifting.person_dn(cast.DELEGATE), "hsaEndDate", [])
    sweep(clock, "12:00")
    assert not current.read(cast.DELEGATE).delegated
    assert Delegation.objects.get().end_code == "delegate_left"


def test_another_human_acts_on_no_delegation_from_the_first_look(directory, kiv, clock):
    delegating.give()
    assert current.read(cast.DELEGATE).delegated
    give_the_id_to_another_name(directory, kiv)
    sweep(clock, "10:00")
    assert not current.read(cast.DELEGATE).delegated


def test_a_new_surname_is_no_other_human(directory, kiv, clock):
    row = delegating.give()
    dn = drifting.person_dn(cast.DELEGATE)
    person = open_directory().person(cast.DELEGATE)
    drifting.replace(kiv, dn, "personalIdentityNumber", [])
    drifting.replace(kiv, dn, "fullName", [f"{person.name.split()[0]} Nygift"])
    drifting.replace(kiv, dn, "displayName", [])
    sweep(clock, "10:00")
    sweep(clock, "11:00")
    row.refresh_from_db()
    assert row.ended_at is None and row.doubt_code == ""


def test_another_number_under_the_same_name_is_not_compared(directory, kiv, clock):
    """No form of a number is kept, so none can be compared."""
    row = delegating.give()
    drifting.replace(kiv, drifting.person_dn(cast.DELEGATE), "personalIdentityNumber", ["DEMO-77"])
    sweep(clock, "10:00")
    sweep(clock, "11:00")
    row.refresh_from_db()
    assert row.ended_at is None and row.doubt_code == ""


def test_marks_hold_no_name_and_hang_on_no_number(directory, kiv):
    row = delegating.give()
    person = open_directory().person(cast.DELEGATE)
    text = str(row.delegate_marks).casefold()
    assert row.delegate_marks.keys() == {"key", "names"} and row.delegate_marks["names"]
    assert not any(part.casefold() in text for part in person.name.split())
    delegations.revoke(row, by=row.principal, mandates=current.read(cast.HEAD))
    drifting.replace(kiv, drifting.person_dn(cast.DELEGATE), "personalIdentityNumber", ["DEMO-77"])
    assert delegating.give().delegate_marks == row.delegate_marks


def test_marks_under_another_key_say_nothing():
    before = {"key": "a", "names": ["x"]}
    assert not grounds.is_another_human(before, {"key": "b", "names": ["y"]})
    assert not grounds.is_another_human({}, {"key": "b", "names": ["y"]})
    assert not grounds.is_another_human(before, {"key": "a", "names": ["x", "y"]})
    assert not grounds.is_another_human(before, {"key": "a", "names": []})
    assert grounds.is_another_human(before, {"key": "a", "names": ["y"]})


def test_numbers_kept_by_an_older_version_say_nothing():
    before = {"key": "a", "numbers": ["1"], "names": ["x"]}
    assert not grounds.is_another_human(before, {"key": "a", "names": ["x"]})


@pytest.mark.parametrize("older", ["without marks", "with digests of numbers"])
def test_an_older_delegation_gets_marks_of_today_at_the_first_look(directory, clock, older):
    row = delegating.give()
    today = row.delegate_marks
    Delegation.objects.update(delegate_marks={} if older == "without marks" else today | {"numbers": ["1"]})
    sweep(clock, "10:00")
    row.refresh_from_db()
    assert row.delegate_marks == today


def many_delegations(count=6):
    """So many heads, each of a unit of their own, have delegated."""
    first = delegating.give(kinds=(Delegable.ORDERING,))
    for number in range(count - 1):
        head = User.objects.create(hsa_key=f"se0000000000-88{number}", hsa_id=f"SE0000000000-88{number}")
        Delegation.objects.create(
            principal=head,
            delegate=first.delegate,
            unit_key=first.unit_key,
            unit_hsa_id=first.unit_hsa_id,
            kind=first.kind,
            starts_on=first.starts_on,
            ends_on=first.ends_on,
            reason=first.reason,
        )


@pytest.mark.parametrize("change", [take_the_head_away])
def test_all_at_once_is_not_believed_and_the_operators_are_told_once(directory, kiv, clock, settings, change):
    settings.OPERATORS = (cast.AUDITOR.text,)
    many_delegations()
    change(directory, kiv)
    for at in ("10:00", "11:00", "12:00"):
        sweep(clock, at)
    assert not Delegation.objects.exclude(ended_at=None).exists()
    (message,) = OutgoingMessage.objects.filter(kind="sweep_stopped")
    assert message.recipient_key == cast.AUDITOR.folded
    (entry,) = AuditEntry.objects.filter(action="losses.not_believed")
    assert entry.data == {"what": "delegations", "lost": 6, "of": 6}


def test_an_operator_who_has_looked_lets_it_end(directory, kiv, clock):
    many_delegations()
    take_the_head_away(directory, kiv)
    sweep(clock, "10:00")
    delegations.sweep(open_directory(), believes_losses=True)
    assert not Delegation.objects.filter(ended_at=None).exists()


@pytest.mark.parametrize(
    ("lost", "of", "is_doubted"),
    [(0, 0, False), (1, 1, False), (4, 4, False), (5, 5, True), (9, 10, True), (8, 10, False),
     (20, 100, False), (31, 100, True), (30, 100, False)],
)  # fmt: skip
def test_a_share_or_nearly_all_is_too_much(lost, of, is_doubted):
    assert is_too_much(lost, of, percent=30, few=20) is is_doubted


def test_acts_stay_possible_while_a_delegation_is_doubted(directory, kiv, clock):
    """A glitch of one look suspends nothing that the directory shows again."""
    delegating.give()
    request = acts.order(by=cast.COORDINATOR)
    acts.work()
    take_the_head_away(directory, kiv)
    sweep(clock, "10:00")
    drifting.replace(kiv, drifting.unit_dn(cast.BJORKHAGA), MANAGER, [cast.HEAD.text])
    acts.attest(request, cast.DELEGATE)
    request.refresh_from_db()
    assert request.attester_id == cast.DELEGATE.folded
