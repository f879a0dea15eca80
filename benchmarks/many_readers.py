"""How long a reading takes while eight threads keep asking, and how many a second that makes.

Each thread asks for the next person the moment it has the last one. Bars (95 % within): 15, 25 and
120 ms for 0-1, 2-9 and 10-199 commissions. HSA's own promise is 150, 300 and 2000 ms at 10, 5 and 1
calls a second.
Source of the promise: HSA authorizationmanagement 2.4.5.
"""

from __future__ import annotations

import itertools
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks import region, tables
from benchmarks.server import shared
from benchmarks.tables import Table
from provisioning.directory import Directory
from provisioning.rules.hsa import HsaId

THREADS = 8
SECONDS = 6.0
BARS_MS = {region.FEW: 15, region.SOME: 25, region.MANY: 120}
PROMISED = {region.FEW: (150, 10), region.SOME: (300, 5), region.MANY: (2000, 1)}


def run() -> Table:
    """Eight threads, one class of persons after the other."""
    before = tables.load_average()
    served = shared()
    directory = served.directory()
    table = Table(
        f"Readings while {THREADS} threads keep asking",
        ("commissions", "median ms", "p95 ms", "bar ms", "calls/s", "HSA's promise"),
    )
    for kind, bar in BARS_MS.items():
        spent, calls_per_second = _keep_asking(directory, served.person_ids[kind])
        median, p95 = tables.percentile(spent, 50), tables.percentile(spent, 95)
        ms, calls = PROMISED[kind]
        promise = f"{ms} ms, {calls}/s"
        cells = (kind, f"{median:.1f}", f"{p95:.1f}", str(bar), f"{calls_per_second:.0f}", promise)
        table.add(*cells, is_met=p95 <= bar)
    table.notes.append(f"One process, {SECONDS:.0f} s each, over LDAPS. {tables.surroundings(before)}")
    if table.missed:
        table.notes.append(tables.why_missed(before))
    return table


def _keep_asking(directory: Directory, ids: list[str]) -> tuple[list[float], float]:
    """Milliseconds of every reading, and readings a second."""
    start = threading.Barrier(THREADS)

    def ask(number: int) -> list[float]:
        own = itertools.cycle(ids[number::THREADS])
        directory.read(HsaId(next(own)))
        start.wait()
        spent, until = [], time.perf_counter() + SECONDS
        while (begun_at := time.perf_counter()) < until:
            directory.read(HsaId(next(own)))
            spent.append((time.perf_counter() - begun_at) * 1000)
        directory.close()
        return spent

    with ThreadPoolExecutor(THREADS) as pool:
        spent = list(itertools.chain.from_iterable(pool.map(ask, range(THREADS))))
    return spent, len(spent) / SECONDS
