"""What always holds, whatever has happened in whatever order. Each is asked after each step.

The judge knows the tool's rows and the server's own entries, and works out from these, in its simplest way,
what should be; it asks no rule of the tool's. An invariant is a function that yields what is wrong.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from django.utils import timezone
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from provisioning.audit import verify
from provisioning.audit.events import Action
from provisioning.audit.tables import Tables
from provisioning.models import (
    BY_A_PERSON,
    AccessRequest,
    AuditEntry,
    Delegation,
    Finding,
    Grant,
    Handler,
    HandlerRole,
    Removal,
    Review,
    ReviewItem,
    ReviewState,
)
from provisioning.rules.drift.differences import (
    COMMISSION_KINDS,
    PERSON_KINDS,
    PROFESSION_KINDS,
    PROVIDER_KINDS,
    UNIT_KINDS,
    VALUE_KINDS,
    DriftKind,
)
from provisioning.rules.hsa import Level
from provisioning.rules.states.request import OPEN, RequestState
from provisioning.rules.states.right import EndCause, GrantState, RemovalState
from tests.life import waiting
from tests.life.story import Story
from tests.life.truth import PURPOSE, Truth, Value, is_over, is_over_after, is_own_role, needed_by
from tests.life.waiting import Look
from tests.life.world import World


class Broken(AssertionError):
    """An invariant does not hold. `rule` is its name."""

    def __init__(self, rule: str, what: str):
        super().__init__(f"{rule}: {what}")
        self.rule = rule


@dataclass
class Before:
    """The states that the step before left, by key."""

    removals: Mapping[int, str] = field(default_factory=dict)
    findings: Mapping[int, str] = field(default_factory=dict)
    grants: Mapping[int, str] = field(default_factory=dict)


class Now:
    """All rows after a step, and what is true."""

    def __init__(self, world: World, story: Story, before: Before):
        self.told = story.read_on()
        self.story, self.before, self.truth = story, before, world.truth
        self.truth_of_hsa = world.truth_of_hsa if world.reads_hsa else world.truth
        self.was_disturbed = world.has_happened_meanwhile
        self.moment = timezone.now()
        self.today: date = timezone.localdate()
        self.requests = list(
            AccessRequest.objects.select_related("order").defer("assessment", "hsa_shows").order_by("pk")
        )
        self.grants = list(Grant.objects.order_by("pk"))
        self.removals = list(Removal.objects.order_by("pk"))
        self.findings = list(Finding.objects.order_by("pk"))
        self.reviews = list(Review.objects.order_by("pk"))
        self.items = list(ReviewItem.objects.order_by("pk"))
        self.look = Look()

    @cached_property
    def in_force(self) -> list[Grant]:
        return [grant for grant in self.grants if grant.current_state is GrantState.ACTIVE]

    def next(self) -> Before:
        return Before(
            {row.pk: row.state for row in self.removals},
            {row.pk: row.state for row in self.findings},
            {row.pk: row.state for row in self.grants},
        )

    def newly(self, state: RemovalState) -> list[Removal]:
        return [
            row
            for row in self.removals
            if row.current_state is state and self.before.removals.get(row.pk) != state.value
        ]


Invariant = Callable[[Now], Iterator[str]]


# -- no right without attestation by somebody else -----------------------------------------------------------


def rights_are_attested_by_somebody_else(now: Now) -> Iterator[str]:
    for request in now.requests:
        needs_it = request.is_open and request.current_state not in (
            RequestState.AWAITING_ATTESTATION,
            RequestState.AWAITING_SECOND_ATTESTATION,
        )
        if not (needs_it or request.current_state is RequestState.DONE or request.grant_id is not None):
            continue
        attesters = [request.attester_id]
        if request.level == Level.PROVIDER.value:
            attesters.append(request.second_attester_id)
        if None in attesters or request.subject_key in attesters or len(set(attesters)) < len(attesters):
            yield f"{request.case_number} {request.state}: attested by {attesters}"
        if now.story.attesters.get(str(request.public_id)) != attesters:
            yield f"{request.case_number}: the log tells of other attesters"
    origins = {request.pk: request for request in now.requests}
    for grant in now.grants:
        if origins[grant.origin_id].current_state is not RequestState.DONE:
            yield f"grant {grant.pk} comes of a request that is not done"


def who_attests_holds_the_mandate(now: Now) -> Iterator[str]:
    """The head of the unit or of one above, or who stands in for such a head, at that moment."""
    if now.was_disturbed:
        return
    for entry in now.told:
        if entry.action not in (Action.ATTESTED, Action.SECOND_ATTESTED):
            continue
        request = next(one for one in now.requests if one.public_id == entry.request_id)
        if request.level == Level.PROVIDER.value:
            heads = {
                one.casefold()
                for place in now.truth.places.values()
                for one in place.values("hsaHealthCareUnitManager")
                if entry.action == Action.ATTESTED or place.hsa_id == request.unit_hsa_id
            }
        else:
            heads = now.truth.heads_above(request.unit_dn)
        principal = entry.principal_id
        if (principal or entry.actor_id) not in heads:
            yield f"{request.case_number}: attested by {entry.actor_id}, who heads nothing at or above it"
        if principal is not None and not _stands_in(now, entry, request):
            yield f"{request.case_number}: {entry.actor_id} does not stand in for {principal}"


def _stands_in(now: Now, entry: AuditEntry, request: AccessRequest) -> bool:
    return any(
        row.starts_on <= now.today <= row.ends_on
        for row in Delegation.objects.filter(
            principal_id=entry.principal_id, delegate_id=entry.actor_id, ended_at=None, kind="attesting"
        )
    )


# -- no removal reported while the value is in the directory -------------------------------------------------


def what_is_reported_gone_is_gone(now: Now) -> Iterator[str]:
    """By the server's own entries at that moment; but for what another right in force needs."""
    if now.was_disturbed:
        return
    for removal in now.newly(RemovalState.DONE):
        for one in _values_of(now, removal):
            if not needed_by(now.in_force, now.truth, one, removal.subject_key):
                yield f"{removal.case_number}: {one} is there still"
        for one in now.truth_of_hsa.left_of(removal, on=now.today) if removal.grant_id else ():
            if not needed_by(now.in_force, now.truth_of_hsa, one, removal.subject_key):
                yield f"{removal.case_number}: {one} is in HSA still"
        if removal.verified_at is None or not removal.evidence.filter(moment="verification").exists():
            yield f"{removal.case_number}: nothing proves it"


def _values_of(now: Now, removal: Removal) -> list[Value]:
    named = [Value(data["dn"], data["attribute"], data["remove"]) for data in removal.changes + removal.asked]
    found = [one for one in named if now.truth.holds(one, on=now.today)]
    return found + (now.truth.left_of(removal, on=now.today) if removal.grant_id else [])


def a_removal_that_was_not_needed_has_a_true_reason(now: Now) -> Iterator[str]:
    if now.was_disturbed:
        return
    for removal in now.newly(RemovalState.NOT_NEEDED):
        rights = [grant for grant in now.in_force if grant.subject_key == removal.subject_key]
        if removal.end_code == "removal.renewed":
            is_true = removal.grant_id in [grant.pk for grant in rights]
        elif removal.end_code == "removal.needed_by_another":
            is_true = any(
                needed_by(rights, now.truth, one, removal.subject_key) for one in _values_of(now, removal)
            )
        else:
            is_true = removal.end_code == "removal.commission_stays" and not _values_of(now, removal)
        if not is_true:
            yield f"{removal.case_number}: {removal.end_code}"


# -- no value removed that another right needs ---------------------------------------------------------------


def nobody_is_asked_to_remove_what_a_right_needs(now: Now) -> Iterator[str]:
    """Unless the tool is to look at it again at once; and never a coupling that care needs."""
    for removal in now.removals:
        if removal.current_state is not RemovalState.AWAITING_KIV:
            continue
        is_looked_at_now = removal.next_poll_at is not None and removal.next_poll_at <= now.moment
        for data in removal.changes:
            one = Value(data["dn"], data["attribute"], data["remove"])
            rights = needed_by(now.in_force, now.truth, one, removal.subject_key)
            if rights and not is_looked_at_now:
                yield f"{removal.case_number} asks for {one.value}, which {rights} need"
            is_care = one.attribute == "hsaCommissionMember" and now.truth.purpose_of(one.dn) not in (
                "",
                PURPOSE["intygsstatistik"],
            )
            if is_care:
                yield f"{removal.case_number} asks for a coupling that care needs"


def only_what_was_ordered_is_set(now: Now) -> Iterator[str]:
    for request in now.requests:
        if request.current_state is not RequestState.AWAITING_KIV:
            continue
        for data in request.changes:
            if data["attribute"] == "hsaSystemRole":
                person = now.truth.entry(data["dn"])
                is_own = person is None or person.hsa_id.casefold() == request.subject_key
                is_right = is_own and _is_role_of(request, data["add"])
            else:
                is_right = data["add"].split(";")[0].casefold() == request.subject_key
            if not is_right:
                yield f"{request.case_number} asks for {data}"


def _is_role_of(request: AccessRequest, value: str) -> bool:
    right = Grant(
        service=request.service,
        level=request.level,
        unit_hsa_id=request.unit_hsa_id,
        wanted_unit_hsa_id="",
    )
    return is_own_role(right, value)


def a_new_right_stands_on_its_values(now: Now) -> Iterator[str]:
    """At the moment it is given: its own role or coupling is there, and the person employed."""
    if now.was_disturbed:
        return
    for grant in now.grants:
        is_new = grant.pk not in now.before.grants
        if not is_new or grant.level == Level.OWN.value:
            continue
        for truth in (now.truth, now.truth_of_hsa):
            if not truth.left_of(grant, on=now.today):
                yield f"grant {grant.pk} was given, and its value is not there"
        if not now.truth.is_employed(grant.subject_key, on=now.today):
            yield f"grant {grant.pk} was given to somebody who is not employed"


# -- nothing waits without a next nudge ----------------------------------------------------------------------


def everything_that_waits_is_nudged(now: Now) -> Iterator[str]:
    for rows, table, kind in (
        (now.requests, waiting.REQUESTS, RequestState),
        (now.removals, waiting.REMOVALS, RemovalState),
        (now.grants, waiting.GRANTS, GrantState),
        (now.findings, waiting.FINDINGS, Finding.State),
        (now.reviews, waiting.REVIEWS, ReviewState),
    ):
        for row in rows:
            waits = table[kind(row.state)]  # type: ignore[index]
            if waits.whose is not waiting.Next.NOTHING and not waits.is_found(now.look, row):
                yield f"{row}, {row.state}: not found by “{waits.sweep}”"
            if waits.whose is waiting.Next.NOTHING and isinstance(row, AccessRequest | Removal):
                left = now.look.tasks_of(row)
                if left:
                    yield f"{row}, {row.state}: its process goes on, {left}"


def work_never_fails_oddly(now: Now) -> Iterator[str]:
    """An error that nobody foresaw puts the work off, again and again: it must not hide so."""
    for task in Task.objects.filter(status__in=[STATUS.SCHEDULED, STATUS.ERROR]).order_by("pk"):
        if "error" in task.data or task.status == STATUS.ERROR:
            yield f"{task.flow_task}: {task.data}"


def a_closed_review_has_nothing_undecided(now: Now) -> Iterator[str]:
    closed = {row.pk for row in now.reviews if row.state == ReviewState.CLOSED}
    for item in now.items:
        if item.review_id in closed and not item.decision:
            yield f"item {item.pk}"
    undecided = {item.review_id for item in now.items if not item.decision}
    for review in now.reviews:
        if review.pk not in closed and review.pk not in undecided:
            yield f"review {review.pk} is open, and nothing is left"


# -- every change of state is told ---------------------------------------------------------------------------


def the_event_log_tells_every_state(now: Now) -> Iterator[str]:
    story = now.story
    for rows, told in (
        (now.requests, story.requests),
        (now.grants, story.grants),
        (now.removals, story.removals),
        (now.findings, story.findings),
        (now.reviews, story.reviews),
    ):
        for row in rows:
            if told.get(str(row.public_id)) != row.state:
                yield f"{row} is {row.state}, but the log says {told.get(str(row.public_id))}"
    for grant in now.grants:
        if story.last_days[str(grant.public_id)] != grant.ends_on.isoformat():
            yield f"grant {grant.pk} ends on {grant.ends_on}, but the log says another day"
    yield from _decisions_not_told(now)
    for lent in Delegation.objects.all():
        if story.delegations.get(str(lent.public_id)) is not (lent.ended_at is None):
            yield f"delegation {lent.pk}"


def tables_and_chain_agree(now: Now) -> Iterator[str]:
    """Every row says what the last entry about it holds."""
    for one in now.story.tables.compare().deviations:
        yield one.text


def _decisions_not_told(now: Now) -> Iterator[str]:
    reviews = {row.pk: str(row.public_id) for row in now.reviews}
    rights = {row.pk: str(row.public_id) for row in now.grants}
    for item in now.items:
        told = now.story.decisions.get((reviews[item.review_id], rights[item.grant_id]), "")
        if told != item.decision:
            yield f"item {item.pk} is {item.decision or 'undecided'}, but the log says {told or 'nothing'}"


# -- four eyes, one of each, findings ------------------------------------------------------------------------


def nobody_decides_on_themselves(now: Now) -> Iterator[str]:
    for request in now.requests:
        shut_out = {request.subject_key, request.attester_id, request.second_attester_id}
        if request.carried_out_by_id is not None and request.carried_out_by_id in shut_out:
            yield f"{request.case_number} carried out by {request.carried_out_by_id}"
    for removal in now.removals:
        if removal.carried_out_by_id == removal.subject_key:
            yield f"{removal.case_number} carried out by its subject"
        gave_it_back = removal.cause == EndCause.PERSON.value
        if (removal.started_by_id == removal.subject_key) is not gave_it_back:
            yield f"{removal.case_number} ({removal.cause}) started by {removal.started_by_id}"
    for item in now.items:
        if item.reviewer_id == item.subject_key or (item.decision in BY_A_PERSON and not item.reviewer_id):
            yield f"item {item.pk} reviewed by {item.reviewer_id}"
    for finding in now.findings:
        if finding.settled_by_id == finding.subject_key:
            yield f"finding {finding.pk} settled by its subject"


def nobody_is_asked_about_themselves(now: Now) -> Iterator[str]:
    subjects = {("request", row.pk): row.subject_key for row in now.requests}
    subjects |= {("removal", row.pk): row.subject_key for row in now.removals}
    for request, removal, key in Handler.objects.values_list("request_id", "removal_id", "person_key"):
        if subjects[("request", request) if request else ("removal", removal)] == key:
            yield f"{key} has their own case"


def a_case_is_with_those_whose_turn_it_is(now: Now) -> Iterator[str]:
    roles = {
        RequestState.AWAITING_ATTESTATION.value: HandlerRole.ATTESTER,
        RequestState.AWAITING_SECOND_ATTESTATION.value: HandlerRole.SECOND_ATTESTER,
        RequestState.AWAITING_CHOICE.value: HandlerRole.CHOOSER,
        RequestState.AWAITING_KIV.value: HandlerRole.KIV_ADMINISTRATOR,
    }
    states = {("request", row.pk): row.state for row in now.requests}
    states |= {("removal", row.pk): row.state for row in now.removals}
    for request, removal, role in Handler.objects.values_list("request_id", "removal_id", "role"):
        state = states[("request", request) if request else ("removal", removal)]
        if roles.get(state) != role:
            yield f"a {role} has a case that is {state}"


def there_is_one_of_each(now: Now) -> Iterator[str]:
    def right(row: AccessRequest | Grant) -> tuple[str, ...]:
        return row.subject_key, row.service, row.level, row.unit_key

    several = Counter(("request", *right(row)) for row in now.requests if row.current_state in OPEN)
    several += Counter(("grant", *right(row)) for row in now.grants if row.is_living)
    several += Counter(("removal", str(row.grant_id)) for row in now.removals if row.is_open and row.grant_id)
    several += Counter(("review", row.unit_key) for row in now.reviews if row.is_open)
    for what, count in several.items():
        if count > 1:
            yield f"{count} open at once: {what}"


def a_right_that_ends_has_its_cause(now: Now) -> Iterator[str]:
    """In force, and nothing takes it away; or being ended, and its last day or somebody has said so."""
    being_removed = {row.grant_id for row in now.removals if row.is_open and row.grant_id}
    for grant in now.grants:
        if grant.current_state is GrantState.ENDED and grant.pk in being_removed:
            is_superseded = any(
                other.pk > grant.pk and other.unit_key == grant.unit_key and other.is_living
                for other in now.grants
                if other.subject_key == grant.subject_key
            )
            if not is_superseded:
                yield f"grant {grant.pk} has ended, and its removal goes on"


def who_has_left_has_no_orders(now: Now) -> Iterator[str]:
    for request in now.requests:
        if request.end_code.startswith("person.") and request.is_open:
            yield f"{request.case_number}"


def findings_are_true(now: Now) -> Iterator[str]:
    """What is found is so, and what is over is so no more: whatever the answers were like."""
    if now.was_disturbed:
        return
    for finding in now.findings:
        was = now.before.findings.get(finding.pk)
        if was is None and finding.state != Finding.State.OVER and not _is_so(now, finding):
            yield f"found, and not so: {finding.kind} {finding.subject_key} {finding.value}"
        is_newly_over = finding.state == Finding.State.OVER and was not in (None, Finding.State.OVER)
        if is_newly_over and _is_so(now, finding) and not _is_settled(now, finding):
            yield f"over, and still so: {finding.kind} {finding.subject_key} {finding.value}"


def _is_so(now: Now, finding: Finding) -> bool:
    truth, kind, today = now.truth, finding.what, now.today
    person = truth.persons.get(finding.subject_key)
    place = truth.places.get(finding.unit_key)
    if kind in PERSON_KINDS:
        return not truth.is_employed(finding.subject_key, on=today)
    if kind in UNIT_KINDS:
        is_archived = place is not None and "hsaarchivedobject" in place.classes
        return place is None or is_archived or is_over_after(place.first("hsaEndDate"), on=today)
    if kind in PROVIDER_KINDS:
        provider = truth.places.get(
            place.first("hsaResponsibleHealthCareProvider").casefold() if place else ""
        )
        found = provider or place
        return found is None or is_over_after(found.first("hsaEndDate"), on=today)
    if kind in COMMISSION_KINDS:
        return not _is_coupled(truth, finding, today)
    if kind is DriftKind.ROLE_MISSING:
        grant = next(one for one in now.grants if one.pk == finding.grant_id)
        return not any(is_own_role(grant, one.value) for one in truth.roles(finding.subject_key))
    if kind is DriftKind.SUB_UNIT_MOVED:
        grant = next(one for one in now.grants if one.pk == finding.grant_id)
        members = place.values("hsaHealthCareUnitMember") if place else ()
        return grant.wanted_unit_hsa_id not in members
    if kind in PROFESSION_KINDS:
        is_doctor = person is not None and "Läkare" in person.values("hsaTitle")
        return is_doctor is (kind is DriftKind.BECAME_DOCTOR)
    return finding.value in [one.value for one in truth.roles(finding.subject_key)]


def _is_coupled(truth: Truth, finding: Finding, today: date) -> bool:
    """Surely coupled: one whose dates can be read, and that has begun."""
    for one in truth.couplings(finding.subject_key):
        start = (*one.value.split(";"), "", "")[1]
        has_begun = not start or is_over_after(start, on=today, is_exclusive=True)
        is_its = truth.purpose_of(one.dn) == PURPOSE[finding.service]
        is_here = is_its and truth.unit_of(one.dn) == finding.unit_key
        if is_here and has_begun and not is_over(one.value, on=today):
            return True
    return False


def _is_settled(now: Now, finding: Finding) -> bool:
    """Over for another reason: the right has ended, explains the value now, or something graver is found."""
    others = [one for one in now.findings if one.state != Finding.State.OVER and one.pk != finding.pk]
    of_the_same = [one for one in others if one.subject_key == finding.subject_key]
    if finding.what in VALUE_KINDS:
        rights = [row for row in now.grants if row.is_living and row.subject_key == finding.subject_key]
        asked = [row for row in now.requests if row.is_open and row.subject_key == finding.subject_key]
        is_explained = any(is_own_role(right, finding.value) for right in rights)
        is_explained = is_explained or any(_is_role_of(row, finding.value) for row in asked)
        return is_explained or any(one.value == finding.value for one in of_the_same)
    grant = next((one for one in now.grants if one.pk == finding.grant_id), None)
    if grant is None or grant.current_state is not GrantState.ACTIVE:
        return True
    return any(one.unit_key == finding.unit_key for one in of_the_same)


INVARIANTS: tuple[Invariant, ...] = (
    rights_are_attested_by_somebody_else,
    who_attests_holds_the_mandate,
    what_is_reported_gone_is_gone,
    a_removal_that_was_not_needed_has_a_true_reason,
    nobody_is_asked_to_remove_what_a_right_needs,
    only_what_was_ordered_is_set,
    a_new_right_stands_on_its_values,
    everything_that_waits_is_nudged,
    work_never_fails_oddly,
    a_closed_review_has_nothing_undecided,
    the_event_log_tells_every_state,
    tables_and_chain_agree,
    nobody_decides_on_themselves,
    nobody_is_asked_about_themselves,
    a_case_is_with_those_whose_turn_it_is,
    there_is_one_of_each,
    a_right_that_ends_has_its_cause,
    who_has_left_has_no_orders,
    findings_are_true,
)


class Judge:
    """Watches one life from its beginning."""

    def __init__(self, world: World):
        self._world, self._story, self._before = world, Story(), Before()
        self.now = Now(world, self._story, self._before)

    def look(self) -> Now:
        """Ask every invariant. Raises Broken."""
        self.now = now = Now(self._world, self._story, self._before)
        for invariant in INVARIANTS:
            for what in invariant(now):
                raise Broken(invariant.__name__, what)
        self._before = now.next()
        return now

    @property
    def told(self) -> int:
        """How many entries the event log has."""
        return AuditEntry.objects.count()

    def after_a_sweep(self) -> None:
        """A full sweep that could read everything has found everything."""
        now = Now(self._world, Story(), Before())
        for request in now.requests:
            if request.is_open and not now.truth.is_employed(request.subject_key, on=now.today):
                raise Broken("who_has_left_has_no_orders", request.case_number)
        found = {row.grant_id for row in now.findings if row.state != Finding.State.OVER}
        for grant in now.in_force:
            rests_on_a_value = grant.level != Level.OWN.value
            place = now.truth.places.get(grant.unit_key)
            members = place.values("hsaHealthCareUnitMember") if place else ()
            has_moved = grant.wanted_unit_hsa_id not in ("", *members)
            is_lost = has_moved or (rests_on_a_value and not now.truth.left_of(grant, on=now.today))
            if is_lost and grant.pk not in found:
                raise Broken("what_is_lost_is_found", f"grant {grant.pk}")

    def close(self) -> None:
        """At the end of a life: log and tables have not been touched since they were signed."""
        tables = Tables()
        found = [one for one in verify.verify([], take=tables.take).findings if one.kind != "unguarded"]
        if found:
            raise Broken("the_chain_holds", str(found))
        deviations = tables.compare().deviations
        if deviations:
            raise Broken("the_tables_say_what_is_signed", "; ".join(one.text for one in deviations))


def written() -> tuple[object, ...]:
    """All that an act could have written, but for the record of its being refused."""
    return (
        AuditEntry.objects.exclude(action=Action.REFUSED).count(),
        *(
            tuple(table.objects.order_by("pk").values_list(*columns))
            for table, columns in (
                (AccessRequest, ("pk", "state", "attester", "reported_done_at", "grant")),
                (Grant, ("pk", "state", "ends_on", "let_end_at", "next_review_on")),
                (Removal, ("pk", "state", "reported_done_at")),
                (Finding, ("pk", "state", "settled_by")),
                (Review, ("pk", "state", "due_on")),
                (ReviewItem, ("pk", "decision", "reviewer")),
                (Delegation, ("pk", "ended_at")),
                (Handler, ("pk",)),
            )
        ),
    )
