"""A sweep asks at the background's pace and goes last: who waits for a value in KIV never waits for it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from provisioning.directory import open_directory
from provisioning.directory.ldap import pacing
from provisioning.directory.ldap.library import ldap3
from provisioning.directory.ldap.pacing import Lane, OwnSlots, background
from provisioning.models import Sweep
from provisioning.rules.drift.differences import DriftKind
from tests import cast
from tests.findings.drifting import found_of, swept
from tests.rights import life
from tests.workflows.sweeps.test_directory import lose_the_role

pytestmark = pytest.mark.django_db(transaction=True)

PER_SECOND = 5


class Clock:
    """Time that passes only by sleeping. Every turn that is taken is noted, with its lane."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.now = 1000.0
        self.turns: list[tuple[Lane, float]] = []
        self.while_waiting = lambda: None
        taken = OwnSlots.take

        def take(slots: OwnSlots, lane: Lane, gap_seconds: float) -> float:
            seconds = taken(slots, lane, gap_seconds)
            if seconds == 0:
                self.turns.append((lane, self.now))
            return seconds

        monkeypatch.setattr(OwnSlots, "take", take)
        monkeypatch.setattr(pacing, "time", SimpleNamespace(monotonic=lambda: self.now, sleep=self.sleep))

    def sleep(self, seconds: float) -> None:
        self.while_waiting()
        self.now += seconds + 0.00001

    def most_in_a_second(self) -> int:
        moments = [at for _lane, at in self.turns]
        return max(sum(at <= other < at + 0.999 for other in moments) for at in moments)


@pytest.fixture
def clock(monkeypatch, settings) -> Clock:
    settings.DIRECTORY_BACKGROUND_SEARCHES_PER_SECOND = PER_SECOND
    pacing.pace_towards.cache_clear()
    return Clock(monkeypatch)


def test_every_question_of_a_sweep_keeps_the_pace_in_the_last_lane(directory, kiv, clock, monkeypatch):
    """The second look and the telling of owners included."""
    life.granted(kiv)
    lose_the_role(directory, kiv)
    clock.turns.clear()
    asked = []
    for name in ("search", "compare"):
        ask = getattr(ldap3.Connection, name)

        def noted(*arguments, ask=ask, **question):
            asked.append(ask)
            return ask(*arguments, **question)

        monkeypatch.setattr(ldap3.Connection, name, noted)
    assert swept().outcome == Sweep.Outcome.COMPLETE
    assert DriftKind.ROLE_MISSING in found_of(cast.COORDINATOR)
    assert len(asked) == len(clock.turns) > 20
    assert {lane for lane, _at in clock.turns} == {Lane.SWEEP}
    assert clock.most_in_a_second() <= PER_SECOND


def test_the_pulse_gets_the_next_turn_whenever_it_comes_in_a_sweep(directory, kiv, clock):
    """Before each of its turns the sweep waits a while; each time somebody looks for a value in KIV."""
    life.granted(kiv)
    slots = open_directory()._connections._pace._slots
    waits: list[float] = []
    came_at: list[float] = []

    def come() -> None:
        """What Pace.wait does for a pulse in another thread, a step at each of the sweep's naps."""
        if not came_at and len(waits) < 10:
            came_at.append(clock.now)
        if came_at and slots.take(Lane.PULSE, 1 / PER_SECOND) == 0:
            waits.append(clock.now - came_at.pop())

    clock.turns.clear()
    clock.while_waiting = come
    assert swept().outcome == Sweep.Outcome.COMPLETE
    assert len(waits) == 10
    assert max(waits) <= 1 / PER_SECOND + 0.001
    lanes = [lane for lane, _at in clock.turns]
    assert lanes.count(Lane.PULSE) == 10
    assert clock.most_in_a_second() <= PER_SECOND


def test_a_sweep_leaves_the_lane_it_found(directory, kiv):
    with background(Lane.CASE):
        swept()
        assert pacing._lane.get() is Lane.CASE
    swept()
    assert pacing._lane.get() is None
