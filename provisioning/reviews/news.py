"""What has changed about a right since somebody last decided on it: what a reviewer should read first."""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.db.models import Max

from provisioning.models import BY_A_PERSON, Finding, Grant, Review, ReviewItem, ReviewState
from provisioning.reviews import said as reviews_said
from provisioning.reviews.said import Said
from provisioning.rules.hsa import Answer

MOST_AT_ONCE = 200


class News(enum.StrEnum):
    """What is new; in the order in which it is shown."""

    NEW = "new"  # given since the unit's last review
    NEVER_DECIDED = "never_decided"  # older, but nobody has decided on it in a review
    PLACE = "place"  # the person stands elsewhere in the directory
    TITLE = "title"
    DIFFERENCE = "difference"  # found since
    SAID = "said"  # the directory says something else of the right


def of(review: Review, items: Collection[ReviewItem], said: Mapping[int, Said]) -> dict[int, list[News]]:
    """By the item's key. `said`: by the right's key, as the directory says it now."""
    grant_ids = [item.grant_id for item in items]
    decided = _last_decisions(review, grant_ids)
    differences = _latest_differences(grant_ids)
    reviewed_at = _last_review(review)
    return {
        item.pk: list(
            _of(
                item.grant,
                decided.get(item.grant_id),
                said[item.grant_id],
                found_at=differences.get(item.grant_id),
                reviewed_at=reviewed_at,
            )
        )
        for item in items
    }


def mark(review: Review) -> None:
    """Look once at each right that is left, so that those with something new come first."""
    unseen = review.items.undecided().filter(has_news=None).select_related("grant")
    items = list(unseen.order_by("pk")[:MOST_AT_ONCE])
    if not items:
        return
    found = of(review, items, reviews_said.look(item.grant for item in items))
    for has_news in (True, False):
        pks = [pk for pk, news in found.items() if bool(news) is has_news]
        ReviewItem.objects.filter(pk__in=pks, decision="").update(has_news=has_news)


def _of(
    grant: Grant,
    before: ReviewItem | None,
    said: Said,
    *,
    found_at: datetime | None,
    reviewed_at: datetime | None,
) -> Iterable[News]:
    if before is None or before.decided_at is None:
        is_new = reviewed_at is not None and grant.created_at > reviewed_at
        yield News.NEW if is_new else News.NEVER_DECIDED
        if found_at is not None:
            yield News.DIFFERENCE
        return
    known = before.directory_said.get("known", {})
    for name, news in (("place", News.PLACE), ("title", News.TITLE)):
        if name in known and name in said.known and known[name] != said.known[name]:
            yield news
    if found_at is not None and found_at > before.decided_at:
        yield News.DIFFERENCE
    if _says_otherwise(before.directory_said, said):
        yield News.SAID


def _says_otherwise(then: Mapping[str, object], said: Said) -> bool:
    """A directory that does not tell, then or now, says nothing else."""
    if Answer.UNKNOWN.value in (then.get("answer"), said.answer) or "answer" not in then:
        return False
    return any(then.get(name) != said.verdict[name] for name in ("answer", "causes", "warnings"))


def _last_decisions(review: Review, grant_ids: Collection[int]) -> dict[int, ReviewItem]:
    rows = ReviewItem.objects.filter(grant__in=grant_ids, decision__in=BY_A_PERSON).exclude(review=review)
    return {row.grant_id: row for row in rows.order_by("decided_at", "pk")}


def _latest_differences(grant_ids: Collection[int]) -> dict[int, datetime]:
    rows = Finding.objects.to_settle().filter(grant__in=grant_ids).order_by().values("grant")
    return dict(rows.annotate(at=Max("found_at")).values_list("grant", "at"))


def _last_review(review: Review) -> datetime | None:
    """When the unit's last review was opened; None where there has been none."""
    rows = Review.objects.filter(unit_key=review.unit_key, state=ReviewState.CLOSED).exclude(pk=review.pk)
    return rows.order_by("-pk").values_list("opened_at", flat=True).first()
