"""A unit's people against all that is ordered there, and the teams of all units of a region.

Against slapd with 115 000 entries, 3 600 care units among them, and SQLite. Bars: a unit of 40 people or more
within 1.5 seconds and six searches; how far the teams of all care units have come within two seconds, read
from the directory anew.
"""

from __future__ import annotations

import json
import logging
import time
from typing import Any

from benchmarks import apart, region, server, sweep, tables
from benchmarks.tables import Table

HEAD, UNIT, LOOKS, LEAST_PEOPLE = 5, 5, 11, 40
PEOPLE_BAR_SECONDS, PEOPLE_BAR_SEARCHES, TEAMS_BAR_SECONDS = 1.5, 6, 2.0


def run() -> Table:
    """Both, several times; the middle and the longest."""
    before = tables.load_average()
    found = apart.measured("benchmarks.units")
    table = Table(
        "The people of a unit, and the teams of a region", ("what", "of", "median s", "longest s", "bar s")
    )
    people, teams = found["people"], found["teams"]
    longest = max(people["seconds"])
    is_met = longest <= PEOPLE_BAR_SECONDS and people["searches"] <= PEOPLE_BAR_SEARCHES
    is_met = is_met and people["rows"] >= LEAST_PEOPLE
    what = f"people and accesses, {people['searches']} searches"
    table.add(what, str(people["rows"]), *_times(people["seconds"]), str(PEOPLE_BAR_SECONDS), is_met=is_met)
    is_met = max(teams["seconds"]) <= TEAMS_BAR_SECONDS and teams["rows"] >= region.UNITS
    table.add(
        "teams of care units",
        str(teams["rows"]),
        *_times(teams["seconds"]),
        str(TEAMS_BAR_SECONDS),
        is_met=is_met,
    )
    table.notes.append(tables.surroundings(before))
    return tables.explained(table, before)


def _times(seconds: list[float]) -> tuple[str, str]:
    return f"{tables.percentile(seconds, 50):.2f}", f"{max(seconds):.2f}"


def measure() -> dict[str, Any]:
    """Both, in this process."""
    import django

    django.setup()
    from django.core.cache import caches
    from django.core.management import call_command

    from provisioning.models import User
    from provisioning.pages.units import matrix
    from provisioning.rules.hsa import HsaId
    from provisioning.teams import coverage

    logging.disable(logging.CRITICAL)
    call_command("migrate", verbosity=0)
    sweep._settle_in(server.shared())
    asked = sweep._count_questions()
    head = User.objects.seen(HsaId(f"{region.PREFIX}{HEAD:05X}"), name="Head")
    unit_id = HsaId(region._unit_id(UNIT))
    matrix.of_unit(head, unit_id, may_order=True)  # opens the connection, and learns what may be read
    people: dict[str, Any] = {"seconds": []}
    for _look in range(LOOKS):
        asked.clear()
        begun = time.perf_counter()
        people["rows"] = len(matrix.of_unit(head, unit_id, may_order=True).rows)
        people["seconds"].append(time.perf_counter() - begun)
        people["searches"] = len(asked)
    teams: dict[str, Any] = {"seconds": []}
    for _look in range(LOOKS):
        caches["default"].clear()
        begun = time.perf_counter()
        rows = coverage.covered(coverage.care_units().units, coverage.held_tasks())
        coverage.by_area(rows)
        teams["seconds"].append(time.perf_counter() - begun)
        teams["rows"] = len(rows)
    return {"people": people, "teams": teams}


if __name__ == "__main__":
    # Written at once: nothing else may come after it.
    print(json.dumps(measure()))
