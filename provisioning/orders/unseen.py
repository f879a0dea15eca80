"""Orders of which something is not seen any more, as if a tree were hidden: none moves before a later look.

An entry that is archived, closed or has another id is seen, and decides at once. Many at once that are only
not seen are not believed. Source: domain §6 (don't know never decides).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from provisioning.messages import not_believed
from provisioning.models import AccessRequest
from provisioning.rules.drift.share import is_too_much
from provisioning.rules.states.request import RequestState

FEW = 20  # so many are never beyond the share
BELIEVED = datetime(2000, 1, 1, tzinfo=UTC)  # instead of the moment of the doubt: an operator has looked
_IN_DOUBT = (RequestState.AWAITING_KIV.value, RequestState.VERIFYING.value)


def is_held_back(request: AccessRequest, *, is_not_seen: bool) -> bool:
    """Say whether this one waits for a later look, or for an operator. Inside the operation of a look."""
    now = timezone.now()
    since = request.not_seen_since
    if not is_not_seen or since is None:
        _doubt_since(request, now if is_not_seen else None)
        return is_not_seen
    if since == BELIEVED:
        return False
    return is_young(request) or _are_too_many()


def is_young(request: AccessRequest) -> bool:
    """Say whether it is too early for the later look."""
    since = request.not_seen_since
    return since is not None and since > timezone.now() - second_look()


def second_look() -> timedelta:
    """How long after the first look another one counts."""
    return timedelta(seconds=settings.ORDER_SECOND_LOOK_SECONDS)


def believe() -> int:
    """An operator has looked, and it is true that so much is gone: the next look decides. How many."""
    return _in_doubt().filter(not_seen_since__isnull=False).update(not_seen_since=BELIEVED)


def _are_too_many() -> bool:
    """So many are not seen that it is not believed: the operators are told."""
    lost, known = _in_doubt().filter(not_seen_since__gt=BELIEVED).count(), _in_doubt().count()
    if not is_too_much(lost, known, percent=settings.SWEEP_STOP_AT_PERCENT, few=FEW):
        return False
    not_believed.tell("orders", lost=lost, of=known)
    return True


def _in_doubt() -> models.QuerySet[AccessRequest]:
    return AccessRequest.objects.filter(state__in=_IN_DOUBT)


def _doubt_since(request: AccessRequest, moment: datetime | None) -> None:
    if request.not_seen_since != moment:
        request.not_seen_since = moment
        request.save(update_fields=["not_seen_since"])
