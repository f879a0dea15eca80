"""Many removals whose values are gone at one look: none ends before a later look says the same.

A server that hides values for one reading looks like every task being done at once. What somebody has
reported done, or one look here and there shows, ends as before. Source: domain §6 (don't know never decides),
§8 (proof: gone).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from provisioning.messages import not_believed
from provisioning.models import Removal
from provisioning.rules.drift.share import ALL_FROM, is_too_much
from provisioning.rules.states.right import RemovalState

SECOND_LOOK = timedelta(minutes=5)
FEW = 20  # so many that are gone by two looks are never beyond the share


def held_back(looked_at: Collection[Removal], gone: Sequence[Removal]) -> frozenset[int]:
    """Which of those that are gone wait: for a second look, or because so many are not believed.

    `looked_at`: all of one poll. One whose value is there again is doubted no more.
    """
    now = timezone.now()
    keys = {row.pk for row in gone}
    there = [row.pk for row in looked_at if row.gone_doubted_at is not None and row.pk not in keys]
    if there:
        Removal.objects.filter(pk__in=there).update(gone_doubted_at=None)
    new = [row.pk for row in gone if row.gone_doubted_at is None]
    doubted = set(new) if len(new) >= ALL_FROM else set()
    if doubted:
        Removal.objects.filter(pk__in=doubted).update(gone_doubted_at=now, next_poll_at=now + SECOND_LOOK)
    young = {row.pk for row in gone if row.gone_doubted_at and row.gone_doubted_at > now - SECOND_LOOK}
    twice = {row.pk for row in gone if row.gone_doubted_at and row.pk not in young}
    known = Removal.objects.filter(state=RemovalState.AWAITING_KIV.value).count()
    if is_too_much(len(twice), known, percent=settings.SWEEP_STOP_AT_PERCENT, few=FEW, all_from=FEW + 1):
        not_believed.tell("removals", lost=len(twice), of=known)
        doubted |= twice
    return frozenset(doubted | young)


def believe() -> int:
    """An operator has looked, and it is true that so many are gone: the next poll ends them. How many."""
    awaiting = Removal.objects.filter(state=RemovalState.AWAITING_KIV.value)
    doubted = awaiting.filter(gone_doubted_at__isnull=False)
    return doubted.update(gone_doubted_at=None, carried_out_how="seen", next_poll_at=timezone.now())
