"""Sending what is to be told: claimed, sent, settled. What is interrupted is sent again under the same id.

Of one case nothing overtakes: while something of it waits or is dead, what came later stays behind it.
"""

from __future__ import annotations

import http.client
import json
import time
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from provisioning.errors import Invalid
from provisioning.models import AccessRequest, Finding, Grant, HookDelivery, Removal, Review
from provisioning.rules import hook_tries
from provisioning.rules.hook_tries import TryOutcome
from provisioning.webhooks import secret
from provisioning.webhooks.post import post

ROUND_SECONDS = 60  # so long one sweep goes on
_State = HookDelivery.Telling
_WHERE: dict[str, Any] = {
    "case_id": AccessRequest, "right_id": Grant, "removal_id": Removal,
    "finding_id": Finding, "review_id": Review,
}  # fmt: skip


def send_all() -> None:
    """Send what is due, as long as there is time. A receiver in trouble is left alone until the next one."""
    _release_interrupted()
    ends_at = time.monotonic() + ROUND_SECONDS
    unwell: set[int] = set()
    while time.monotonic() < ends_at:
        found = list(due().exclude(subscription__in=unwell)[:50])
        if not found:
            return
        for row in found:
            if row.subscription_id not in unwell and not send(row.pk):
                unwell.add(row.subscription_id)
            if time.monotonic() >= ends_at:
                return


def due() -> QuerySet[HookDelivery]:
    """What may be sent now, the oldest first."""
    unsettled = HookDelivery.objects.exclude(state__in=(_State.DELIVERED, _State.SET_ASIDE))
    before = unsettled.filter(
        Q(sequence__lt=OuterRef("sequence")) | Q(sequence=OuterRef("sequence"), pk__lt=OuterRef("pk")),
        subscription=OuterRef("subscription"),
        case_key=OuterRef("case_key"),
    )
    rows = HookDelivery.objects.filter(
        ~Exists(before),
        state=_State.QUEUED,
        next_try_at__lte=timezone.now(),
        subscription__ended_at=None,
        subscription__system__revoked_at=None,
    )
    return rows.order_by("sequence", "pk")


def send(pk: int) -> bool:
    """Send one if nobody else has it. Returns False where its receiver is in trouble.

    The time of the claim tells whose it is: whoever was away too long settles nothing.
    """
    claimed_at = timezone.now()
    mine = HookDelivery.objects.filter(pk=pk, state=_State.QUEUED)
    if mine.update(state=_State.SENDING, claimed_at=claimed_at) != 1:
        return True
    row = HookDelivery.objects.select_related("subscription__system").get(pk=pk)
    status, error = _sent(row)
    tries = row.tries + 1
    outcome = hook_tries.judge(status, tries=tries, most=settings.WEBHOOK_TRIES)
    is_over = outcome is TryOutcome.DELIVERED
    HookDelivery.objects.filter(pk=pk, state=_State.SENDING, claimed_at=claimed_at).update(
        state={TryOutcome.DELIVERED: _State.DELIVERED, TryOutcome.DEAD: _State.DEAD}.get(
            outcome, _State.QUEUED
        ),
        tries=tries,
        next_try_at=timezone.now() + hook_tries.pause(tries),
        settled_at=timezone.now() if is_over else None,
        error="" if is_over else error,
    )
    return not hook_tries.is_unwell(status)


def body_of(row: HookDelivery) -> dict[str, Any]:
    """What is told. Person and unit only where the subscription allows it; of the protected neither, ever."""
    data: dict[str, Any] = {"sequence": row.sequence, **row.content}
    if row.subscription.tells_person:
        data |= _person_and_unit(row)
    return {"type": row.kind, "timestamp": row.happened_at.isoformat(), "data": data}


def _sent(row: HookDelivery) -> tuple[int | None, str]:
    message_id, stamp = str(row.public_id), int(time.time())
    text = json.dumps(body_of(row), ensure_ascii=False, separators=(",", ":"))
    signed = secret.signatures(row.subscription, message_id=message_id, stamp=stamp, body=text)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "Behorighetsvagen",
        "webhook-id": message_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": signed,
    }
    try:
        status = post(row.subscription.url, text.encode(), headers)
    except (OSError, http.client.HTTPException, Invalid) as exc:
        return None, type(exc).__name__
    return status, f"HTTP {status}"


def _person_and_unit(row: HookDelivery) -> dict[str, Any]:
    key = next((key for key in _WHERE if key in row.content), None)
    about = _WHERE[key].objects.filter(public_id=row.content[key]).first() if key else None
    if about is None:
        return {}
    if isinstance(about, Review):
        return {"unit": about.unit_hsa_id, "service": about.service}
    if about.subject_is_protected:
        return {"person": {"hsa_id": None, "name": None, "is_protected": True}}
    return {
        "person": {"hsa_id": about.subject_hsa_id, "name": about.subject_name, "is_protected": False},
        "unit": about.unit_hsa_id,
        "service": about.service,
        "level": about.level,
    }


def _release_interrupted() -> None:
    """Whoever claimed these must be dead: nobody knows whether they were sent, so they are sent again."""
    lost = timezone.now() - timedelta(seconds=30 + 6 * settings.WEBHOOK_SECONDS)
    HookDelivery.objects.filter(state=_State.SENDING, claimed_at__lt=lost).update(state=_State.QUEUED)
