"""Opening a review, by the timetable or by somebody, and locking it for every later act.

Each operation is one transaction that writes state, audit entry and messages together, or nothing; each
locks the review, then its items' grants, before it records anything. None asks the directory: what it said
is an argument. Silence decides nothing that nobody could be asked about. Sources: domain §7 (four eyes), §8
(regular follow-up: keep or remove, who decided, when).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from provisioning import dates
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.mandates.current import Mandates
from provisioning.models import Grant, Review, ReviewItem, ReviewScope, ReviewState, User
from provisioning.reviews import reviewers
from provisioning.reviews.reviewers import AskedAbout
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import Level


def lock(pk: int) -> Review:
    """The row, locked until the transaction ends."""
    return Review.objects.select_for_update().get(pk=pk)


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
    items = ReviewItem.objects.bulk_create(
        [ReviewItem(review=place, grant=grant, subject_key=grant.subject_key) for grant in rights],
        batch_size=500,
    )
    reviewers.assign(place, found)
    events.record(
        Action.REVIEW_OPENED,
        actor=by,
        about=place,
        listed=items,
        scope=str(place.scope),
        service=place.service,
        items=len(rights),
        due=place.due_on.isoformat(),
        reviewers=len(found),
    )
    return place


def require_may_begin(place: Review, *, by: User, mandates: Mandates) -> None:
    """At will: the head of the unit, who holds the provider's mandate, or an auditor. Raises NotAllowed."""
    is_head = place.unit_id in mandates.unit_ids or mandates.is_of_provider(place.unit_id, by)
    if not is_head and not by.is_auditor:
        raise NotAllowed(_("Only the head of the unit, or an auditor, can start a review."))
