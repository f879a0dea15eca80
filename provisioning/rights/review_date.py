"""When a right is reviewed next: together with the others of its unit. See docs/decisions/0010."""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings

from provisioning import dates
from provisioning.models import Grant
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import Level


def next_review_on(unit_key: str, level: str, *, prolonged: Grant | None = None) -> date:
    """When a right on the unit that is given or prolonged today is reviewed: with the unit's other rights.

    `prolonged`: the right that is prolonged; a review that is far enough away stays where it is. A care
    provider is the unit of its process leaders' rights. See docs/decisions/0010.
    """
    today, months, settled_days = dates.today(), *_interval(level)
    planned = set(Grant.objects.active().filter(unit_key=unit_key).values_list("next_review_on", flat=True))
    if prolonged is not None:
        is_soon_enough = prolonged.next_review_on <= deadlines.next_review(
            today + timedelta(days=settled_days), months=months
        )
        if is_soon_enough and deadlines.is_settled(
            prolonged.next_review_on, on=today, settled_days=settled_days
        ):
            return prolonged.next_review_on
        planned.add(prolonged.next_review_on)
    return deadlines.joined_review(planned, on=today, settled_days=settled_days, months=months)


def record_reviewed(grant: Grant, *, opened_on: date) -> None:
    """Kept at a review that was opened that day. Inside the review's operation, the row locked.

    The next is counted from the opening, so that all that is kept comes up together again, whichever day each
    was decided; from today where the review has lasted so long that the next would come at once.
    """
    today, months, settled_days = dates.today(), *_interval(grant.level)
    together = deadlines.next_review(opened_on, months=months)
    if deadlines.is_settled(together, on=today, settled_days=settled_days):
        grant.next_review_on = together
    else:
        grant.next_review_on = deadlines.next_review(today, months=months)
    grant.save(update_fields=["next_review_on"])


def _interval(level: str) -> tuple[int, int]:
    """Months between two reviews, and days that a decision counts as fresh: half a short interval at most."""
    if level != Level.PROVIDER.value:
        return settings.REVIEW_EVERY_MONTHS, settings.REVIEW_SETTLED_DAYS
    months = settings.REVIEW_PROVIDER_EVERY_MONTHS
    return months, min(settings.REVIEW_SETTLED_DAYS, 15 * months)
