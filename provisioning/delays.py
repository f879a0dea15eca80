"""The delays from KIV to the national HSA, as measured: what they promise, and when a change is late."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils.translation import ngettext

from provisioning.models import AccessRequest
from provisioning.rules import delays
from provisioning.rules.delays import Forecast

# Where somebody answered "already set" it had stood in KIV before we looked: that measures nothing.
_MEASURED = ("done", "seen")


def expected() -> Forecast:
    """What the latest measured delays say of the next change; the documented delay before there are any.

    A delay runs from our seeing the value in KIV to our seeing it in HSA. Both looks come late, by at
    most their own interval.
    """
    rows = AccessRequest.objects.filter(
        arrived_at__isnull=False, values_seen_at__isnull=False, carried_out_how__in=_MEASURED
    )
    times = rows.order_by("-arrived_at").values_list("values_seen_at", "arrived_at")[: delays.WINDOW]
    found = [max(arrived - seen, timedelta(0)) for seen, arrived in times if seen and arrived]
    return delays.forecast(found)


def sentence() -> str:
    """What to expect, in words."""
    minutes = expected().minutes
    return ngettext(
        "HSA usually shows a change within %(minutes)d minute.",
        "HSA usually shows a change within %(minutes)d minutes.",
        minutes,
    ) % {"minutes": minutes}


def late_after() -> timedelta:
    """How long a request waits for HSA before the orderer and the operators are told."""
    return delays.late_after(expected(), configured=timedelta(minutes=settings.HSA_LATE_AFTER_MINUTES))
