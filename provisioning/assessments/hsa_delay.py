"""The delays from KIV to the national HSA, as measured: what they promise, and when a change is late."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils.translation import ngettext

from provisioning.models import AccessRequest, Removal
from provisioning.rules.dates import hsa_delay
from provisioning.rules.dates.hsa_delay import Forecast

# Where somebody answered "already" it had been so in KIV before we looked: that measures nothing.
_MEASURED = ("done", "seen")


def expected() -> Forecast:
    """What the latest measured delays say of the next change; the documented delay before there are any.

    A delay runs from our seeing the change in KIV to our seeing it in HSA, be it a value that came or one
    that went. Both looks come late, by at most their own interval.
    """
    arrivals = AccessRequest.objects.filter(
        arrived_at__isnull=False, values_seen_at__isnull=False, carried_out_how__in=_MEASURED
    )
    departures = Removal.objects.filter(
        gone_from_hsa_at__isnull=False, values_gone_at__isnull=False, carried_out_how__in=_MEASURED
    )
    times = [
        *arrivals.order_by("-arrived_at").values_list("arrived_at", "values_seen_at")[: hsa_delay.WINDOW],
        *departures.order_by("-gone_from_hsa_at").values_list("gone_from_hsa_at", "values_gone_at")[
            : hsa_delay.WINDOW
        ],
    ]
    seen = sorted(((late, early) for late, early in times if late and early), reverse=True)
    return hsa_delay.forecast([max(late - early, timedelta(0)) for late, early in seen[: hsa_delay.WINDOW]])


def sentence() -> str:
    """What to expect, in words."""
    minutes = expected().minutes
    return ngettext(
        "HSA usually shows a change within %(minutes)d minute.",
        "HSA usually shows a change within %(minutes)d minutes.",
        minutes,
    ) % {"minutes": minutes}


def late_after() -> timedelta:
    """How long a case waits for HSA before those concerned and the operators are told."""
    return hsa_delay.late_after(expected(), configured=timedelta(minutes=settings.HSA_LATE_AFTER_MINUTES))
