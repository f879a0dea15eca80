"""Between two looks at everybody, a sweep looks at who was changed in the directory since the last one."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.utils import timezone

from provisioning.directory import open_directory
from provisioning.directory.reading.changed import Changed
from provisioning.errors import DirectoryError, DirectoryTruncated, DirectoryUnavailable
from provisioning.models import Finding, Sweep
from provisioning.rules.drift.differences import DriftKind
from provisioning.rules.hsa import HsaId
from tests import acts, cast
from tests.clock import pinned
from tests.findings import drifting
from tests.findings.drifting import found_of, swept
from tests.findings.test_settle import adopt
from tests.rights import life
from tests.workflows.sweeps.test_directory import leave_the_commission, lose_the_role
from workflows import steps
from workflows.sweeps import directory as sweeps_directory

pytestmark = pytest.mark.django_db(transaction=True)

WHO = cast.COORDINATOR


class Teller:
    """Stands at the door for a server that says what was changed: the mock does not."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.asked_since: list[datetime] = []
        self.looked_at: list[HsaId] = []
        self.trouble: DirectoryError | None = None
        self.changed: Changed | None = Changed(frozenset(), frozenset())
        shared = open_directory()
        read_many = shared.read_many

        def watch(wanted):
            for reading in read_many(wanted):
                self.looked_at.append(reading.person_id)
                yield reading

        monkeypatch.setattr(shared, "read_many", watch)
        monkeypatch.setattr(shared, "changed_since", self.changed_since)

    def changed_since(self, moment: datetime) -> Changed | None:
        self.asked_since.append(moment)
        if self.trouble is not None:
            raise self.trouble
        return self.changed


@pytest.fixture
def teller(directory, kiv, monkeypatch) -> Teller:
    """Somebody has a right, everybody has been looked at, and the server tells from now on."""
    life.granted(kiv)
    swept()
    return Teller(monkeypatch)


def next_sweep() -> Sweep:
    result = sweeps_directory.sweep()
    assert result is not None
    return result.sweep


def test_only_who_was_changed_is_looked_at(directory, kiv, teller):
    lose_the_role(directory, kiv)
    before = set(Finding.objects.not_over().values_list("pk", flat=True))
    teller.changed = Changed(frozenset({WHO}), frozenset())
    sweep = next_sweep()
    assert (sweep.is_full, sweep.outcome, sweep.persons) == (False, Sweep.Outcome.COMPLETE, 1)
    assert teller.looked_at == [WHO]
    assert found_of(WHO) == [DriftKind.ROLE_MISSING]
    assert set(Finding.objects.not_over().values_list("pk", flat=True)) > before, "the others' findings stand"


def test_who_was_taken_out_of_a_commission_is_found_by_its_unit(directory, kiv, teller):
    """Nothing of the commission names the person any more."""
    leave_the_commission(directory, kiv)
    teller.changed = Changed(frozenset(), frozenset({cast.BJORKHAGA}))
    assert not next_sweep().is_full
    assert WHO in teller.looked_at
    assert found_of(WHO) == [DriftKind.COMMISSION_MISSING]


def test_nothing_changed_means_nobody_is_looked_at(teller):
    sweep = next_sweep()
    assert (sweep.is_full, sweep.persons, sweep.outcome) == (False, 0, Sweep.Outcome.COMPLETE)
    assert teller.looked_at == []


def test_it_begins_well_before_the_last_one_that_came_to_its_end(teller):
    """Clocks differ, and a replica may be late; what failed or was incomplete is no beginning."""
    last = Sweep.objects.get(outcome=Sweep.Outcome.COMPLETE)
    for outcome in (Sweep.Outcome.FAILED, Sweep.Outcome.INCOMPLETE, Sweep.Outcome.STOPPED):
        Sweep.objects.create(is_full=False, outcome=outcome, finished_at=timezone.now())
    next_sweep()
    assert teller.asked_since == [last.started_at - sweeps_directory.OVERLAP]


def test_an_unreadable_person_is_looked_at_again_without_a_full_sweep(directory, kiv, teller):
    directory.faults.unreadable_in[drifting.person_dn(WHO)] = {drifting.ROLE}
    teller.changed = Changed(frozenset({WHO}), frozenset())
    first = next_sweep()
    assert (first.outcome, first.again) == (Sweep.Outcome.INCOMPLETE, [WHO.text])

    teller.changed, teller.looked_at[:] = Changed(frozenset(), frozenset()), []
    second = next_sweep()

    assert not second.is_full
    assert teller.asked_since[-1] == first.started_at - sweeps_directory.OVERLAP
    assert teller.looked_at == [WHO]
    first.refresh_from_db()
    assert (first.again, second.again) == ([], [WHO.text])  # remembered once, and for no longer than needed
    directory.faults.clear()
    assert next_sweep().outcome == Sweep.Outcome.COMPLETE
    teller.looked_at[:] = []
    next_sweep()
    assert teller.looked_at == []


def test_too_many_who_cannot_be_read_are_no_beginning(directory, kiv, teller, monkeypatch):
    monkeypatch.setattr(sweeps_directory, "FEW", 0)
    directory.faults.unreadable_in[drifting.person_dn(WHO)] = {drifting.ROLE}
    last = Sweep.objects.get(outcome=Sweep.Outcome.COMPLETE)
    teller.changed = Changed(frozenset({WHO}), frozenset())
    assert next_sweep().again == []
    next_sweep()
    assert teller.asked_since == [last.started_at - sweeps_directory.OVERLAP] * 2


def test_changes_that_are_not_told_leave_everything_as_it_was(directory, kiv, teller):
    lose_the_role(directory, kiv)
    before = set(Finding.objects.values_list("pk", "state"))
    teller.trouble = DirectoryUnavailable()
    sweep = next_sweep()
    assert (sweep.outcome, sweep.code) == (Sweep.Outcome.FAILED, "directory.unavailable")
    assert set(Finding.objects.values_list("pk", "state")) == before
    teller.trouble, teller.changed = None, Changed(frozenset({WHO}), frozenset())
    next_sweep()
    assert teller.asked_since[0] == teller.asked_since[1], "begun where the last good one began"
    assert found_of(WHO) == [DriftKind.ROLE_MISSING]


@pytest.mark.parametrize(
    ("day", "at", "hours", "is_full"),
    [
        ("2027-03-02", "23:59", 24, False),
        ("2027-03-03", "00:01", 24, True),  # what ends by its own date has ended at midnight
        ("2027-03-03", "08:30", 48, False),  # less often by the setting
        ("2027-03-04", "09:01", 48, True),
        ("2027-03-02", "10:01", 1, True),
    ],
)
def test_everybody_is_looked_at_once_a_day_right_after_midnight(
    teller, settings, monkeypatch, day, at, hours, is_full
):
    settings.SWEEP_FULL_EVERY_HOURS = hours
    calendar = pinned(monkeypatch, "2027-03-02")
    Sweep.objects.update(started_at=timezone.now())
    calendar.set(day, at=at)
    assert next_sweep().is_full is is_full
    assert (WHO in teller.looked_at) is is_full


def test_a_server_that_does_not_tell_has_everybody_looked_at(teller):
    teller.changed = None
    assert next_sweep().is_full
    assert WHO in teller.looked_at


def test_a_server_that_cuts_what_was_changed_makes_a_look_at_everybody(directory, kiv, teller):
    """A night's import has touched more than the account gets: nobody waits until tomorrow for that."""
    lose_the_role(directory, kiv)
    teller.trouble = DirectoryTruncated()
    sweep = next_sweep()
    assert (sweep.is_full, sweep.outcome) == (True, Sweep.Outcome.COMPLETE)
    assert found_of(WHO) == [DriftKind.ROLE_MISSING]


def test_a_person_whose_case_has_ended_is_looked_at_again(directory, kiv, teller):
    """The order that was to settle it is withdrawn: the finding is to be settled again, and not tomorrow."""
    lose_the_role(directory, kiv)
    teller.changed = Changed(frozenset({WHO}), frozenset())
    next_sweep()
    request = adopt(drifting.finding(WHO, DriftKind.ROLE_MISSING))
    steps.withdraw(request, by=drifting.head(), reason="Fel sista dag.")
    assert drifting.finding(WHO, DriftKind.ROLE_MISSING).state == Finding.State.SETTLING

    teller.changed = Changed(frozenset(), frozenset())
    assert not next_sweep().is_full
    assert drifting.finding(WHO, DriftKind.ROLE_MISSING).state == Finding.State.OPEN


def test_an_attested_order_ends_the_finding_about_its_role(directory, teller):
    request = acts.order(by=cast.SETTLED, person_id=cast.SETTLED)
    assert found_of(cast.SETTLED) == [DriftKind.ROLE_OUTSIDE]
    acts.attest(request, cast.HEAD)
    assert not next_sweep().is_full
    assert found_of(cast.SETTLED) == []
