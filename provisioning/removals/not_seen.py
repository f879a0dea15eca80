"""Removals whose values are not seen: what a hidden tree looks like, too, ends none before a later look.

A server that hides values for one reading looks like every task being done at once. Where the entry stands
and lacks the value, one look here and there ends a removal; where the entry itself is not there, where
nothing of it was ever seen, and in the national HSA, a later look must say the same. Many at once are not
believed. What somebody has reported done ends as before.
Source: domain §6 (don't know never decides), §8 (proof: gone).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import timezone

from provisioning.messages import not_believed
from provisioning.models import Removal
from provisioning.rules.drift.share import ALL_FROM, is_too_much
from provisioning.rules.states.right import RemovalState

UNSEEN_LOOK = timedelta(hours=1)  # where the entry is not there: a hidden tree may last longer than minutes
FEW = 20  # so many that are gone by two looks are never beyond the share
BELIEVED = datetime(2000, 1, 1, tzinfo=UTC)  # instead of the moment of the doubt: an operator has looked


def second_look() -> timedelta:
    """How long after the first look another one counts, where the entry stands and lacks the value."""
    return timedelta(seconds=settings.REMOVAL_SECOND_LOOK_SECONDS)


def is_held_back(row: Removal, *, is_gone: bool, after: timedelta) -> bool:
    """Say whether this one, by a look of its own, waits for a later look, or for an operator.

    Inside the operation; the row is written. One whose value is there again is doubted no more.
    """
    now = timezone.now()
    if not is_gone:
        _doubt_since(row, None)
        return False
    if row.gone_doubted_at is None:
        _doubt_since(row, now)
        return True
    if row.gone_doubted_at == BELIEVED:
        return False
    if row.gone_doubted_at > now - after:
        return True
    alike = Removal.objects.filter(state=row.state)
    twice = alike.filter(gone_doubted_at__gt=BELIEVED, gone_doubted_at__lte=now - second_look()).count()
    return _is_too_much(twice, alike.count())


def _doubt_since(row: Removal, moment: datetime | None) -> None:
    if row.gone_doubted_at != moment:
        row.gone_doubted_at = moment
        row.save(update_fields=["gone_doubted_at"])


def _is_too_much(twice: int, known: int) -> bool:
    """So many are gone by two looks that it is not believed: the operators are told."""
    if not is_too_much(twice, known, percent=settings.SWEEP_STOP_AT_PERCENT, few=FEW, all_from=FEW + 1):
        return False
    not_believed.tell("removals", lost=twice, of=known)
    return True


def held_back(
    looked_at: Collection[Removal], gone: Sequence[Removal], unseen: Collection[int] = ()
) -> frozenset[int]:
    """Which of those that are gone wait: for a second look, or because so many are not believed.

    `looked_at`: all of one poll. `unseen`: the keys of those whose entry is not there. One whose value is
    there again is doubted no more.
    """
    now = timezone.now()
    keys = {row.pk for row in gone}
    there = [row.pk for row in looked_at if row.gone_doubted_at is not None and row.pk not in keys]
    if there:
        Removal.objects.filter(pk__in=there).update(gone_doubted_at=None)
    new = [row.pk for row in gone if row.gone_doubted_at is None]
    doubted = set(new) if len(new) >= ALL_FROM else set(new).intersection(unseen)
    if doubted:
        Removal.objects.filter(pk__in=doubted).update(gone_doubted_at=now, next_poll_at=now + second_look())
    young = {row.pk for row in gone if _is_young(row, now, is_unseen=row.pk in unseen)}
    twice = {row.pk for row in gone if row.gone_doubted_at and row.pk not in young}
    known = Removal.objects.filter(state=RemovalState.AWAITING_KIV.value).count()
    if _is_too_much(len(twice), known):
        doubted |= twice
    return frozenset(doubted | young)


def _is_young(row: Removal, now: datetime, *, is_unseen: bool) -> bool:
    if row.gone_doubted_at is None:
        return False
    return row.gone_doubted_at > now - (UNSEEN_LOOK if is_unseen else second_look())


def believe() -> int:
    """An operator has looked, and it is true that so many are gone: the next poll ends them. How many."""
    awaiting = Removal.objects.filter(state=RemovalState.AWAITING_KIV.value)
    doubted = awaiting.filter(gone_doubted_at__isnull=False)
    looking = Removal.objects.filter(state__in=[RemovalState.LOOKING.value, RemovalState.AWAITING_HSA.value])
    return doubted.update(
        gone_doubted_at=None, carried_out_how="seen", next_poll_at=timezone.now()
    ) + looking.filter(gone_doubted_at__isnull=False).update(gone_doubted_at=BELIEVED)
