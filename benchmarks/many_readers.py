"""How long a reading takes at three times the rate that HSA promises, in one process.

Open loop: a reading begins when its moment has come, whether or not those before it are done, and its
time counts from that moment; a queue that grows is seen. Moments come at random, as people do.
HSA's own promise is 150, 300 and 2000 ms at 10, 5 and 1 calls a second; the bars are half of it.
Source of the promise: HSA authorizationmanagement 2.4.5.
"""

from __future__ import annotations

import itertools
import random
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks import region, tables
from benchmarks.server import shared
from benchmarks.tables import Table
from provisioning.directory import Directory
from provisioning.rules.hsa import HsaId

SECONDS = 20.0
THREADS = 16
PER_SECOND = {region.FEW: 30, region.SOME: 15, region.MANY: 3}
BARS_MS = {region.FEW: 75, region.SOME: 150, region.MANY: 1000}


def run() -> Table:
    """One class of persons after the other."""
    before = tables.load_average()
    served = shared()
    directory = served.directory()
    table = Table(
        "Readings at three times the rate that HSA promises",
        ("commissions", "a second", "readings", "median ms", "p95 ms", "bar ms"),
    )
    for kind, bar in BARS_MS.items():
        spent = _read(directory, served.person_ids[kind], PER_SECOND[kind])
        median, p95 = tables.percentile(spent, 50), tables.percentile(spent, 95)
        rate, count = str(PER_SECOND[kind]), str(len(spent))
        table.add(kind, rate, count, f"{median:.1f}", f"{p95:.1f}", str(bar), is_met=p95 <= bar)
    directory.close()
    table.notes.append(f"One process, {SECONDS:.0f} s each, over LDAPS. {tables.surroundings(before)}")
    return tables.explained(table, before)


def _read(directory: Directory, ids: list[str], per_second: float) -> list[float]:
    """Milliseconds of each reading from the moment it was due."""
    chance = random.Random(7)  # noqa: S311 - a simulation
    persons = itertools.cycle(ids)

    def read(person: HsaId, due_at: float) -> float:
        directory.read(person)
        return (time.perf_counter() - due_at) * 1000

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda _: directory.read(HsaId(next(persons))), range(THREADS)))  # opens connections
        due_at = time.perf_counter()
        until = due_at + SECONDS
        pending = []
        while (due_at := due_at + chance.expovariate(per_second)) < until:
            time.sleep(max(0.0, due_at - time.perf_counter()))
            pending.append(pool.submit(read, HsaId(next(persons)), due_at))
        return [each.result() for each in pending]
