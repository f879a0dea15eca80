"""Short lives, doing by doing: what the mutants are tried in. Each is right as long as nothing is broken."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from provisioning.rules.drift.differences import NextStep
from provisioning.rules.hsa import Level, Service
from provisioning.rules.mandates import Delegable
from provisioning.rules.states.right import RemovalState
from tests import cast
from tests.life.doings import Doings, Wish
from tests.life.edits import EDITS

COORDINATOR = Wish(cast.COORDINATOR)
STATISTICS = Wish(cast.SETTLED, Service.INTYGSSTATISTIK)
PROCESS_LEADER = Wish(cast.SETTLED, Service.INTYGSSTATISTIK, Level.PROVIDER, cast.PROVIDER)

Scenario = Callable[[Doings], None]


def own_wish(life: Doings) -> None:
    """Asked for by the person, tried by everybody, attested by the head."""
    _step(life, "order", COORDINATOR, "subject")
    for by in ("subject", cast.OUTSIDER, cast.KIV_ADMINISTRATOR, "asked"):
        _step(life, "attest", 0, by)
    _until_given(life)


def nothing_to_set(life: Doings) -> None:
    """The role is there already, and nobody ordered it here."""
    _step(life, "order", Wish(cast.SETTLED))
    _step(life, "work")
    assert life.now.in_force


def nothing_has_arrived(life: Doings) -> None:
    """Set in KIV, and the sync has not been."""
    _step(life, "order", COORDINATOR)
    _step(life, "work")
    _step(life, "kiv_sets", 0)
    for name in ("KIV tasks", "background work", "background work"):
        life.world.pass_time(minutes=6)
        _step(life, "timetable", name)
    assert bool(life.now.in_force) is not life.world.reads_hsa


def stand_in(life: Doings) -> None:
    """A delegate could, until the days were over; and the head ends it in words, too."""
    _step(life, "order", COORDINATOR, "subject")
    _step(life, "delegate", (Delegable.ATTESTING,), cast.DELEGATE, cast.HEAD, cast.BJORKHAGA, 5)
    _step(life, "timetable", "handlers")
    life.world.pass_time(days=8)
    _step(life, "attest", 0, cast.DELEGATE)
    _step(life, "revoke", 0)


def other_head(life: Doings) -> None:
    """Who was asked is head of another unit only, when it comes to the decision."""
    _step(life, "order", COORDINATOR, "subject")
    _edit(life, "unit has another head", COORDINATOR)
    _step(life, "attest", 0, "asked")


def process_leader(life: Doings) -> None:
    _step(life, "give", PROCESS_LEADER)
    assert life.now.in_force


def set_wrong_and_right(life: Doings) -> None:
    """The KIV administrator errs, reports, and is told; somebody else may not."""
    _step(life, "order", COORDINATOR)
    _step(life, "work")
    _step(life, "kiv_sets", 0, "other unit")
    for by in ("subject", cast.OUTSIDER, "asked"):
        _step(life, "kiv_says_done", 0, by)
    _until_given(life)


def ended_and_taken_away(life: Doings) -> None:
    """In the middle the directory is down."""
    _step(life, "give", COORDINATOR)
    _step(life, "end", 0)
    _step(life, "outage", "busy", 1)
    _step(life, "work")
    _step(life, "work")
    _step(life, "kiv_says_gone", 0, cast.OUTSIDER)
    _step(life, "kiv_says_gone", 0, "asked")
    _step(life, "kiv_removes", 0)
    _step(life, "work")
    _step(life, "work")
    assert life.removals_in(RemovalState.DONE)


def gone_from_kiv_first(life: Doings) -> None:
    """Where HSA is read, too: the sync takes its time."""
    _step(life, "give", COORDINATOR)
    _step(life, "end", 0)
    _step(life, "work")
    _step(life, "kiv_removes", 0)
    for name in ("KIV tasks", "background work", "background work"):
        life.world.pass_time(minutes=6)
        _step(life, "timetable", name)
    if life.world.reads_hsa:
        assert life.removals_in(RemovalState.AWAITING_HSA)
    _step(life, "work")
    _step(life, "work")
    assert life.removals_in(RemovalState.DONE)


def ended_and_given_anew(life: Doings) -> None:
    """The value is asked for back before it was taken away."""
    _step(life, "give", COORDINATOR)
    _step(life, "end", 0)
    _step(life, "work")
    _step(life, "order_again", 0)
    _step(life, "timetable", "background work")
    _step(life, "timetable", "background work")
    if life.world.reads_hsa:  # given only when it has been seen there
        _step(life, "work")
    if life.removals_in(RemovalState.AWAITING_KIV):
        _step(life, "kiv_removes", 0)
    _step(life, "work")
    assert life.now.in_force


def ended_by_its_day(life: Doings) -> None:
    _step(life, "give", STATISTICS)
    _step(life, "days_pass", 330)
    _step(life, "work")
    _step(life, "kiv_removes", 0)
    _step(life, "work")
    _step(life, "work")


def ended_behind_a_curtain(life: Doings) -> None:
    """The couplings are hidden from the tool just when it looks whether they are gone."""
    _step(life, "give", STATISTICS)
    _step(life, "end", 0)
    _step(life, "outage", "hidden hsaCommissionMember", 1)
    _step(life, "work")
    assert life.removals_in(RemovalState.LOOKING)


def ended_behind_a_lasting_curtain(
    life: Doings, how: str = "hidden hsaCommissionMember", ordered: Wish = STATISTICS
) -> None:
    """The same for hours: no number of looks at what cannot be seen ends the removal."""
    _step(life, "give", ordered)
    _step(life, "end", 0)
    for _hour in range(3):
        _step(life, "outage", how, 2)
        _step(life, "work")
        life.world.pass_time(minutes=65)
        _step(life, "work")
    assert not life.removals_in(RemovalState.DONE)


def ended_and_not_carried_out(life: Doings) -> None:
    """Nobody in KIV does anything, for hours."""
    _step(life, "give", COORDINATOR)
    _step(life, "end", 0)
    for _hour in range(3):
        _step(life, "work")
        life.world.pass_time(minutes=65)
    assert not life.removals_in(RemovalState.DONE)


def ended_in_an_outage(life: Doings) -> None:
    ended_behind_a_lasting_curtain(life, "busy", COORDINATOR)


def ended_and_taken_back(life: Doings) -> None:
    _step(life, "give", COORDINATOR)
    _step(life, "end", 0)
    _step(life, "take_back", 0)
    assert life.now.in_force


def lost_and_found(life: Doings) -> None:
    """Somebody takes a role away; first the directory hides all roles, then it shows what is gone."""
    _step(life, "give", COORDINATOR)
    _step(life, "outage", "hidden hsaSystemRole", 1)
    _step(life, "sweep")
    _edit(life, "role goes", COORDINATOR)
    _step(life, "sweep")
    _step(life, "settle", -1, "subject", NextStep.EXPLAIN)
    _step(life, "settle", -1, "asked", NextStep.EXPLAIN)
    _edit(life, "role comes", COORDINATOR)
    _step(life, "sweep")


def left(life: Doings) -> None:
    """Who has left has no orders, and the rights go to removal."""
    _step(life, "give", COORDINATOR)
    _step(life, "order", Wish(cast.COORDINATOR, Service.INTYGSSTATISTIK), "subject")
    _edit(life, "employment ends", COORDINATOR)
    _step(life, "sweep")
    _step(life, "work")


def reviewed(life: Doings) -> None:
    """The head's own right among others: the one above decides on it."""
    _step(life, "give", COORDINATOR)
    _step(life, "give", Wish(cast.HEAD))
    _step(life, "begin_review", 0)
    _step(life, "decide", 0, cast.HEAD, (True, True))
    _step(life, "decide", 0, cast.HEAD, (True, None))
    _step(life, "decide", 0, cast.HEAD_ABOVE, (False,))


def silently_reviewed(life: Doings) -> None:
    """Nobody answers, in the end."""
    _step(life, "give", COORDINATOR)
    _step(life, "days_pass", 70)
    for _round in range(4):
        _step(life, "days_pass", 9)


def a_worker_is_overtaken(life: Doings) -> None:
    _step(life, "order", COORDINATOR)
    _step(life, "a_worker", 0, "dies")
    _step(life, "a_worker", 0, "is overtaken")
    _until_given(life)


SCENARIOS: Mapping[str, Scenario] = {
    scenario.__name__: scenario
    for scenario in (
        own_wish,
        nothing_to_set,
        nothing_has_arrived,
        stand_in,
        other_head,
        process_leader,
        set_wrong_and_right,
        ended_and_taken_away,
        gone_from_kiv_first,
        ended_and_given_anew,
        ended_by_its_day,
        ended_behind_a_curtain,
        ended_behind_a_lasting_curtain,
        ended_in_an_outage,
        ended_and_not_carried_out,
        ended_and_taken_back,
        lost_and_found,
        left,
        reviewed,
        silently_reviewed,
        a_worker_is_overtaken,
    )
}


def _step(life: Doings, name: str, *arguments: object) -> None:
    getattr(life, name)(*arguments)
    life.holds()


def _edit(life: Doings, name: str, wish: Wish) -> None:
    EDITS[name](life.world, wish.who)
    life.holds()


def _until_given(life: Doings) -> None:
    _step(life, "work")
    _step(life, "kiv_sets", 0)
    _step(life, "work")
    assert life.now.in_force
