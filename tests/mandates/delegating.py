"""Delegations as their people give, use and end them, through the real operations."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from django.utils import timezone

from provisioning.mandates import current, delegations
from provisioning.mandates.delegations import Wish
from provisioning.models import Delegation
from provisioning.rules.hsa import HsaId
from provisioning.rules.mandates import Delegable
from tests import acts, cast
from workflows import tasks

BOTH = (Delegable.ORDERING, Delegable.ATTESTING)
REASON = "Semester i fyra veckor; ersättaren tar besluten."


def wish(
    to: HsaId = cast.DELEGATE,
    *,
    unit: HsaId = cast.BJORKHAGA,
    kinds: Collection[Delegable] = (Delegable.ATTESTING,),
    starts_on: date | None = None,
    days: int = 30,
    reason: str = REASON,
) -> Wish:
    start = starts_on or timezone.localdate()
    return Wish(to, unit, tuple(kinds), start, start + timedelta(days=days), reason)


def give(by: HsaId = cast.HEAD, **wishes) -> Delegation:
    """Delegate, and let what waits follow; returns the first delegation."""
    giver = acts.user(by)
    wanted = wish(**wishes)
    given = delegations.give(wanted, delegations.look_up(wanted, by=giver), by=giver)
    for row in given:
        tasks.refresh_delegated(row.pk)
    return given[0]


def revoke(row: Delegation, by: HsaId = cast.HEAD) -> None:
    user = acts.user(by)
    delegations.revoke(row, by=user, mandates=current.read(user.identity))
