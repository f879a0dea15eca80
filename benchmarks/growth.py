"""Ten thousand, a hundred thousand and a million cases side by side: what each page takes at each size.

The same as `million`, once for each size (GROWTH_CASES); run when it is named, as it takes long. A page grows
where the largest takes more than three times what the smallest does, and more than the page's bar.
"""

from __future__ import annotations

import os
from typing import Any

from benchmarks import million, tables
from benchmarks.tables import Table

ONLY_WHEN_NAMED = True
SIZES = [int(text) for text in os.environ.get("GROWTH_CASES", "10000,100000,1000000").split(",")]
TIMES_SLOWER = 3.0


def run() -> Table:
    """One run for each size, the largest first; each size's own table is shown as soon as it is there."""
    before = tables.load_average()
    found: dict[int, dict[str, Any]] = {}
    for size in sorted(SIZES, reverse=True):
        began = tables.load_average()
        measured = million.at_size(size)
        print(million.table_of(size, measured, began), flush=True)
        found = {size: measured} | found
    shown = tuple(f"{size} cases" for size in found)
    table = Table("Growth: p95 in ms, and peak memory of jobs in MB", ("what", *shown))
    table.add("filled", *(f"{one['filled'] * 1000:.0f}" for one in found.values()))
    pages = [
        {name: tables.percentile(times, 95) for name, times, _count, _scans in one["pages"]}
        for one in found.values()
    ]
    for name in dict.fromkeys(name for page in pages for name in page):
        times = [page.get(name) for page in pages]
        read = [one for one in times if one is not None]
        is_met = read[-1] <= max(TIMES_SLOWER * read[0], million.bar_of(name))
        table.add(name, *("" if one is None else f"{one * 1000:.0f}" for one in times), is_met=is_met)
    jobs = [{name: (seconds, peak) for name, seconds, peak in one["jobs"]} for one in found.values()]
    for name in jobs[0]:
        cells = (f"{job[name][0] * 1000:.0f} ({job[name][1]} MB)" for job in jobs)
        table.add(f"nightly: {name}", *cells)
    memory = ", ".join(f"{one['memory']} MB" for one in found.values())
    table.notes.append(f"Memory of the process that served: {memory} at most.")
    table.notes.append(tables.surroundings(before))
    return tables.explained(table, before)
