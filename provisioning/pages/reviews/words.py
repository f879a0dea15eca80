"""A review in words: the rights it is about, what the directory said of them, and what was decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from provisioning import access
from provisioning.assessments.causes import explain_stored
from provisioning.models import Decision, Grant, Review, ReviewItem, User
from provisioning.pages import words
from provisioning.pages.words import CauseLine
from provisioning.reviews.news import News
from provisioning.reviews.said import Said
from provisioning.rules.hsa import Answer

Text = str | Promise

TONE_OF: Mapping[str, str] = {
    "": "waiting",
    Decision.KEEP: "success",
    Decision.REMOVE: "error",
    Decision.SILENCE_KEPT: "warning",
    Decision.SILENCE_REMOVED: "error",
    Decision.ENDED: "neutral",
    Decision.PROLONGED: "success",
}


_NEWS: Mapping[News, Text] = {
    News.NEW: gettext_lazy("New since the last review"),
    News.NEVER_DECIDED: gettext_lazy("Never reviewed before"),
    News.PLACE: gettext_lazy("The person stands elsewhere in KIV than at the last review"),
    News.TITLE: gettext_lazy("Another title than at the last review"),
    News.DIFFERENCE: gettext_lazy("A new difference from KIV"),
    News.SAID: gettext_lazy("KIV says something else than at the last review"),
}


@dataclass(frozen=True, slots=True)
class ReviewedRight:
    """One right as the reviewer reads it, with what the directory says of it."""

    key: str  # of the form's fields
    what: str
    need: str
    starts_on: date
    ends_on: date
    answer: str
    causes: tuple[CauseLine, ...]
    fingerprint: str
    news: tuple[Text, ...] = ()  # what has changed since the last decision
    decision: str = ""
    reason: str = ""
    decision_error: str = ""
    reason_error: str = ""


@dataclass(frozen=True, slots=True)
class PersonRights:
    """One person's rights in a review. A list never names a protected person."""

    name: str
    hsa_id: str
    rights: tuple[ReviewedRight, ...]


@dataclass(frozen=True, slots=True)
class ReviewResult:
    """What became of one right, for the page that is kept."""

    name: str
    hsa_id: str
    what: str
    tone: str
    decision: str
    reason: str
    by: str
    at: datetime | None
    answer: str
    causes: tuple[CauseLine, ...]
    read_at: datetime | None
    digest: str


def what(grant: Grant) -> str:
    """Service, level and place in one phrase."""
    phrase = words.what(grant)
    return f"{phrase}, {grant.wanted_unit_name}" if grant.wanted_unit_name else phrase


def listed_name(grant: Grant) -> str:
    return str(words.MASKED) if grant.subject_is_protected else grant.subject_name


def causes(verdict: Mapping[str, Any]) -> tuple[CauseLine, ...]:
    """What stands against the right, and what to mind about it."""
    answer = verdict["answer"]
    return (
        *(words.cause_line(explain_stored(one), answer=answer) for one in verdict["cause_details"]),
        *(
            words.cause_line(explain_stored(one), answer=Answer.YES.value)
            for one in verdict["warning_details"]
        ),
    )


def right(item: ReviewItem, said: Said, given: Mapping[str, str], news: Iterable[News] = ()) -> ReviewedRight:
    """The right with what has been answered so far: `given` is empty where nothing has."""
    grant = item.grant
    return ReviewedRight(
        key=str(item.pk),
        what=what(grant),
        need=grant.origin.need,
        starts_on=grant.starts_on,
        ends_on=grant.ends_on,
        answer=said.answer,
        causes=causes(said.verdict),
        fingerprint=said.fingerprint,
        news=tuple(_NEWS[one] for one in news),
        decision=given.get("decision", ""),
        reason=given.get("reason", ""),
        decision_error=given.get("decision_error", ""),
        reason_error=given.get("reason_error", ""),
    )


def by_person(
    items: Iterable[ReviewItem],
    said: Mapping[int, Said],
    given: Mapping[int, Mapping[str, str]],
    news: Mapping[int, Iterable[News]],
) -> list[PersonRights]:
    """The items grouped by person, in the order they come; persons with something new first."""
    groups: dict[str, list[ReviewItem]] = {}
    for item in sorted(items, key=lambda item: not news.get(item.pk)):
        groups.setdefault(item.subject_key, []).append(item)
    return [
        PersonRights(
            listed_name(theirs[0].grant),
            theirs[0].grant.subject_hsa_id,
            tuple(
                right(item, said[item.grant_id], given.get(item.pk, {}), news.get(item.pk, ()))
                for item in theirs
            ),
        )
        for theirs in groups.values()
    ]


def reviewers_of_reviewers(review: Review) -> str:
    """Who decides on the rights of those who review: by the directory the next head up, by name."""
    rows = review.reviewers.filter(is_barred=False).exclude(only_subject_key="").order_by("pk")
    return words.one_of(dict.fromkeys(row.person_name or str(words.MASKED) for row in rows))


def result(viewer: User, item: ReviewItem) -> ReviewResult:
    seen = item.directory_said
    is_shown = access.may_read_subject(viewer, item.grant) or viewer in (item.reviewer, item.reviewed_for)
    return ReviewResult(
        name=listed_name(item.grant),
        hsa_id=item.grant.subject_hsa_id if is_shown else "",
        what=what(item.grant),
        tone=TONE_OF[item.decision],
        decision=str(Decision(item.decision).label) if item.decision else _("Not decided yet"),
        reason=item.reason if is_shown or not item.reason else str(words.NOT_SHOWN),
        by=_reviewer(viewer, item),
        at=item.decided_at,
        answer=seen.get("answer", ""),
        causes=causes(seen) if seen else (),
        read_at=item.directory_read_at,
        digest=item.directory_digest[:16],
    )


def _reviewer(viewer: User, item: ReviewItem) -> str:
    if item.reviewer is None:
        return _("Automatic") if item.decision else ""
    name = user_name(viewer, item.reviewer)
    if item.reviewed_for is None:
        return name
    phrase = _("%(name)s (by delegation from %(principal)s)")
    return phrase % {"name": name, "principal": user_name(viewer, item.reviewed_for)}


def user_name(viewer: User, person: User) -> str:
    """A list never names a protected person, but to that person."""
    if person.is_protected and person.pk != viewer.pk:
        return str(words.MASKED)
    return person.name or person.hsa_id
