"""Doings in any order, as Hypothesis picks them: always some rights first, then whatever is possible."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from provisioning.orders import carry_out as orders_carry_out
from provisioning.orders.draft import Choice
from provisioning.removals import carry_out as removals_carry_out
from provisioning.rules.drift.differences import NextStep
from provisioning.rules.hsa import HsaId, Level, Service
from provisioning.rules.mandates import Delegable
from provisioning.rules.states.request import OPEN, RequestState
from provisioning.rules.states.right import GrantState, RemovalState
from tests import cast
from tests.life.doings import HEAD_OF_EKLIDEN, SWEEPS, UNATTESTED, By, Doings, Wish
from tests.life.edits import EDITS
from tests.life.world import FAULTS, World

WISHES = (
    Wish(cast.COORDINATOR),
    Wish(cast.SETTLED),
    Wish(cast.DOCTOR),
    Wish(cast.DOCTOR, level=Level.OWN),
    Wish(cast.COORDINATOR, unit=cast.BJORKHAGA_BVC),
    Wish(cast.SETTLED, unit=cast.EKLIDEN),
    Wish(cast.COORDINATOR, Service.INTYGSSTATISTIK),
    Wish(cast.SETTLED, Service.INTYGSSTATISTIK),
    Wish(cast.SETTLED, Service.INTYGSSTATISTIK, unit=cast.BJORKHAGA_REHAB),
    Wish(cast.DOCTOR, Service.INTYGSSTATISTIK),
    Wish(cast.SETTLED, Service.INTYGSSTATISTIK, Level.PROVIDER, cast.PROVIDER),
    Wish(cast.DOCTOR, Service.INTYGSSTATISTIK, Level.PROVIDER, cast.PROVIDER),
    Wish(cast.HEAD),
    Wish(cast.HEAD, Service.INTYGSSTATISTIK),
    Wish(cast.KIV_ADMINISTRATOR, Service.INTYGSSTATISTIK),
    Wish(cast.DELEGATE, Service.INTYGSSTATISTIK),
    Wish(cast.COORDINATOR_UNCOUPLED),
    Wish(cast.COORDINATOR_NO_COMMISSION, unit=cast.ALMBY),
)
KEEPS = ((True, False), (True, None, True), (False,), (True, True, True, True, True, True))
SUBJECTS = tuple(dict.fromkeys(wish.who for wish in WISHES))
STAFF = (
    cast.HEAD,
    cast.HEAD_ABOVE,
    cast.PROVIDER_HEAD,
    cast.DELEGATE,
    HEAD_OF_EKLIDEN,
    cast.KIV_ADMINISTRATOR,
    cast.KIV_ADMINISTRATOR_ABOVE,
    cast.AUDITOR,
    cast.OUTSIDER,
)

Doing = Callable[[Doings, int, By], None]
IsPossible = Callable[[Doings], object]


def _cases(*states: RequestState) -> IsPossible:
    return lambda doings: doings.requests_in(*states)


def _rights(*states: GrantState) -> IsPossible:
    return lambda doings: doings.grants_in(*states)


def _removals(*states: RemovalState) -> IsPossible:
    return lambda doings: doings.removals_in(*states)


def _always(doings: Doings) -> bool:
    return True


def _each(
    name: str, possible: IsPossible, doing: Callable[..., None], **variants: Iterable[object]
) -> Iterator[tuple[str, tuple[IsPossible, Doing]]]:
    """One entry for each variant of the doing, named after it."""
    [(word, values)] = variants.items()
    for value in values:
        yield f"{name}: {value}", (possible, partial(doing, **{word: value}))


def _kiv_sets(doings: Doings, number: int, _by: By, *, how: str) -> None:
    doings.kiv_sets(number, how)


def _kiv_removes(doings: Doings, number: int, _by: By) -> None:
    doings.kiv_removes(number)


def _delegate(doings: Doings, number: int, by: By, *, kinds: tuple[Delegable, ...]) -> None:
    giver = by if isinstance(by, HsaId) else cast.HEAD
    to = (cast.DELEGATE, cast.DELEGATE, cast.COORDINATOR, cast.KIV_ADMINISTRATOR, cast.HEAD)[number % 5]
    unit = cast.EKLIDEN if giver == HEAD_OF_EKLIDEN else cast.BJORKHAGA
    doings.delegate(kinds, to, giver, unit, days=(5, 60, 400)[number % 3])


def _revoke(doings: Doings, number: int, by: By) -> None:
    doings.revoke(number, by if isinstance(by, HsaId) else cast.HEAD)


_AT_KIV = _cases(RequestState.AWAITING_KIV)
_AT_KIV_TO_GO = _removals(RemovalState.AWAITING_KIV)
_IN_FORCE = _rights(GrantState.ACTIVE)
_LIVING = _rights(GrantState.ACTIVE, GrantState.ENDING)
_UNDER_REVIEW: IsPossible = Doings.open_reviews
_FOUND: IsPossible = Doings.open_findings

# By name: when it can be tried at all, and what it is.
BY_SOMEBODY: Mapping[str, tuple[IsPossible, Doing]] = {
    "attest": (_cases(*UNATTESTED), Doings.attest),
    "reject": (_cases(*UNATTESTED), Doings.reject),
    "withdraw": (_cases(*OPEN), Doings.withdraw),
    "remind": (_cases(*OPEN), Doings.remind),
    **dict(_each("choose", _cases(RequestState.AWAITING_CHOICE), Doings.choose, choice=Choice)),
    **dict(_each("delegate", _always, _delegate, kinds=((Delegable.ATTESTING,), tuple(Delegable)))),
    "revoke": (Doings.open_delegations, _revoke),
    **dict(_each("kiv sets", _AT_KIV, _kiv_sets, how=("right", "case", "blank", "other unit", "sub-unit"))),
    **dict(_each("kiv says done", _AT_KIV, Doings.kiv_says_done, is_already=(True, False))),
    **dict(_each("kiv cannot", _AT_KIV, Doings.kiv_cannot, why=orders_carry_out.CannotSet)),
    "kiv removes": (_AT_KIV_TO_GO, _kiv_removes),
    **dict(_each("kiv says gone", _AT_KIV_TO_GO, Doings.kiv_says_gone, is_already=(True, False))),
    **dict(
        _each(
            "kiv cannot remove", _AT_KIV_TO_GO, Doings.kiv_cannot_remove, why=removals_carry_out.CannotRemove
        )
    ),
    **dict(_each("order again", _LIVING, Doings.order_again, days=(30, 200, 360))),
    "end": (_LIVING, Doings.end),
    "take away": (_LIVING, Doings.take_away),
    "let end": (_IN_FORCE, Doings.let_end),
    "take back": (_removals(RemovalState.LOOKING, RemovalState.AWAITING_KIV), Doings.take_back),
    "begin review": (_IN_FORCE, Doings.begin_review),
    **dict(_each("decide", _UNDER_REVIEW, Doings.decide, keeps=KEEPS)),
    **dict(_each("settle", _FOUND, Doings.settle, step=NextStep)),
}
BY_THE_TOOL: Mapping[str, Callable[[Doings], None]] = {
    "works": Doings.work,
    "syncs": lambda doings: doings.world.sync(),
    **{f"sweeps: {how}": partial(Doings.sweep, how=how) for how in ("full", "changes", "dry")},
    **{f"runs: {name}": partial(Doings.timetable, name=name) for name in SWEEPS},
}
AT_THE_SAME_TIME = ("background work", "KIV tasks", "comparison with the directory", "reviews")

NUMBERS = st.integers(0, 5)
# Mostly who is asked; otherwise anybody at all.
BY = st.sampled_from(("asked", "asked", "asked", "asked", "subject", *STAFF))


def _possible(life: Life) -> st.SearchStrategy[str]:
    doings = life.doings
    return st.sampled_from([name for name, (possible, _doing) in BY_SOMEBODY.items() if possible(doings)])


POSSIBLE = st.runner().flatmap(_possible)


class Life(RuleBasedStateMachine):
    """One region: two care units and their sub-units, their people, and the tool. The test sets `world`."""

    world: ClassVar[World]
    taken: ClassVar[Counter[str]] = Counter()  # of all lives
    reached: ClassVar[set[str]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.doings = Doings(self.world)

    @initialize(
        wishes=st.lists(st.sampled_from(WISHES), min_size=1, max_size=4, unique=True),
        reads_hsa=st.booleans(),
    )
    def rights_first(self, wishes: list[Wish], reads_hsa: bool) -> None:
        if reads_hsa:
            self.doings = Doings(self.world, reads_hsa=True)
        for wish in wishes:
            self.doings.give(wish)

    @rule(what=POSSIBLE, number=NUMBERS, by=BY)
    def somebody(self, what: str, number: int, by: By) -> None:
        BY_SOMEBODY[what][1](self.doings, number, by)

    @rule(what=POSSIBLE, number=NUMBERS)
    def somebody_and_the_tool(self, what: str, number: int) -> None:
        """Who is asked does it, and the tool goes on from there."""
        BY_SOMEBODY[what][1](self.doings, number, "asked")
        self.doings.holds()
        self.doings.work()

    @rule(
        wish=st.sampled_from(WISHES),
        by=BY,
        days=st.sampled_from((300, 20, 364)),
        starts_in=st.sampled_from((0, 0, 9)),
    )
    def order(self, wish: Wish, by: By, days: int, starts_in: int) -> None:
        self.doings.order(wish, by, days, starts_in)

    @rule(
        what=st.sampled_from(sorted(EDITS)),
        who=st.sampled_from(SUBJECTS),
        then=st.sampled_from(("works", "sweeps: full", "sweeps: changes", "")),
    )
    def behind_the_tools_back(self, what: str, who: HsaId, then: str) -> None:
        """And mostly the tool looks at it."""
        EDITS[what](self.world, who)
        if then:
            self.doings.holds()
            BY_THE_TOOL[then](self.doings)

    @rule(what=st.sampled_from(sorted(BY_THE_TOOL)))
    def the_tool(self, what: str) -> None:
        BY_THE_TOOL[what](self.doings)

    @rule(days=st.sampled_from((1, 2, 4, 9, 30, 80, 200)), is_at_work=st.booleans())
    def days_pass(self, days: int, is_at_work: bool) -> None:
        """Not at work: as if every worker were down."""
        if is_at_work:
            self.doings.days_pass(days)
        else:
            self.world.pass_time(days=days)

    @rule(how=st.sampled_from(FAULTS), doings_long=st.integers(1, 3))
    def outage(self, how: str, doings_long: int) -> None:
        self.doings.outage(how, doings_long)

    @rule(number=NUMBERS, how=st.sampled_from(("dies", "is overtaken")))
    def a_worker(self, number: int, how: str) -> None:
        if self.doings.background_work():
            self.doings.a_worker(number, how)

    @rule(tools=st.sampled_from(AT_THE_SAME_TIME), what=POSSIBLE, number=NUMBERS)
    def at_the_same_time(self, tools: str, what: str, number: int) -> None:
        """Somebody acts between the tool's look into the directory and what it writes."""
        act = BY_SOMEBODY[what][1]
        self.doings.at_the_same_time(tools, lambda: act(self.doings, number, "asked"))

    @rule(
        tools=st.sampled_from(AT_THE_SAME_TIME),
        what=st.sampled_from(sorted(EDITS)),
        who=st.sampled_from(SUBJECTS),
    )
    def changed_at_the_same_time(self, tools: str, what: str, who: HsaId) -> None:
        """The directory is changed right after the tool has looked."""
        self.doings.at_the_same_time(tools, lambda: EDITS[what](self.world, who))

    @invariant()
    def holds(self) -> None:
        self.doings.holds()

    def teardown(self) -> None:
        type(self).taken.update(self.doings.taken)
        self.reached.update(self.doings.reached)
        self.doings.close()
