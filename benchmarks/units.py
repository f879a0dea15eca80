"""A unit's people against all that is ordered there, and the teams of all units of a region.

Against slapd with 115 000 entries, 3 600 care units among them, and SQLite. Bars: a unit of 40 people or more
within 1.5 seconds and six searches; how far the teams of all care units have come within two seconds, read
from the directory anew. A unit of thousands is shown beside it, without a bar: its first page, by name, and
everybody, as for its file.
"""

from __future__ import annotations

import functools
import json
import logging
import time
from collections.abc import Callable
from typing import Any

from benchmarks import apart, region, server, sweep, tables
from benchmarks.tables import Table

USUAL, CROWDED = 1_000, 5  # units, by their numbers; each is headed by the person with the same number
LOOKS, LOOKS_AT_CROWDED, LEAST_PEOPLE = 11, 2, 40
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
    for name, what in (("page", "first page of a crowded unit"), ("crowded", "everybody at it")):
        part = found[name]
        table.add(f"{what}, {part['searches']} searches", str(part["rows"]), *_times(part["seconds"]), "")
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

    from provisioning.pages.units import matrix
    from provisioning.teams import coverage

    logging.disable(logging.CRITICAL)
    call_command("migrate", verbosity=0)
    sweep._settle_in(server.shared())
    asked = sweep._count_questions()
    page = functools.partial(matrix.page_of_unit, number=None)
    people = _people(USUAL, LOOKS, asked, page)
    first = _people(CROWDED, LOOKS_AT_CROWDED, asked, page)
    crowded = _people(CROWDED, LOOKS_AT_CROWDED, asked, matrix.of_unit)
    teams: dict[str, Any] = {"seconds": []}
    for _look in range(LOOKS):
        caches["default"].clear()
        begun = time.perf_counter()
        rows = coverage.covered(coverage.care_units().units, coverage.held_tasks())
        coverage.by_area(rows)
        teams["seconds"].append(time.perf_counter() - begun)
        teams["rows"] = len(rows)
    return {"people": people, "page": first, "crowded": crowded, "teams": teams}


def _people(number: int, looks: int, asked: list[Any], show: Callable[..., Any]) -> dict[str, Any]:
    """The matrix of the unit with this number, so many times; `asked` gathers the questions."""
    from provisioning.models import User
    from provisioning.rules.hsa import HsaId

    head = User.objects.seen(HsaId(f"{region.PREFIX}{number:05X}"), name="Head")
    unit_id = HsaId(region._unit_id(number))
    show(head, unit_id, may_order=True)  # opens the connection, and learns what may be read
    found: dict[str, Any] = {"seconds": []}
    for _look in range(looks):
        asked.clear()
        begun = time.perf_counter()
        found["rows"] = len(show(head, unit_id, may_order=True).rows)
        found["seconds"].append(time.perf_counter() - begun)
        found["searches"] = len(asked)
    return found


if __name__ == "__main__":
    # Written at once: nothing else may come after it.
    print(json.dumps(measure()))
