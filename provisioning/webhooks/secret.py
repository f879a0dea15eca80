"""The secrets that sign: made from the tool's own, so that no table and no backup holds one."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.crypto import salted_hmac
from standardwebhooks import Webhook

from provisioning.models import Subscription

OLD_ONE_LASTS = timedelta(hours=24)  # after a new one was made both sign, so that the receiver can change


def of(subscription: Subscription, *, number: int | None = None) -> str:
    """The secret as the receiver is given it. Source: Standard Webhooks 1.0.0, "Signature scheme"."""
    said = f"{subscription.public_id} {number or subscription.secret_number}"
    made = salted_hmac("provisioning.webhooks.secret", said, algorithm="sha256").digest()
    return "whsec_" + base64.b64encode(made).decode()


def signatures(subscription: Subscription, *, message_id: str, stamp: int, body: str) -> str:
    """What the header `webhook-signature` holds: by the secret, and for a day by the one before it."""
    numbers = [subscription.secret_number]
    rotated_at = subscription.rotated_at
    if rotated_at is not None and timezone.now() < rotated_at + OLD_ONE_LASTS:
        numbers.append(subscription.secret_number - 1)
    at = datetime.fromtimestamp(stamp, tz=UTC)
    return " ".join(Webhook(of(subscription, number=number)).sign(message_id, at, body) for number in numbers)
