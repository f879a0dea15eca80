"""What people, KIV and the tool do in one life: real operations, by who may and by who may not.

What is refused must be a real refusal: an error of the project's own, and nothing written. Whom and what a
doing is about is picked by a number among what there is, so that a failing life can be made shorter; -1 is
the latest. `by` is somebody by HSA-id, or “asked”: who it waits for, or “subject”: whom it is about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from django.utils import timezone
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from config.celery import TIMETABLE, app
from provisioning.cases import reminders
from provisioning.directory import open_directory
from provisioning.errors import ProvisioningError
from provisioning.findings import settle
from provisioning.mandates import current, delegations
from provisioning.models import (
    AccessRequest,
    Decision,
    Delegation,
    Finding,
    Grant,
    Removal,
    Review,
    ReviewScope,
    User,
)
from provisioning.orders import carry_out as orders_carry_out
from provisioning.orders import prepare
from provisioning.orders.draft import Choice
from provisioning.removals import carry_out as removals_carry_out
from provisioning.removals import look, moves
from provisioning.reviews import begin as reviews_begin
from provisioning.rights import end
from provisioning.rules.drift.differences import NextStep
from provisioning.rules.hsa import HsaId, Level, Service
from provisioning.rules.mandates import Delegable
from provisioning.rules.states.request import OPEN, RequestState
from provisioning.rules.states.right import GrantState, RemovalState
from tests import acts, cast
from tests.life.invariants import Broken, Judge, Now, written
from tests.life.truth import Value, needed_by
from tests.life.world import ROLE, World
from tests.mandates import delegating
from tests.reviews import sitting
from tests.rights import life
from workflows import steps
from workflows.sweeps import directory as sweeps_directory
from workflows.sweeps import reviews

T = TypeVar("T")
By = HsaId | str

HEAD_OF_EKLIDEN = HsaId("SE0000000000-1041")
ROLE_AT = "INTYG;Rehab-{}"
WHY = "Behövs inte längre på enheten, enligt beslut."
UNATTESTED = (RequestState.AWAITING_ATTESTATION, RequestState.AWAITING_SECOND_ATTESTATION)
# Nothing of a case hangs on these two.
SWEEPS = tuple(sorted(set(TIMETABLE) - {"sessions", "audit checkpoint"}))


@dataclass(frozen=True)
class Wish:
    """What can be ordered."""

    who: HsaId
    service: Service = Service.REHABSTOD
    level: Level = Level.UNIT
    unit: HsaId = cast.BJORKHAGA

    @property
    def head(self) -> HsaId:
        return HEAD_OF_EKLIDEN if self.unit == cast.EKLIDEN else cast.HEAD


class Killed(BaseException):
    """The worker dies: nothing catches it."""


class Doings:
    """One life. After each doing `holds` asks whether everything is as it always must be."""

    def __init__(self, world: World, *, reads_hsa: bool = False):
        world.begin(reads_hsa=reads_hsa)
        self.world = world
        self.judge = Judge(world)
        self.now: Now = self.judge.now
        self.taken: Counter[str] = Counter()  # doings that were not refused
        self.reached: set[str] = set()  # the states that anything was in
        self._outage_lasts = 0

    def holds(self) -> None:
        """After each doing: everything that always holds; and an outage comes to its end."""
        self._look()
        self.world.has_happened_meanwhile = False
        self._outage_lasts -= 1
        if self._outage_lasts == 0:
            self.world.mend()

    def _look(self) -> None:
        self.now = now = self.judge.look()
        for rows in (now.requests, now.grants, now.removals, now.findings, now.reviews):
            self.reached |= {f"{type(row).__name__} {row.state}" for row in rows}

    def close(self) -> None:
        self.world.mend()
        self.judge.close()

    def _attempt(self, name: str, act: Callable[[], T]) -> T | None:
        """Let somebody try. A refusal is the project's own error, and leaves everything as it was."""
        before = written()
        try:
            done = act()
        except ProvisioningError as refusal:
            if not self.world.has_happened_meanwhile and written() != before:
                raise Broken("refusals_write_nothing", f"{name} ({refusal.code})") from refusal
            return None
        self.taken[name] += 1
        return done

    # What there is

    def requests_in(self, *states: RequestState) -> list[AccessRequest]:
        return [row for row in self.now.requests if row.current_state in states]

    def grants_in(self, *states: GrantState) -> list[Grant]:
        return [row for row in self.now.grants if row.current_state in states]

    def removals_in(self, *states: RemovalState) -> list[Removal]:
        return [row for row in self.now.removals if row.current_state in states]

    def open_reviews(self) -> list[Review]:
        return [row for row in self.now.reviews if row.is_open]

    def open_findings(self) -> list[Finding]:
        return [row for row in self.now.findings if row.state == Finding.State.OPEN]

    def explained_findings(self) -> list[Finding]:
        return [row for row in self.now.findings if row.state == Finding.State.EXPLAINED]

    def open_delegations(self) -> list[Delegation]:
        return list(Delegation.objects.filter(ended_at=None).order_by("pk"))

    def background_work(self) -> list[Task]:
        rows = Task.objects.filter(flow_task_type="JOB", status=STATUS.SCHEDULED)
        return list(rows.order_by("pk"))

    # Orders

    def order(self, wish: Wish, by: By = "asked", days: int = 300, starts_in: int = 0) -> None:
        """“Asked” is the head of the unit, who orders for others."""
        who = _who(by, [wish.head.folded], wish.who.folded)
        first = timezone.localdate() + timedelta(days=starts_in)
        self._attempt("order", lambda: _order(wish, who, starts_on=first, days=days))

    def give(self, wish: Wish) -> None:
        """The whole way from order to right, where nothing stands in it: so that a life has rights early."""
        self.order(wish)
        self.holds()
        for state in UNATTESTED:
            if self.requests_in(state):
                self.attest(-1)
                self.holds()
        self.work()
        self.holds()
        if self.requests_in(RequestState.AWAITING_CHOICE):
            self.choose(-1)
            self.work()
            self.holds()
        if self.requests_in(RequestState.AWAITING_KIV):
            self.kiv_sets(-1)
            self.work()
            self.holds()

    def order_again(self, number: int, by: By = "asked", days: int = 200) -> None:
        """Prolong a right, or have one anew that is being ended."""
        grant = _pick(number, self.grants_in(GrantState.ACTIVE, GrantState.ENDING))
        wish = Wish(grant.subject_id, Service(grant.service), Level(grant.level), grant.unit_id)
        who = _who(by, [wish.head.folded], grant.subject_key)
        first = max(timezone.localdate(), grant.ends_on + timedelta(days=1))
        if grant.current_state is GrantState.ENDING:
            first = timezone.localdate()
        self._attempt("order again", lambda: _order(wish, who, starts_on=first, days=days))

    def attest(self, number: int, by: By = "asked") -> None:
        request = _pick(number, self.requests_in(*UNATTESTED))
        who = _who(by, _asked(request), request.subject_key)
        self._attempt("attest", lambda: acts.attest(request, who))

    def reject(self, number: int, by: By = "asked") -> None:
        request = _pick(number, self.requests_in(*UNATTESTED))
        who = _who(by, _asked(request), request.subject_key)
        self._attempt("reject", lambda: acts.reject(request, who))

    def withdraw(self, number: int, by: By = "asked") -> None:
        request = _pick(number, self.requests_in(*OPEN))
        who = _who(by, [request.order.orderer_id], request.subject_key)
        self._attempt("withdraw", lambda: steps.withdraw(request, by=acts.user(who), reason=WHY))

    def choose(self, number: int, by: By = "asked", choice: Choice = Choice.COUPLE) -> None:
        request = _pick(number, self.requests_in(RequestState.AWAITING_CHOICE))
        who = _who(by, [request.order.orderer_id], request.subject_key)
        self._attempt("choose", lambda: acts.choose(request, choice, by=who))

    def remind(self, number: int, by: By = "asked") -> None:
        request = _pick(number, self.requests_in(*OPEN))
        who = _who(by, [request.order.orderer_id], request.subject_key)
        self._attempt("remind", lambda: reminders.remind_others(request, by=acts.user(who)))

    # Delegations

    def delegate(
        self,
        kinds: tuple[Delegable, ...] = (Delegable.ORDERING, Delegable.ATTESTING),
        to: HsaId = cast.DELEGATE,
        by: HsaId = cast.HEAD,
        unit: HsaId = cast.BJORKHAGA,
        days: int = 60,
    ) -> None:
        def give() -> list[Delegation]:
            wish = delegating.wish(to, unit=unit, kinds=kinds, days=days)
            giver = acts.user(by)
            return delegations.give(wish, delegations.look_up(wish, by=giver), by=giver)

        self._attempt("delegate", give)

    def revoke(self, number: int, by: HsaId = cast.HEAD) -> None:
        row = _pick(number, self.open_delegations())
        self._attempt("revoke", lambda: delegating.revoke(row, by))

    # The KIV administrators

    def kiv_sets(self, number: int, how: str = "right") -> None:
        request = _pick(number, self.requests_in(RequestState.AWAITING_KIV))
        for change in request.changes:
            value = change["add"]
            wrong = {
                "case": value.lower(),
                "blank": value + " ",
                "other unit": ROLE_AT.format(cast.EKLIDEN),
                "sub-unit": ROLE_AT.format(cast.BJORKHAGA_REHAB),
            }
            is_role = change["attribute"] == ROLE
            self.world.add_value(
                change["dn"], change["attribute"], wrong.get(how, value) if is_role else value
            )
        self.taken[f"kiv sets {how}"] += 1

    def kiv_says_done(self, number: int, by: By = "asked", is_already: bool = False) -> None:
        request = _pick(number, self.requests_in(RequestState.AWAITING_KIV))
        who = _who(by, _asked(request), request.subject_key)
        self._attempt("kiv says done", lambda: acts.report_done(request, who, already=is_already))

    def kiv_cannot(
        self,
        number: int,
        by: By = "asked",
        why: orders_carry_out.CannotSet = orders_carry_out.CannotSet.NOT_MINE,
    ) -> None:
        request = _pick(number, self.requests_in(RequestState.AWAITING_KIV))
        who = _who(by, _asked(request), request.subject_key)
        self._attempt(f"kiv cannot {why}", lambda: acts.cannot(request, why, who))

    def kiv_removes(self, number: int) -> None:
        """Exactly what the page says: the tool has had its look, and the page has asked once more."""
        removal = _pick(number, self.removals_in(RemovalState.AWAITING_KIV))
        for held in _still_to_remove(removal):
            one = Value(held.dn, held.attribute.value, held.value)
            rights = needed_by(self.now.in_force, self.now.truth, one, removal.subject_key)
            if rights:
                raise Broken("nobody_is_asked_to_remove_what_a_right_needs", f"the page: {one}, {rights}")
            self.world.remove_value(one.dn, one.attribute, one.value)
        self.taken["kiv removes"] += 1

    def kiv_says_gone(self, number: int, by: By = "asked", is_already: bool = False) -> None:
        removal = _pick(number, self.removals_in(RemovalState.AWAITING_KIV))
        who = _who(by, _asked(removal), removal.subject_key)
        self._attempt("kiv says gone", lambda: life.report_done(removal, who, already=is_already))

    def kiv_cannot_remove(
        self,
        number: int,
        by: By = "asked",
        why: removals_carry_out.CannotRemove = removals_carry_out.CannotRemove.OTHER,
    ) -> None:
        removal = _pick(number, self.removals_in(RemovalState.AWAITING_KIV))
        who = _who(by, _asked(removal), removal.subject_key)
        self._attempt(f"kiv cannot remove {why}", lambda: life.cannot(removal, why, who))

    # Rights end

    def end(self, number: int, by: By = "asked") -> None:
        """By the head of the unit; or the person gives it back."""
        grant = _pick(number, self.grants_in(GrantState.ACTIVE, GrantState.ENDING))
        who = _who(by, [_head_of(grant)], grant.subject_key)
        begin = life.removal_by_person if by == "subject" else life.removal_by_head
        self._attempt(f"end by {by}", lambda: begin(grant, who))

    def take_away(self, number: int, by: By = "asked") -> None:
        """The whole way from its end to a directory without it, where nothing stands in it."""
        self.end(number, by)
        self.holds()
        self.work()
        self.holds()
        if self.removals_in(RemovalState.AWAITING_KIV):
            self.kiv_removes(-1)
            self.holds()
            self.work()

    def let_end(self, number: int, by: By = "asked") -> None:
        grant = _pick(number, self.grants_in(GrantState.ACTIVE))
        who = _who(by, [_head_of(grant)], grant.subject_key)

        def decide() -> Grant:
            user = acts.user(who)
            return end.let_end(grant.pk, by=user, mandates=current.read(who), reason=WHY)

        self._attempt("let end", decide)

    def take_back(self, number: int, by: By = "asked") -> None:
        removal = _pick(number, self.removals_in(RemovalState.LOOKING, RemovalState.AWAITING_KIV))
        who = _who(by, [removal.started_by_id], removal.subject_key)
        self._attempt("take back", lambda: life.withdraw(removal, who))

    # Reviews

    def begin_review(self, number: int, by: By = "asked") -> None:
        grant = _pick(number, self.grants_in(GrantState.ACTIVE))
        who = _who(by, [_head_of(grant)], grant.subject_key)

        def begin() -> Review:
            user, place = acts.user(who), reviews_begin.place_of(grant)
            place.scope = ReviewScope.ALL
            reviews_begin.require_may_begin(place, by=user, mandates=current.read(who))
            return reviews.begin(open_directory(), place, by=user)

        self._attempt("begin review", begin)

    def decide(self, number: int, by: By = "asked", keeps: Sequence[bool | None] = (True, False)) -> None:
        """None: not decided yet. “Subject” is the subject of the first that is decided."""
        review = _pick(number, self.open_reviews())
        left = list(review.items.undecided().select_related("grant").order_by("pk"))
        answers = {
            item.grant: Decision.KEEP if keep else Decision.REMOVE
            for item, keep in zip(left, keeps, strict=False)
            if keep is not None
        }
        subject = next((grant.subject_key for grant in answers), cast.HEAD.folded)
        asked = [row.person_key for row in review.reviewers.order_by("pk") if row.person_key != subject]
        who = _who(by, asked, subject)
        self._attempt("decide", lambda: sitting.decide(review, answers, who))

    # Findings

    def sweep(self, how: str = "full") -> None:
        before = written()
        result = sweeps_directory.sweep(
            is_full={"full": True, "changes": False, "dry": True}[how],
            is_dry=how == "dry",
            directory=open_directory(),
        )
        if result is None:
            raise Broken("sweeps_come_to_their_end", "one is under way, though each has ended")
        failed = result.sweep.outcome == result.sweep.Outcome.FAILED
        if how == "dry" and written() != before:
            raise Broken("a_dry_sweep_writes_nothing", "something was written")
        if failed and written()[4] != before[4]:
            raise Broken("findings_are_true", "a sweep that failed has written findings")
        self.taken[f"sweep {how} {result.sweep.outcome}"] += 1
        if how == "full" and result.sweep.outcome == result.sweep.Outcome.COMPLETE:
            self.judge.after_a_sweep()

    def settle(self, number: int, by: By = "asked", step: NextStep = NextStep.EXPLAIN) -> None:
        explained = self.explained_findings() if step is NextStep.RECONSIDER else []
        finding = _pick(number, explained or self.open_findings())
        owner = cast.KIV_ADMINISTRATOR if finding.whose.value == "kiv_administrator" else cast.HEAD
        owner = cast.KIV_ADMINISTRATOR_ABOVE if finding.whose.value == "operators" else owner
        who = _who(by, [owner.folded], finding.subject_key)
        self._attempt(f"settle {step}", lambda: _settle(finding, step, who))

    # The tool, its workers, and time

    def outage(self, how: str, doings_long: int = 1) -> None:
        """It lasts for so many doings, and is mended then."""
        self.world.break_down(how)
        self._outage_lasts = doings_long + 1

    def work(self) -> None:
        """Some minutes, and everything in them that the worker does for cases; and the sync to HSA."""
        for name in ("background work", "KIV tasks", "background work"):
            self.world.pass_time(minutes=6)
            self._run_and_look(name)
        if self.world.reads_hsa:
            self.world.sync()
            self.world.pass_time(minutes=6)
            self._run_and_look("background work")

    def timetable(self, name: str) -> None:
        """One run of the timetable's entry. What is put off because of an odd error is found by the judge."""
        app.tasks[TIMETABLE[name]["task"]]()
        today = timezone.localdate()
        if name == "expiry" and Grant.objects.active().filter(ends_on__lt=today).exists():
            raise Broken("rights_end_on_their_last_day", "the sweep has been there")

    def days_pass(self, days: int) -> None:
        """So many days, and at their end one round of the whole timetable."""
        self.world.pass_time(days=days)
        for name in SWEEPS:
            self._run_and_look(name)

    def _run_and_look(self, name: str) -> None:
        """What is not told changes nothing: the next look finds it, if it did."""
        told = self.judge.told
        self.timetable(name)
        if self.judge.told != told:
            self._look()

    def a_worker(self, number: int, how: str = "dies") -> None:
        """It has claimed a piece of work, and “dies” with it; or it “is overtaken” by one that is faster."""
        task = _pick(number, self.background_work())
        Task.objects.filter(pk=task.pk).update(scheduled=timezone.now())
        node = task.flow_task
        work = node.work

        def slowly(case: AccessRequest | Removal) -> object:
            node.work = work
            if how == "dies":
                raise Killed
            seen = work(case)
            self.world.pass_time(minutes=10)
            steps.run_background(task.pk)
            return seen

        node.work = slowly
        try:
            with suppress(Killed):
                steps.run_background(task.pk)
        finally:
            node.work = work

    def at_the_same_time(self, tools: str, meanwhile: Callable[[], object]) -> None:
        """The tool has looked into the directory; before it writes what follows, something else happens."""
        self.world.pass_time(minutes=6)
        with self.world.meanwhile(meanwhile):
            self.timetable(tools)


def _pick(number: int, rows: Sequence[T]) -> T:
    return rows[-1] if number < 0 else rows[number % len(rows)]


def _who(by: By, asked: Sequence[str | None], subject: str) -> HsaId:
    if isinstance(by, HsaId):
        return by
    keys = [subject] if by == "subject" else [key for key in asked if key] or [cast.HEAD.folded]
    return User.objects.get(pk=keys[0]).identity


def _still_to_remove(removal: Removal):
    return () if look.is_needed_again(removal) else moves.changes_of(removal)


def _asked(case: AccessRequest | Removal) -> list[str]:
    return list(case.handlers.order_by("pk").values_list("person_key", flat=True))


def _head_of(grant: Grant) -> str:
    if grant.level == Level.PROVIDER.value:
        return cast.PROVIDER_HEAD.folded
    return (HEAD_OF_EKLIDEN if grant.unit_id == cast.EKLIDEN else cast.HEAD).folded


def _order(wish: Wish, by: HsaId, **when: object) -> AccessRequest:
    return acts.order(
        by, person_id=wish.who, service=wish.service, level=wish.level, units=[wish.unit], **when
    )


def _settle(finding: Finding, step: NextStep, by: HsaId) -> object:
    user, mandates = acts.user(by), current.read(by)
    if step is NextStep.EXPLAIN:
        return settle.explain(finding, by=user, mandates=mandates, reason=WHY)
    if step is NextStep.RECONSIDER:
        return settle.reconsider(finding, by=user, mandates=mandates, reason=WHY)
    directory = open_directory()
    if step is NextStep.REMOVE:
        return steps.begin_removal(
            settle.begin_removal,
            finding,
            by=user,
            mandates=mandates,
            reason=WHY,
            person=directory.person(finding.subject_id),
            unit=directory.unit(finding.unit_id),
        )
    draft = acts.draft(
        finding.subject_id,
        service=Service(finding.service),
        level=Level(finding.level),
        units=[finding.unit_id],
    )
    return steps.order_for_finding(finding, prepare.prepare(draft, by=user), by=user, mandates=mandates)
