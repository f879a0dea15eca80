"""Keeping each past day's figures, once and for all: the page then reads a row a day, not the cases."""

from __future__ import annotations

import logging
from datetime import date, timedelta

from django.db import transaction
from django.db.models import Max, Min

from provisioning import dates
from provisioning.figures import counting
from provisioning.models import AccessRequest, DayFigures, FiguredPlace

log = logging.getLogger(__name__)

MOST_DAYS = 400  # a run; the next one goes on


def last_day() -> date | None:
    """Up to which day figures are kept."""
    rows = DayFigures.objects.filter(place_key=counting.ALL, service="")
    found: date | None = rows.aggregate(day=Max("day"))["day"]
    return found


def catch_up() -> int:
    """Count every day that is over and not kept yet. Returns how many."""
    day, today = _first_open_day(), dates.today()
    count = 0
    while day is not None and day < today and count < MOST_DAYS:
        keep(day)
        day, count = day + timedelta(days=1), count + 1
    return count


def _first_open_day() -> date | None:
    kept = last_day()
    if kept is not None:
        return kept + timedelta(days=1)
    first = AccessRequest.objects.aggregate(at=Min("order__created_at"))["at"]
    return dates.today(first) if first is not None else None


@transaction.atomic
def keep(day: date) -> None:
    """Count one day anew. The row without a service says that the day is counted, also where it was empty."""
    DayFigures.objects.filter(day=day).delete()
    rows = [DayFigures(day=day, place_key=counting.ALL, service="")]
    for (spot, service), counts in counting.of_day(day).items():
        rows.append(
            DayFigures(
                day=day,
                place_key=spot.key,
                place_dn=spot.dn,
                place_name=spot.name[:300],
                service=service,
                counts=dict(counts),
            )
        )
    DayFigures.objects.bulk_create(rows, batch_size=500)
    places = {
        row.place_key: FiguredPlace(place_key=row.place_key, place_dn=row.place_dn, place_name=row.place_name)
        for row in rows
        if row.place_dn
    }
    FiguredPlace.objects.bulk_create(
        places.values(),
        batch_size=500,
        update_conflicts=True,
        unique_fields=["place_key"],
        update_fields=["place_dn", "place_name"],
    )
