"""The operations on a review: opened by the timetable or by somebody, decided right by right, closed.

Each is one transaction that writes state, audit entry and messages together, or nothing; each locks the
review, then its items' grants, before it records anything. None asks the directory: what it said is an
argument. Silence decides nothing that nobody could be asked about. Sources: domain §7 (four eyes), §8
(regular follow-up: keep or remove, by whom, when).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning import audit, dates, four_eyes, grants, mandates, outbox, removals, reviewers
from provisioning.audit import Action
from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.grant_models import Grant
from provisioning.mandates import Mandates
from provisioning.models import AccessRequest, User
from provisioning.notifications import Kind
from provisioning.operators import operator_ids
from provisioning.review_models import (
    Decision,
    Relation,
    Review,
    Reviewer,
    ReviewItem,
    ReviewScope,
    ReviewState,
)
from provisioning.review_readings import Said
from provisioning.reviewers import AskedAbout
from provisioning.rules import deadlines
from provisioning.rules.hsa import HsaId, Level
from provisioning.rules.lifecycle import State
from provisioning.rules.mandates import Act
from provisioning.rules.right_lifecycle import EndCause, GrantState

Start = removals.Start


@dataclass(frozen=True, slots=True)
class Given:
    """One right's answer, as the reviewer gave it."""

    item_pk: int
    decision: Decision  # KEEP or REMOVE
    reason: str
    is_shared: bool = False  # one answer for several rights


def lock(pk: int) -> Review:
    """The row, locked until the transaction ends."""
    return Review.objects.select_for_update().get(pk=pk)


# -- the start -----------------------------------------------------------------------------------------------


def places_due(on: date) -> list[Review]:
    """Units (and providers) with a right whose time for review has come and no open review; not saved."""
    due = Grant.objects.active().filter(next_review_on__lte=on)
    due = due.exclude(unit_key__in=Review.objects.filter(state=ReviewState.OPEN).values("unit_key"))
    found: dict[str, Review] = {}
    for grant in due.order_by("next_review_on", "pk").iterator():
        found.setdefault(grant.unit_key, place_of(grant))
    return list(found.values())


def place_of(grant: Grant) -> Review:
    """A review of the right's unit, not saved."""
    return Review(
        unit_key=grant.unit_key,
        unit_hsa_id=grant.unit_hsa_id,
        unit_name=grant.unit_name,
        is_provider=grant.level == Level.PROVIDER.value,
        scope=ReviewScope.DUE,
    )


def rights_of(place: Review, *, on: date) -> list[Grant]:
    """The rights that such a review is about today: all, or those due now or soon."""
    rows = Grant.objects.active().filter(unit_key=place.unit_key)
    if place.service:
        rows = rows.filter(service=place.service)
    if place.scope == ReviewScope.DUE:
        rows = rows.filter(next_review_on__lte=on + timedelta(days=settings.REVIEW_GATHER_DAYS))
    return list(rows.order_by("pk"))


@transaction.atomic
def begin(place: Review, found: Sequence[AskedAbout], *, by: User | None = None) -> Review:
    """Open the review with one item for each right. `found`: who is asked, as the directory said just now.

    Whoever calls this has checked that it may be done. Raises WrongState while one is open for the unit,
    Invalid where there is nothing to review.
    """
    today = dates.today()
    rights = rights_of(place, on=today)
    if not rights:
        raise Invalid(_("There are no rights to review on this unit."), field="unit")
    place.opened_by, place.escalated_on = by, today
    place.due_on = deadlines.add_working_days(today, settings.REVIEW_WORKING_DAYS)
    try:
        with transaction.atomic():
            place.save(force_insert=True)
    except IntegrityError as exc:  # one_open_review_per_unit, also when two begin it at once
        raise WrongState(_("The rights on this unit are being reviewed already.")) from exc
    ReviewItem.objects.bulk_create(
        [ReviewItem(review=place, grant=grant, subject_key=grant.subject_key) for grant in rights],
        batch_size=500,
    )
    reviewers.assign(place, found)
    audit.record(
        Action.REVIEW_OPENED,
        actor=by,
        about=place,
        scope=str(place.scope),
        service=place.service,
        items=len(rights),
        due=place.due_on.isoformat(),
        reviewers=len(found),
    )
    return place


def require_may_begin(place: Review, *, by: User, held: Mandates) -> None:
    """At will: the head of the unit, who holds the provider's mandate, or an auditor. Raises NotAllowed."""
    is_head = place.unit_id in held.unit_ids or held.is_of_provider(place.unit_id, by)
    if not is_head and not by.is_auditor:
        raise NotAllowed(_("Only the head of the unit, or an auditor, can start a review."))


# -- the decision --------------------------------------------------------------------------------------------


@transaction.atomic
def decide(
    review_pk: int,
    answers: Collection[Given],
    *,
    by: User,
    held: Mandates,
    said: Mapping[int, Said],
    seconds: int,
    start: Start,
) -> int:
    """Save these answers; those not given stay undecided. Returns how many were saved.

    `held`: mandates read just now; `said`: what the directory said just now, by grant key; `seconds`: since
    the page was shown. An item that somebody else has decided meanwhile, or whose right has ended, is passed
    over. Raises NotAllowed (own right, not asked, mandate over), WrongState (closed), Invalid (no reason).
    """
    review = lock(review_pk)
    if not review.is_open:
        raise WrongState
    given = {answer.item_pk: answer for answer in answers}
    items = list(review.items.undecided().select_for_update(of=("self",)).filter(pk__in=given))
    rights = _locked_rights(items)
    rows = list(review.reviewers.filter(person_key=by.pk))
    by_which = {item.pk: _require_reviewer(review, item, rows, by, held) for item in items}
    now, saved = timezone.now(), 0
    for item in items:
        if rights[item.grant_id].current_state is GrantState.ACTIVE:
            item.reviewer, item.decided_at, item.seconds_spent = by, now, seconds
            item.reviewed_for, item.relation = by_which[item.pk]
            _decide(item, rights[item.grant_id], given[item.pk], said)
            saved += 1
        else:
            _settle(item, rights[item.grant_id], Decision.ENDED)
    ReviewItem.objects.filter(pk__in=[item.pk for item in items], reviewer=by).update(batch_size=saved)
    audit.record(Action.REVIEW_DECIDED, actor=by, about=review, items=saved, seconds=seconds)
    for item in items:
        if item.decision == Decision.REMOVE:
            removals.begin(rights[item.grant_id], EndCause.REVIEW, by=by, reason=item.reason, start=start)
    _close_if_decided(review, by=by)
    return saved


def _locked_rights(items: Iterable[ReviewItem]) -> dict[int, Grant]:
    """All at once and in one order, before anything is recorded."""
    keys = [item.grant_id for item in items]
    rows = Grant.objects.select_for_update(of=("self",)).filter(pk__in=keys).order_by("pk")
    return {grant.pk: grant for grant in rows}


def _decide(item: ReviewItem, grant: Grant, given: Given, said: Mapping[int, Said]) -> None:
    if not given.reason.strip():
        raise Invalid(_("Write why the access is kept or removed."), field="reason")
    if given.decision not in (Decision.KEEP, Decision.REMOVE):
        raise Invalid(_("Choose keep or remove."), field="decision")
    seen = said[grant.pk]
    item.decision, item.reason = given.decision, given.reason.strip()
    item.is_shared_answer = given.is_shared
    item.directory_said, item.directory_read_at = seen.verdict, seen.read_at
    item.directory_digest = seen.digest(grant)
    item.save()
    if given.decision == Decision.KEEP:
        grants.record_reviewed(grant, opened_on=dates.today(item.review.opened_at))
    audit.record(
        Action.GRANT_REVIEWED,
        actor=item.reviewer,
        principal=item.reviewed_for,
        about=grant,
        reason=item.reason,
        review=str(item.review.public_id),
        decision=str(given.decision),
        answer=seen.answer,
        causes=seen.verdict["causes"],
        warnings=seen.verdict["warnings"],
        relation=str(item.relation),
        directory=item.directory_digest,
        shared=given.is_shared,
    )


def _require_reviewer(
    review: Review, item: ReviewItem, rows: Sequence[Reviewer], by: User, held: Mandates
) -> tuple[User | None, Relation]:
    """The subject never; otherwise who was asked, and still holds the mandate. Domain §7.

    Returns the head of unit on whose behalf a delegate decides, if one does, and by which kind of mandate.
    """
    four_eyes.require(Act.REVIEW, by=by, held=held, subject_id=HsaId(item.subject_key))
    row = reviewers.row_for(rows, item, by.pk)
    if row is None:
        raise NotAllowed
    if row.delegation_id is not None:
        return mandates.principal_of(row.delegation_id, held), Relation.DELEGATE
    unit_dn = item.grant.unit_dn
    still = (
        held.is_of_provider(review.unit_id, by)
        if review.is_provider
        else held.heads_at_or_above(review.unit_id, unit_dn)
    )
    if not still:
        raise NotAllowed(mandates.ENDED)
    is_own = review.is_provider or review.unit_id in held.unit_ids
    return None, Relation.OWN if is_own else Relation.ABOVE


def _settle(item: ReviewItem, grant: Grant, decision: Decision) -> None:
    """Nobody's decision: because of silence, or because none is needed any more."""
    item.decision, item.decided_at = decision, timezone.now()
    item.save(update_fields=["decision", "decided_at"])
    is_silence = decision in (Decision.SILENCE_KEPT, Decision.SILENCE_REMOVED)
    audit.record(
        Action.REVIEW_UNDECIDED if is_silence else Action.REVIEW_NOT_NEEDED,
        actor=None,
        about=grant,
        review=str(item.review.public_id),
        decision=str(decision),
    )


def _settle_what_needs_no_answer(review: Review) -> None:
    """Nobody is asked about a right that has ended, or that was attested anew since the review was opened."""
    anew = AccessRequest.objects.filter(grant=OuterRef("grant"), state=State.DONE.value)
    anew = anew.filter(attested_at__gt=review.opened_at)
    rows = review.items.undecided().annotate(is_prolonged=Exists(anew))
    rows = rows.filter(Q(is_prolonged=True) | ~Q(grant__state=GrantState.ACTIVE.value))
    items = list(rows.select_for_update(of=("self",)))
    rights = _locked_rights(items)
    for item in items:
        grant = rights[item.grant_id]
        is_active = grant.current_state is GrantState.ACTIVE
        _settle(item, grant, Decision.PROLONGED if is_active else Decision.ENDED)


def _close_if_decided(review: Review, *, by: User | None) -> None:
    if review.items.undecided().exists():
        return
    review.state, review.closed_at = ReviewState.CLOSED, timezone.now()
    review.save(update_fields=["state", "closed_at"])
    review.reviewers.all().delete()
    decisions = list(review.items.values_list("decision", flat=True))
    counts = {name: decisions.count(name) for name in sorted(set(decisions))}
    audit.record(Action.REVIEW_CLOSED, actor=by, about=review, counts=counts)


# -- notices and the ladder ----------------------------------------------------------------------------------


def send_notices(on: date) -> int:
    """One message to each person with something left to decide, whatever its number. Returns how many.

    The first at once, then again after some working days, and only on a working day.
    """
    if not deadlines.is_working_day(on):
        return 0
    waiting: dict[str, list[int]] = {}
    for row in reviewers.with_something_left():
        if is_notice_due(row, on=on):
            waiting.setdefault(row.person_key, []).append(row.pk)
    return sum(_notice(pks, on=on) for pks in waiting.values())


def is_notice_due(row: Reviewer, *, on: date) -> bool:
    days = settings.REVIEW_REMINDER_WORKING_DAYS
    return row.told_on is None or on >= deadlines.add_working_days(row.told_on, days)


@transaction.atomic
def _notice(pks: Sequence[int], *, on: date) -> bool:
    # The reviews first, as every decision does: then nobody waits for the other in a circle.
    theirs = Reviewer.objects.filter(pk__in=pks).values("review")
    list(Review.objects.select_for_update().filter(pk__in=theirs).order_by("pk").values_list("pk"))
    locked = reviewers.with_something_left().filter(pk__in=pks).select_for_update(of=("self",))
    rows = [row for row in locked.select_related("review") if is_notice_due(row, on=on)]
    if not rows:
        return False  # another worker was faster, or all has been decided
    for row in rows:
        row.told_on, row.asked_on = on, row.asked_on or on
    Reviewer.objects.bulk_update(rows, ["told_on", "asked_on"])
    entry = audit.record(
        Action.REVIEW_NOTICED, actor=None, reviews=sorted({str(row.review.public_id) for row in rows})
    )
    outbox.enqueue(entry, Kind.REVIEW_WAITS, [HsaId(rows[0].person_hsa_id)])
    return True


def is_escalation_due(review: Review, *, on: date) -> bool:
    """Say whether the next head up is asked, too."""
    if review.escalation_level >= settings.ESCALATION_LEVELS or review.is_provider:
        return False
    days = settings.REVIEW_ESCALATE_WORKING_DAYS
    return on >= deadlines.add_working_days(review.escalated_on, days)


@transaction.atomic
def ask(review: Review, found: Sequence[AskedAbout], *, climbs: bool) -> None:
    """Bring who is asked up to date; `climbs`: one rung further up, to which `found` reaches already."""
    row = lock(review.pk)
    if not row.is_open or row.escalation_level != review.escalation_level:
        return
    if climbs:
        row.escalation_level, row.escalated_on = row.escalation_level + 1, dates.today()
        row.save(update_fields=["escalation_level", "escalated_on"])
    _settle_what_needs_no_answer(row)
    added, gone = reviewers.assign(row, found)
    if climbs:
        audit.record(
            Action.REVIEW_ESCALATED, actor=None, about=row, rung=row.escalation_level, newcomers=added
        )
    elif added or gone:
        audit.record(Action.REVIEW_REVIEWERS_CHANGED, actor=None, about=row, added=added, removed=gone)
    left = row.items.undecided().count()
    if left and not found and row.operators_told_at is None:
        _tell_operators(row, left=left)
    _close_if_decided(row, by=None)


def _tell_operators(review: Review, *, left: int) -> None:
    """Nobody could be asked: nothing is decided by that, and a human has to look."""
    review.operators_told_at = timezone.now()
    review.save(update_fields=["operators_told_at"])
    entry = audit.record(Action.REVIEW_STUCK, actor=None, about=review, items=left)
    outbox.enqueue(entry, Kind.REVIEW_STUCK, operator_ids())


# -- the end -------------------------------------------------------------------------------------------------


def due_to_end(on: date) -> list[int]:
    """Keys of open reviews whose last day has passed."""
    rows = Review.objects.filter(state=ReviewState.OPEN, due_on__lt=on)
    return list(rows.order_by("due_on").values_list("pk", flat=True))


@transaction.atomic
def end(review_pk: int, *, on: date, start: Start) -> None:
    """The last day has passed: ask once more, or treat what is undecided as the setting says."""
    review = lock(review_pk)
    if not review.is_open or review.due_on >= on:
        return
    _settle_what_needs_no_answer(review)
    items = list(review.items.undecided().select_for_update(of=("self",)))
    rights = _locked_rights(items)
    if items and settings.REVIEW_UNDECIDED == "ask_again" and review.times_asked == 1:
        review.times_asked += 1
        _prolong(review, on, "times_asked")
        audit.record(Action.REVIEW_ASKED_AGAIN, actor=None, about=review, due=review.due_on.isoformat())
        return
    rows = list(review.reviewers.all())
    for item in items:
        _end_undecided(review, item, rights[item.grant_id], rows, on=on, start=start)
    left = review.items.undecided().count()
    if left:
        _prolong(review, on)
        _tell_operators(review, left=left)
    _close_if_decided(review, by=None)


def _prolong(review: Review, on: date, *fields: str) -> None:
    """A new last day, and everybody who has not decided is told again."""
    review.due_on = deadlines.add_working_days(on, settings.REVIEW_WORKING_DAYS)
    review.save(update_fields=["due_on", *fields])
    review.reviewers.update(told_on=None)


def _end_undecided(
    review: Review, item: ReviewItem, grant: Grant, rows: Sequence[Reviewer], *, on: date, start: Start
) -> None:
    keeps = settings.REVIEW_UNDECIDED == "keep"
    if not keeps and not was_asked(item, rows, on=on):
        return  # nobody could decide, so nothing follows from their silence
    _settle(item, grant, Decision.SILENCE_KEPT if keeps else Decision.SILENCE_REMOVED)
    if keeps:
        grants.record_reviewed(grant, opened_on=dates.today(review.opened_at))
    else:
        removals.begin(grant, EndCause.REVIEW, by=None, start=start)


def was_asked(item: ReviewItem, rows: Sequence[Reviewer], *, on: date) -> bool:
    """Say whether somebody who may decide on it has been told, and has had some working days since."""
    days = settings.REVIEW_REMINDER_WORKING_DAYS
    asked = [row for row in rows if reviewers.may_decide(row, item, rows)]
    told = (row.asked_on for row in asked if row.asked_on is not None)
    return any(on >= deadlines.add_working_days(day, days) for day in told)
