"""An order for 500 persons on one's own unit: shown with real look-ups, then placed by the worker.

Against slapd with 115 000 entries and SQLite. Bars: ten seconds to show and ten to place, and three searches
for each hundred rows besides what is asked once: who orders, the place, and its KIV administrators.
"""

from __future__ import annotations

import dataclasses
import json
import logging
import time
import uuid
from datetime import timedelta
from typing import Any

from benchmarks import apart, region, server, sweep, tables
from benchmarks.tables import Table

ROWS, FIRST = 500, 2_000
HEAD, ADMINISTRATOR, UNIT = 5, 1_500, 5
BAR_SECONDS, BAR_SEARCHES = 10.0, 3.0


def run() -> Table:
    """Look at the rows, and place them."""
    before = tables.load_average()
    found = apart.measured("benchmarks.many_orders")
    table = Table(
        f"An order of {ROWS} rows (bars {BAR_SECONDS:.0f} s, {BAR_SEARCHES:.0f} searches for 100 rows more)",
        ("act", "rows", "seconds", "searches for 100 rows more"),
    )
    for act in ("shown", "placed"):
        row = found[act]
        is_met = row["seconds"] <= BAR_SECONDS and row["rows"] == ROWS and row["searches"] <= BAR_SEARCHES
        cells = (act, str(row["rows"]), f"{row['seconds']:.1f}", f"{row['searches']:.1f}")
        table.add(*cells, is_met=is_met)
    table.notes.append(tables.surroundings(before))
    return tables.explained(table, before)


def measure() -> dict[str, Any]:
    """The rows shown and then placed, in this process."""
    import django

    django.setup()
    from django.core.management import call_command

    from provisioning.models import AccessRequest, User
    from provisioning.orders.many import look_up, send
    from workflows import many_orders

    logging.disable(logging.CRITICAL)  # there is no broker to nudge
    call_command("migrate", verbosity=0)
    original = region.make
    region.make = lambda: _administered(original())  # type: ignore[assignment]
    sweep._settle_in(server.shared())
    asked = sweep._count_questions()
    head = User.objects.seen(_person(HEAD), name="Head")
    lines = _lines()
    look_up.judged(lines[:1], by=head)  # opens the connection, and learns what may be read
    asked.clear()
    look_up.judged(lines[:1], by=head)
    of_one = len(asked)
    asked.clear()
    begun = time.perf_counter()
    found = look_up.judged(lines, by=head)
    shown = time.perf_counter() - begun
    more = (len(asked) - of_one) / (ROWS / 100)
    order = send.confirm(
        [send.confirmed(one.line, look_up.mark(one.prepared)) for one in found if one.prepared],
        by=head,
        submission=uuid.uuid4(),
        content_key="",
    )
    begun = time.perf_counter()
    many_orders.place(order.many.pk)
    placed = time.perf_counter() - begun
    return {
        "shown": {"rows": sum(one.may_be_sent for one in found), "seconds": shown, "searches": more},
        "placed": {"rows": AccessRequest.objects.count(), "seconds": placed, "searches": 0.0},
    }


def _lines() -> list[Any]:
    from django.utils import timezone

    from provisioning.orders.many.lines import WantedLine

    today = timezone.localdate()
    reasons = {
        "need": "Coordinates the rehabilitation of the unit.",
        "risk": "Sees the unit's own cases only.",
    }
    return [
        WantedLine(
            number,
            person=_person(FIRST + number).text,
            access="rehabstod:unit",
            unit=region._unit_id(UNIT),
            starts_on=today.isoformat(),
            ends_on=(today + timedelta(days=200)).isoformat(),
            **reasons,
        )
        for number in range(ROWS)
    ]


def _person(number: int) -> Any:
    from provisioning.rules.hsa import HsaId

    return HsaId(f"{region.PREFIX}{number:05X}")


def _administered(made: region.Region) -> region.Region:
    """The region with somebody who administers all of it in KIV."""
    wanted = f"hsaIdentity: {region.PREFIX}{ADMINISTRATOR:05X}"
    managed = f"{wanted}\nvgrManagedObjects: {region.ORGANISATION}\nvgrAdminType: C"
    return dataclasses.replace(made, ldif=made.ldif.replace(f"\n{wanted}\n", f"\n{managed}\n", 1))


if __name__ == "__main__":
    # Written at once: nothing else may come after it.
    print(json.dumps(measure()))
