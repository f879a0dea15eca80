"""A reviewer keeps or removes: locked, checked and recorded in one transaction. Source: domain §7, §8."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning import dates
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.mandates import current, four_eyes
from provisioning.mandates.current import Mandates
from provisioning.models import (
    AccessRequest,
    Decision,
    Grant,
    Relation,
    Review,
    Reviewer,
    ReviewItem,
    ReviewState,
    User,
)
from provisioning.removals import begin as removals_begin
from provisioning.removals.begin import Start
from provisioning.reviews import begin as reviews_begin
from provisioning.reviews import reviewers
from provisioning.reviews.said import Said
from provisioning.rights import review_date
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import HsaId
from provisioning.rules.mandates import Act
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import EndCause, GrantState


@dataclass(frozen=True, slots=True)
class Given:
    """One right's answer, as the reviewer gave it."""

    item_pk: int
    decision: Decision  # KEEP or REMOVE
    reason: str
    is_shared: bool = False  # one answer for several rights


@transaction.atomic
def decide(
    review_pk: int,
    answers: Collection[Given],
    *,
    by: User,
    mandates: Mandates,
    said: Mapping[int, Said],
    seconds: int,
    start: Start,
) -> int:
    """Save these answers; those not given stay undecided. Returns how many were saved.

    `mandates`: read just now; `said`: what the directory said just now, by grant key; `seconds`: since
    the page was shown. An item that somebody else has decided meanwhile, or whose right has ended, is passed
    over. Raises NotAllowed (own right, not asked, mandate over), WrongState (closed), Invalid (no reason).
    """
    review = reviews_begin.lock(review_pk)
    if not review.is_open:
        raise WrongState
    given = {answer.item_pk: answer for answer in answers}
    items = list(review.items.undecided().select_for_update(of=("self",)).filter(pk__in=given))
    rights = locked_rights(items)
    rows = list(review.reviewers.filter(person_key=by.pk))
    by_which = {item.pk: _require_reviewer(review, item, rows, by, mandates) for item in items}
    now, saved = timezone.now(), 0
    for item in items:
        if rights[item.grant_id].current_state is GrantState.ACTIVE:
            item.reviewer, item.decided_at, item.seconds_spent = by, now, seconds
            item.reviewed_for, item.relation = by_which[item.pk]
            _decide(item, rights[item.grant_id], given[item.pk], said)
            saved += 1
        else:
            settle(item, rights[item.grant_id], Decision.ENDED)
    ReviewItem.objects.filter(pk__in=[item.pk for item in items], reviewer=by).update(batch_size=saved)
    events.record(Action.REVIEW_DECIDED, actor=by, about=review, items=saved, seconds=seconds)
    for item in items:
        if item.decision == Decision.REMOVE:
            removals_begin.begin(
                rights[item.grant_id], EndCause.REVIEW, by=by, reason=item.reason, start=start
            )
    close_if_decided(review, by=by)
    return saved


def locked_rights(items: Iterable[ReviewItem]) -> dict[int, Grant]:
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
    item.directory_said, item.directory_read_at = seen.verdict | {"known": seen.known}, seen.read_at
    item.directory_digest = seen.digest(grant)
    item.save()
    if given.decision == Decision.KEEP:
        review_date.record_reviewed(grant, opened_on=dates.today(item.review.opened_at))
    events.record(
        Action.GRANT_REVIEWED,
        actor=item.reviewer,
        principal=item.reviewed_for,
        about=grant,
        also=[item],
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
    review: Review, item: ReviewItem, rows: Sequence[Reviewer], by: User, mandates: Mandates
) -> tuple[User | None, Relation]:
    """The subject never; otherwise who was asked, and still holds the mandate. Domain §7.

    Returns the head of unit on whose behalf a delegate decides, if one does, and by which kind of mandate.
    """
    four_eyes.require(Act.REVIEW, by=by, mandates=mandates, subject_id=HsaId(item.subject_key))
    row = reviewers.row_for(rows, item, by.pk)
    if row is None:
        raise NotAllowed
    if row.delegation_id is not None:
        return current.principal_of(row.delegation_id, mandates), Relation.DELEGATE
    unit_dn = item.grant.unit_dn
    still = (
        mandates.is_of_provider(review.unit_id, by)
        if review.is_provider
        else mandates.heads_at_or_above(review.unit_id, unit_dn)
    )
    if not still:
        raise NotAllowed(current.ENDED)
    is_own = review.is_provider or review.unit_id in mandates.unit_ids
    return None, Relation.OWN if is_own else Relation.ABOVE


def settle(item: ReviewItem, grant: Grant, decision: Decision) -> None:
    """Nobody's decision: because of silence, or because none is needed any more."""
    item.decision, item.decided_at = decision, timezone.now()
    item.save(update_fields=["decision", "decided_at"])
    is_silence = decision in (Decision.SILENCE_KEPT, Decision.SILENCE_REMOVED)
    events.record(
        Action.REVIEW_UNDECIDED if is_silence else Action.REVIEW_NOT_NEEDED,
        actor=None,
        about=grant,
        also=[item],
        review=str(item.review.public_id),
        decision=str(decision),
    )


def settle_what_needs_no_answer(review: Review) -> None:
    """Nobody is asked about a right that has ended, or that was attested anew since the review was opened."""
    anew = AccessRequest.objects.filter(grant=OuterRef("grant"), state=RequestState.DONE.value)
    anew = anew.filter(attested_at__gt=review.opened_at)
    rows = review.items.undecided().annotate(is_prolonged=Exists(anew))
    rows = rows.filter(Q(is_prolonged=True) | ~Q(grant__state=GrantState.ACTIVE.value))
    items = list(rows.select_for_update(of=("self",)))
    rights = locked_rights(items)
    for item in items:
        grant = rights[item.grant_id]
        is_active = grant.current_state is GrantState.ACTIVE
        settle(item, grant, Decision.PROLONGED if is_active else Decision.ENDED)


def close_if_decided(review: Review, *, by: User | None) -> None:
    if review.items.undecided().exists():
        return
    review.state, review.closed_at = ReviewState.CLOSED, timezone.now()
    review.save(update_fields=["state", "closed_at"])
    review.reviewers.all().delete()
    decisions = list(review.items.values_list("decision", flat=True))
    counts = {name: decisions.count(name) for name in sorted(set(decisions))}
    events.record(Action.REVIEW_CLOSED, actor=by, about=review, counts=counts)


def was_asked(item: ReviewItem, rows: Sequence[Reviewer], *, on: date) -> bool:
    """Say whether somebody who may decide on it has been told, and has had some working days since."""
    days = settings.REVIEW_REMINDER_WORKING_DAYS
    asked = [row for row in rows if reviewers.may_decide(row, item, rows)]
    told = (row.asked_on for row in asked if row.asked_on is not None)
    return any(on >= deadlines.add_working_days(day, days) for day in told)
