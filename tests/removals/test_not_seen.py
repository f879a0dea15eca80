"""A server that hides values for one reading ends no removal of many; what is really gone ends."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.utils import timezone

from provisioning.models import AuditEntry, Finding, OutgoingMessage, Removal
from provisioning.removals import not_seen
from provisioning.rules.states.right import RemovalState
from tests import acts, cast
from tests.clock import pinned
from tests.findings import drifting
from tests.rights import life
from workflows import tasks

pytestmark = pytest.mark.django_db(transaction=True)

PEOPLE = (cast.COORDINATOR, cast.DOCTOR, cast.WRONG_CASE, cast.BLANKS, cast.MALFORMED, cast.WRONG_UNIT)


@pytest.fixture
def clock(monkeypatch):
    return pinned(monkeypatch, "2026-03-02")  # a Monday


@pytest.fixture
def with_kiv(directory, kiv, clock, settings) -> list[Removal]:
    """So many removals of a role, of one person each, that wait for the KIV administrator."""
    settings.OPERATORS = (cast.AUDITOR.text,)
    clock.set("2026-03-02", "10:00")
    for person in PEOPLE:
        kiv.add_value(drifting.person_dn(person), drifting.ROLE, life.ROLE)
    drifting.swept()
    found = Finding.objects.not_over().filter(value=life.ROLE, subject_key__in=[one.folded for one in PEOPLE])
    rows = [life.removal_of_finding(one) for one in found.order_by("pk")]
    assert len(rows) == len(PEOPLE)
    life.work()
    assert states() == {RemovalState.AWAITING_KIV.value}
    return rows


def states() -> set[str]:
    return set(Removal.objects.values_list("state", flat=True))


def open_ones() -> int:
    return Removal.objects.filter(state=RemovalState.AWAITING_KIV.value).count()


def poll(clock, at: str) -> None:
    clock.set("2026-03-02", at)
    Removal.objects.update(next_poll_at=timezone.now())
    tasks.poll_kiv_tasks()


def take_away(kiv, *people) -> None:
    for person in people:
        kiv.remove_value(drifting.person_dn(person), drifting.ROLE, life.ROLE)


def put_back(kiv, *people) -> None:
    for person in people:
        kiv.add_value(drifting.person_dn(person), drifting.ROLE, life.ROLE)


def test_values_hidden_for_one_reading_end_nothing(with_kiv, kiv, clock):
    take_away(kiv, *PEOPLE)
    poll(clock, "10:10")
    assert open_ones() == len(PEOPLE)
    put_back(kiv, *PEOPLE)
    poll(clock, "10:20")
    assert open_ones() == len(PEOPLE)
    assert not Removal.objects.exclude(gone_doubted_at=None).exists()


def test_what_a_second_look_shows_to_be_gone_ends(with_kiv, kiv, clock):
    take_away(kiv, *PEOPLE)
    poll(clock, "10:10")
    poll(clock, "10:14")
    assert open_ones() == len(PEOPLE)
    poll(clock, "10:15")
    assert open_ones() == 0
    assert not OutgoingMessage.objects.filter(kind="sweep_stopped").exists()


def test_a_few_that_are_gone_end_by_one_look(with_kiv, kiv, clock):
    take_away(kiv, *PEOPLE[:4])
    poll(clock, "10:10")
    assert open_ones() == len(PEOPLE) - 4


def test_what_somebody_reported_done_ends_by_one_look(with_kiv, kiv, clock):
    take_away(kiv, *PEOPLE)
    poll(clock, "10:10")
    row = Removal.objects.earliest("pk")
    life.report_done(row)
    row.refresh_from_db()
    assert row.current_state is not RemovalState.AWAITING_KIV
    assert open_ones() == len(PEOPLE) - 1


def test_very_many_are_not_believed_until_an_operator_has_looked(with_kiv, kiv, clock, monkeypatch):
    monkeypatch.setattr(not_seen, "FEW", 3)
    take_away(kiv, *PEOPLE)
    for at in ("10:10", "10:20", "10:30"):
        poll(clock, at)
    assert open_ones() == len(PEOPLE)
    (entry,) = AuditEntry.objects.filter(action="losses.not_believed", data__what="removals")
    assert entry.data == {"what": "removals", "lost": len(PEOPLE), "of": len(PEOPLE)}
    assert OutgoingMessage.objects.get(kind="sweep_stopped").recipient_key == cast.AUDITOR.folded
    call_command("sweep", "--believe-losses", "--full")
    poll(clock, "10:40")
    assert open_ones() == 0


def test_an_operator_who_believes_ends_nothing_that_is_there(with_kiv, kiv, clock):
    take_away(kiv, *PEOPLE)
    poll(clock, "10:10")
    put_back(kiv, *PEOPLE)
    assert not_seen.believe() == len(PEOPLE)
    poll(clock, "10:20")
    assert open_ones() == len(PEOPLE)


def test_one_whose_entry_is_not_there_ends_by_a_look_an_hour_later(with_kiv, directory, clock):
    """A hidden tree lasts longer than minutes, and hides one person as well as many."""
    store, kept = directory.store, directory.store.copy()
    store.delete(drifting.person_dn(PEOPLE[0]))
    for at in ("10:10", "10:20", "11:09"):
        poll(clock, at)
        assert open_ones() == len(PEOPLE)
    for name in ("_entries", "_children", "_equal", "_sorted"):
        setattr(store, name, getattr(kept, name))
    poll(clock, "11:12")
    assert not Removal.objects.exclude(gone_doubted_at=None).exists()
    store.delete(drifting.person_dn(PEOPLE[0]))
    poll(clock, "11:20")
    assert open_ones() == len(PEOPLE)
    poll(clock, "12:20")
    assert open_ones() == len(PEOPLE) - 1


@pytest.fixture
def never_seen(directory, kiv, clock) -> Removal:
    """The value was taken away before the removal's first look."""
    clock.set("2026-03-02", "10:00")
    grant = life.granted(kiv)
    kiv.remove_value(drifting.person_dn(cast.COORDINATOR), drifting.ROLE, life.ROLE)
    return life.removal_by_head(grant)


def look_again(removal: Removal) -> RemovalState:
    acts.make_everything_due()
    tasks.sweep_background()
    removal.refresh_from_db()
    return removal.current_state


def test_what_was_never_seen_ends_by_a_look_an_hour_later(never_seen, clock):
    for at in ("10:00", "10:30", "10:59"):
        clock.set("2026-03-02", at)
        assert look_again(never_seen) is RemovalState.LOOKING
    clock.set("2026-03-02", "11:00")
    look_again(never_seen)
    assert look_again(never_seen) is RemovalState.DONE


def test_what_was_hidden_from_the_first_look_goes_to_the_administrator(never_seen, kiv):
    look_again(never_seen)
    put_back(kiv, cast.COORDINATOR)
    assert look_again(never_seen) is RemovalState.AWAITING_KIV
    assert never_seen.gone_doubted_at is None
