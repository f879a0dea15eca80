"""One full reading of a person against the same searches done bare.

Bare: ldap3 on a connection that is open, with the very searches that the reading sends, and nothing done with
the answers. Both take turns on the same slapd, so that whatever else the machine does troubles both alike.
"""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Iterator
from typing import Any

from benchmarks import region, tables
from benchmarks.server import Served, shared
from benchmarks.tables import Table
from provisioning.directory import Directory
from provisioning.directory.ldap.library import ldap3
from provisioning.rules.hsa import HsaId

BAR = 1.25
PERSONS = 100
Search = dict[str, Any]  # in the words of ldap3


def run() -> Table:
    """Median times by class of person."""
    before = tables.load_average()
    served = shared()
    directory, bare = served.directory(), _bare(served)
    table = Table(
        f"One full reading of a person, against the same searches bare (bar {BAR} x)",
        ("commissions", "searches", "bare ms", "reading ms", "ratio"),
    )
    for kind in region.CLASSES:
        ids = served.person_ids[kind]
        count, bare_ms, ours_ms = _measure(directory, bare, ids[len(ids) // 2 :][:PERSONS])
        ratio = ours_ms / bare_ms
        cells = (kind, f"{count:.1f}", f"{bare_ms:.2f}", f"{ours_ms:.2f}", f"{ratio:.2f}")
        table.add(*cells, is_met=ratio <= BAR)
    directory.close()
    bare.unbind()
    table.notes.append(f"Median of {PERSONS} persons over LDAPS. {tables.surroundings(before)}")
    return tables.explained(table, before)


def _measure(directory: Directory, bare: ldap3.Connection, ids: list[str]) -> tuple[float, float, float]:
    """Searches per person, and milliseconds bare and ours."""
    counts, bare_ms, ours_ms = [], [], []
    directory.read(HsaId(ids[0]))  # opens the connection, and learns what may be read
    for each in ids:
        with _listening() as searches:
            directory.read(HsaId(each))
        begun_at = time.perf_counter()
        for search in searches:
            bare.search(**search)
        between = time.perf_counter()
        directory.read(HsaId(each))
        ours_ms.append((time.perf_counter() - between) * 1000)
        bare_ms.append((between - begun_at) * 1000)
        counts.append(len(searches))
    return statistics.mean(counts), statistics.median(bare_ms), statistics.median(ours_ms)


@contextlib.contextmanager
def _listening() -> Iterator[list[Search]]:
    """Write down what is searched for."""
    searches: list[Search] = []
    original = ldap3.Connection.search

    def noting(link: ldap3.Connection, **search: Any) -> Any:
        searches.append(search)
        return original(link, **search)

    ldap3.Connection.search = noting
    try:
        yield searches
    finally:
        ldap3.Connection.search = original


def _bare(served: Served) -> ldap3.Connection:
    settings = served.settings()
    tls = ldap3.Tls(validate=0)  # the check is made once, on connecting, and is not measured
    server = ldap3.Server(settings.url, get_info=ldap3.NONE, tls=tls)
    return ldap3.Connection(
        server,
        region.READER,
        region.PASSWORD,
        client_strategy=ldap3.SAFE_SYNC,
        auto_bind=True,
        read_only=True,
    )
