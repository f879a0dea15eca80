"""A person's own deadlines, and the secret address by which a calendar reads them.

Nothing in them tells of another person: a case number, a day, and what is to be done.
"""

from __future__ import annotations

import enum
import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from provisioning import dates
from provisioning.access import cases
from provisioning.audit import events
from provisioning.models import CalendarFeed, Delegation, Grant, ReviewItem, User
from provisioning.rules.states.right import GrantState

SECRET_BYTES = 32


class DeadlineKind(enum.StrEnum):
    """What a day is about."""

    DECIDE = "decide"
    CARRY_OUT = "carry_out"
    RIGHT_ENDS = "right_ends"
    DELEGATION_ENDS = "delegation_ends"
    REVIEW = "review"


@dataclass(frozen=True, slots=True)
class OwnDeadline:
    """A day by which something is to be done, or on which something ends."""

    kind: DeadlineKind
    about: UUID
    day: date
    number: str = ""


@transaction.atomic
def open_feed(*, by: User) -> str:
    """Make a new secret, in the place of an older one. It is shown once and never kept."""
    secret = secrets.token_urlsafe(SECRET_BYTES)
    CalendarFeed.objects.filter(person_key=by.pk).delete()
    CalendarFeed.objects.create(person_key=by.pk, digest=_digest(secret))
    events.record(events.Action.FEED_OPENED, actor=by)
    return secret


@transaction.atomic
def close_feed(*, by: User) -> bool:
    """Let the address open nothing any more. Returns whether there was one."""
    closed = bool(CalendarFeed.objects.filter(person_key=by.pk).delete()[0])
    if closed:
        events.record(events.Action.FEED_CLOSED, actor=by)
    return closed


def has_feed(user: User) -> bool:
    return CalendarFeed.objects.filter(person_key=user.pk).exists()


def owner_of_feed(secret: str) -> User | None:
    """Whose the secret is; None where it is nobody's, or the person is shut out."""
    feed = CalendarFeed.objects.filter(digest=_digest(secret)).first()
    return User.objects.filter(pk=feed.person_key, is_active=True).first() if feed else None


def own_deadlines(user: User) -> list[OwnDeadline]:
    """All of them from today on, the next first."""
    today = dates.today()
    found = [one for one in _deadlines(user, today) if one.day >= today]
    return sorted(found, key=lambda one: (one.day, one.kind, str(one.about)))


def _deadlines(user: User, today: date) -> Iterator[OwnDeadline]:
    for request in [*cases.to_attest(user), *cases.to_choose(user)]:
        day = max(request.starts_on, today)
        yield OwnDeadline(DeadlineKind.DECIDE, request.public_id, day, str(request))
    for request in cases.to_carry_out(user):
        day = max(request.starts_on, today)
        yield OwnDeadline(DeadlineKind.CARRY_OUT, request.public_id, day, str(request))
    for grant in Grant.objects.filter(subject_key=user.pk, state=GrantState.ACTIVE.value):
        yield OwnDeadline(DeadlineKind.RIGHT_ENDS, grant.public_id, grant.ends_on)
    parties = Q(principal=user) | Q(delegate=user)
    for row in Delegation.objects.filter(parties, ended_at=None):
        yield OwnDeadline(DeadlineKind.DELEGATION_ENDS, row.public_id, row.ends_on)
    items = ReviewItem.objects.undecided().waiting_for(user.pk).order_by()
    reviews = items.values_list("review__public_id", "review__due_on").distinct()
    for public_id, due_on in reviews:
        yield OwnDeadline(DeadlineKind.REVIEW, public_id, max(due_on, today))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
