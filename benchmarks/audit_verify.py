"""How long it takes to check a chain of a million entries, inside and outside.

The entries are made through the real signing into a database of their own (SQLite, with its triggers in
place), with reasons and data of the usual length. Bar: a million rows in at most 60 seconds, and fewer rows
(VERIFY_ROWS) in their share of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks import apart, tables
from benchmarks.tables import Table

ROOT = Path(__file__).resolve().parent.parent
MANY = 1_000_000
ROWS = int(os.environ.get("VERIFY_ROWS", str(MANY)))
BAR_SECONDS = 60.0 * ROWS / MANY
CHUNK = 20_000


def run() -> Table:
    """Both ways of checking; writing and exporting are told beside them."""
    before = tables.load_average()
    table = Table(f"A chain of {ROWS} audit entries", ("what", "s", "busy s", "rows/s", "bar s"))
    for name, (seconds, busy) in apart.measured("benchmarks.audit_verify").items():
        has_bar = name.startswith("verify")
        bar = f"{BAR_SECONDS:.0f}" if has_bar else ""
        is_met = seconds <= BAR_SECONDS if has_bar else None
        table.add(name, f"{seconds:.1f}", f"{busy:.1f}", f"{ROWS / seconds:.0f}", bar, is_met=is_met)
    table.notes.append(f"Busy: of the processors, what a quiet machine takes. {tables.surroundings(before)}")
    return tables.explained(table, before)


def measure(folder: Path) -> dict[str, tuple[float, float]]:
    """One run, in this process: seconds that passed, and seconds of the processors."""
    import django

    django.setup()
    from django.core.management import call_command

    from provisioning.audit import checkpoints
    from provisioning.audit import export as exports
    from provisioning.audit import verify as verification

    call_command("migrate", verbosity=0)
    took: dict[str, tuple[float, float]] = {}
    _timed(took, "write", lambda: _fill(ROWS))
    checkpoint = checkpoints.write([("file", str(folder / "checkpoints"))])
    report = _timed(took, "verify inside", lambda: verification.verify([checkpoint]))
    assert report.is_sound and report.count == ROWS, report
    file = folder / "export.jsonl"
    _timed(took, "export", lambda: _export(file, exports.lines()))
    command = [sys.executable, "-I", str(ROOT / "tools" / "verify_audit.py"), str(file)]
    command += ["--key", str(folder / "audit_key"), "--checkpoints", str(folder / "checkpoints")]
    silent = subprocess.DEVNULL
    result = _timed(took, "verify outside", lambda: subprocess.run(command, check=False, stdout=silent))
    assert result.returncode == 0
    return took


def _export(file: Path, lines: Iterator[str]) -> None:
    with file.open("w", encoding="utf-8") as out:
        out.writelines(lines)


def _timed(took: dict[str, tuple[float, float]], what: str, act: Callable[[], Any]) -> Any:
    start, before = time.perf_counter(), os.times()
    result = act()
    seconds, after = time.perf_counter() - start, os.times()
    took[what] = (seconds, sum(after[:4]) - sum(before[:4]))  # children included
    return result


def _fill(rows: int) -> None:
    """Write the chain in big transactions, each row signed as `audit.record` signs it."""
    from django.db import connection, transaction

    from provisioning.audit import sealing
    from provisioning.models import AuditHead, User

    User.objects.create(hsa_key="se0000000000-1001", hsa_id="SE0000000000-1001")
    names, marks = ", ".join(sealing.COLUMNS), ", ".join(["%s"] * len(sealing.COLUMNS))
    statement = f"INSERT INTO provisioning_auditentry ({names}) VALUES ({marks})"  # noqa: S608 - constants
    chain = _rows(rows)
    while chunk := list(islice(chain, CHUNK)):
        with transaction.atomic(), connection.cursor() as cursor:
            values = [
                (*row[:1], str(row.at)[:26], *row[2:8], json.dumps(row.data), *row[9:]) for row in chunk
            ]
            cursor.executemany(statement, values)
            head = {"sequence": chunk[-1].sequence, "mac": chunk[-1].mac}
            AuditHead.objects.update_or_create(pk=AuditHead.ONLY, defaults=head)


def _rows(rows: int) -> Iterator[Any]:
    from provisioning.audit import keys, sealing
    from provisioning.models import AuditHead

    key, previous, at = keys.current(), AuditHead.NOTHING, datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(1, rows + 1):
        row = sealing.SealedRow(
            sequence=number,
            at=at + timedelta(microseconds=number * 1_000_003),
            action="request.checked",
            actor="se0000000000-1001" if number % 3 else None,
            principal=None,
            case=f"2026-{number // 10:06d}",
            request=None,
            reason="Behövs för rehabiliteringen av enhetens patienter." if number % 4 == 0 else "",
            data={
                "answer": "no",
                "causes": ["role.missing"],
                "changes": [{"dn": f"cn={number}", "add": "x"}],
            },
            version=sealing.VERSION,
            key_id=key.id,
            previous=previous,
            mac="",
        )
        previous = key.sign(keys.ENTRY, sealing.content(row, key))
        yield row._replace(mac=previous)


if __name__ == "__main__":
    # Written at once: nothing else may come after it.
    print(json.dumps(measure(Path(sys.argv[1]))))
