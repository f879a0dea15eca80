"""How reviews go, for those who watch over them: what is decided, who has the rest, how the sittings went.

Whose rights they are is not part of it. Source: features C2 (seconds, batch, the reviewer's relation).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from provisioning.models import BY_A_PERSON, Decision, Relation, Review, ReviewItem, User
from provisioning.pages import words
from provisioning.pages.reviews.words import user_name
from provisioning.reviews import reviewers
from provisioning.rules import sitting


@dataclass(frozen=True, slots=True)
class Progress:
    """One review in the table of all."""

    review: Review
    unit: str
    service: str
    opened_by: str
    decided: int
    total: int
    has_it: tuple[str, ...]  # who has something left to decide

    @property
    def left(self) -> int:
        return self.total - self.decided


@dataclass(frozen=True, slots=True)
class Sitting:
    """What one person saved at once."""

    at: datetime
    by: str
    relation: str
    kept: int
    removed: int
    shared: int  # answered together with others, by one answer
    seconds: int
    is_quick: bool

    @property
    def rights(self) -> int:
        return self.kept + self.removed


def counted(rows: Iterable[Review]) -> dict[int, tuple[int, int]]:
    """How many rights each is about, and how many are decided. Asked once, for those that are shown."""
    shown = {row.pk: (0, 0) for row in rows}
    items = ReviewItem.objects.filter(review__in=shown).order_by().values("review")
    counts = items.annotate(total=Count("pk"), decided=Count("pk", filter=~Q(decision="")))
    return shown | {row["review"]: (row["total"], row["decided"]) for row in counts}


def lines(viewer: User, rows: Iterable[Review]) -> list[Progress]:
    """The rows in words."""
    shown = list(rows)
    counts = counted(shown)
    waiting: dict[int, dict[str, None]] = {}
    for one in reviewers.with_something_left().filter(review__in=shown):
        waiting.setdefault(one.review_id, {})[one.person_name or one.person_hsa_id] = None
    return [
        Progress(
            review=row,
            unit=row.unit_name or row.unit_hsa_id,
            service=words.service_name(row.service) if row.service else "",
            opened_by=user_name(viewer, row.opened_by) if row.opened_by else _("The timetable"),
            decided=counts[row.pk][1],
            total=counts[row.pk][0],
            has_it=tuple(waiting.get(row.pk, ())),
        )
        for row in shown
    ]


def sittings(viewer: User, review: Review) -> list[Sitting]:
    """What each person saved at once, in the order of time."""
    rows = review.items.filter(decision__in=BY_A_PERSON).prefetch_related("reviewer", "reviewed_for")
    saved: dict[tuple[datetime, User], list[ReviewItem]] = {}
    for item in rows.order_by("decided_at", "pk"):
        if item.decided_at is not None and item.reviewer is not None:  # always so, by a constraint
            saved.setdefault((item.decided_at, item.reviewer), []).append(item)
    return [_sitting(viewer, at, by, items) for (at, by), items in saved.items()]


def without_a_person(review: Review) -> list[tuple[str, int]]:
    """What was settled by silence, or needed no decision: the words, and how many."""
    rows = review.items.exclude(decision__in=(*BY_A_PERSON, "")).values("decision")
    counts = rows.annotate(count=Count("pk")).order_by("decision")
    return [(str(Decision(row["decision"]).label), row["count"]) for row in counts]


def _sitting(viewer: User, at: datetime, by: User, items: list[ReviewItem]) -> Sitting:
    seconds = items[0].seconds_spent or 0
    return Sitting(
        at=at,
        by=user_name(viewer, by),
        relation=_relation(viewer, items[0]),
        kept=sum(item.decision == Decision.KEEP for item in items),
        removed=sum(item.decision == Decision.REMOVE for item in items),
        shared=sum(item.is_shared_answer for item in items),
        seconds=seconds,
        is_quick=sitting.is_quick(seconds, len(items)),
    )


def _relation(viewer: User, item: ReviewItem) -> str:
    if item.reviewed_for is not None:
        return _("By delegation from %(principal)s") % {"principal": user_name(viewer, item.reviewed_for)}
    return str(Relation(item.relation).label) if item.relation else ""
