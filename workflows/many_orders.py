"""Placing the lines of orders for many: the directory is asked for some, and then those are placed, in turn.

A claim is a short lease, renewed with each handful. A worker that is killed leaves whole lines placed and
whole lines waiting; the next one goes on after the lease. A silent directory refuses no line: they wait.
"""

from __future__ import annotations

import logging
import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone, translation

from provisioning.errors import DirectoryError
from provisioning.models import ManyOrder, OrderLine
from provisioning.orders import prepare
from provisioning.orders.draft import Prepared
from provisioning.orders.many import send
from workflows.alone import alone
from workflows.orders.flow import AccessRequestFlow

log = logging.getLogger(__name__)

AT_ONCE = 100  # lines looked up together
IN_ONE_TRANSACTION = 20


def place_all() -> None:
    """Go on with every order that has lines waiting and no worker."""
    for pk in _unclaimed().values_list("pk", flat=True):
        with alone(f"placing the lines of order {pk}"):
            place(pk)


def place(pk: int) -> bool:
    """Place what waits of one order, if nobody else does. Returns whether no line waits any more."""
    claim = uuid.uuid4().hex
    if not _unclaimed().filter(pk=pk).update(claim=claim, claimed_until=_lease_ends()):
        return False
    try:
        with translation.override(_language(pk)):
            while _renew(pk, claim) and _place_some(pk, claim):
                pass
        return send.finish(pk)
    finally:
        ManyOrder.objects.filter(pk=pk, claim=claim).update(claim="", claimed_until=None)


def _unclaimed() -> QuerySet[ManyOrder]:
    is_free = Q(claimed_until=None) | Q(claimed_until__lt=timezone.now())
    return ManyOrder.objects.filter(is_free, finished_at=None).order_by("pk")


def _lease_ends() -> datetime:
    return timezone.now() + timedelta(seconds=settings.BACKGROUND_LEASE_SECONDS)


def _renew(pk: int, claim: str) -> bool:
    return bool(ManyOrder.objects.filter(pk=pk, claim=claim).update(claimed_until=_lease_ends()))


def _language(pk: int) -> str:
    """What is refused is read by the orderer."""
    chosen = ManyOrder.objects.values_list("order__orderer__language", flat=True).get(pk=pk)
    return chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def _place_some(pk: int, claim: str) -> bool:
    """Look up and place the next lines. Returns whether there may be more to do now."""
    rows = OrderLine.objects.filter(many=pk, state=OrderLine.LineState.WAITING)
    lines = list(rows.select_related("many__order__orderer").order_by("position")[:AT_ONCE])
    if not lines:
        return False
    try:
        found = prepare.prepare_together(
            [send.draft_of(line) for line in lines], by=lines[0].many.order.orderer
        )
    except DirectoryError as exc:
        return _wait(pk, exc.code)
    heard = [
        (line, prepared) for line, prepared in zip(lines, found, strict=True) if not send.is_silent(prepared)
    ]
    if not heard:
        return _wait(pk, "directory.unavailable")
    for start in range(0, len(heard), IN_ONE_TRANSACTION):
        if not _renew(pk, claim):
            return False
        _place(heard[start : start + IN_ONE_TRANSACTION])
    ManyOrder.objects.filter(pk=pk).update(silent_since=None)
    return len(heard) == len(lines) or _wait(pk, "directory.unavailable")


def _place(some: list[tuple[OrderLine, Prepared]]) -> None:
    with transaction.atomic():
        for line, prepared in some:
            send.place_line(
                line.pk, prepared, start=lambda request: AccessRequestFlow.start.run(request=request)
            )


def _wait(pk: int, code: str) -> bool:
    """Nothing is decided by silence: the next round asks again."""
    log.warning("the lines of order %s wait for the directory (%s)", pk, code)
    ManyOrder.objects.filter(pk=pk, silent_since=None).update(silent_since=timezone.now())
    return False
