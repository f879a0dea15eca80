"""A storm: 150 SIGKILLs of everything within ten minutes, while people order and end rights.

A real installation on this machine: PostgreSQL, Redis, slapd, two workers, the timetable and gunicorn, each
started again as systemd would. Bars: nothing lost, nothing doubled, no mail twice, the event log sound, all
settled within 60 seconds after the last kill, and at least half of what is done in the same time undisturbed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

from benchmarks import tables
from benchmarks.tables import Table

KILLS, SECONDS, CASES = 150, 540, 200
CALM_SECONDS = int(os.environ.get("STORM_CALM_SECONDS", "120"))
SETTLED_BAR_SECONDS, THROUGHPUT_BAR = 60.0, 0.5


def run() -> Table:
    """First in calm weather, then in the storm."""
    before = tables.load_average()
    calm = _played(kills=0, seconds=CALM_SECONDS, cases=1)
    storm = _played(kills=KILLS, seconds=SECONDS, cases=CASES)
    kills = sum(storm["kills"].values())
    ratio = _per_minute(storm) / _per_minute(calm)
    begun, settled = storm["orders"] + storm["removals"], storm["settled after seconds"]
    table = Table(f"{kills} SIGKILLs in {storm['seconds']:.0f} s", ("what", "is", "bar"))
    table.add("cases and removals begun", str(begun), str(CASES), is_met=begun >= CASES)
    for kind, cases in storm["troubles"].items():
        table.add(kind, str(len(cases)), "0", is_met=not cases)
    is_settled = settled is not None and settled <= SETTLED_BAR_SECONDS
    table.add("settled after the last kill, s", str(settled), f"{SETTLED_BAR_SECONDS:.0f}", is_met=is_settled)
    table.add("mails out after that, s", str(storm["mails after seconds"]), "")
    rates = f"{_per_minute(storm):.0f} of {_per_minute(calm):.0f}"
    table.add("done a minute, of calm weather's", rates, "")
    table.add("that is", f"{ratio:.2f}", f"{THROUGHPUT_BAR}", is_met=ratio >= THROUGHPUT_BAR)
    table.notes.append("Killed: " + ", ".join(f"{part} {times}" for part, times in storm["kills"].items()))
    table.notes.append("Ended by itself and started again: " + (json.dumps(storm["ended by itself"])))
    table.notes.append("Mails: " + ", ".join(f"{state} {count}" for state, count in storm["mails"].items()))
    table.notes.append(f"People met {storm['misfortunes']} errors and tried again; odd: {storm['errors']}")
    table.notes += [f"{kind}: {case}" for kind, cases in storm["troubles"].items() for case in cases[:20]]
    table.notes.append(tables.surroundings(before))
    return tables.explained(table, before)


def _played(*, kills: int, seconds: int, cases: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="storm-") as folder:
        done = subprocess.run(
            [sys.executable, "-m", "tests.workflows.storm", folder, "--kills", str(kills),
             "--seconds", str(seconds), "--cases", str(cases)],
            stdout=subprocess.PIPE, check=True, text=True,
        )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _per_minute(played: dict[str, Any]) -> float:
    return float(60 * played["completed in the storm"] / played["seconds"])
