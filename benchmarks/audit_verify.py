"""How long it takes to check a chain of a million entries, inside and outside.

    python -m benchmarks.audit_verify [ROWS]

The entries are made through the real signing into a database of their own (SQLite, with its triggers in
place), with reasons and data of the usual length. Promise: a million rows in at most 60 seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ROWS, LONGEST_SECONDS = 1_000_000, 60.0
CHUNK = 20_000


def main(rows: int = ROWS) -> int:
    """Measure and print; returns how many promises were broken."""
    with tempfile.TemporaryDirectory(prefix="audit-benchmark-") as folder:
        for name in [name for name in os.environ if name.startswith(("AUDIT_", "DATABASE_"))]:
            del os.environ[name]
        os.environ |= {"VAR_DIR": folder, "DJANGO_SETTINGS_MODULE": "config.settings"}
        import django

        django.setup()
        return _measure(rows, Path(folder))


def _measure(rows: int, folder: Path) -> int:
    from django.core.management import call_command

    from provisioning.audit_trail import checkpoints, exports, verification

    call_command("migrate", verbosity=0)
    _timed("write", rows, lambda: _fill(rows))
    checkpoint = checkpoints.write([("file", str(folder / "checkpoints"))])
    inside, report = _timed("verify inside", rows, lambda: verification.verify([checkpoint]))
    assert report.is_sound and report.count == rows, report
    file = folder / "export.jsonl"
    _timed("export", rows, lambda: file.open("w").writelines(exports.lines()))
    command = [sys.executable, "-I", str(ROOT / "tools" / "verify_audit.py"), str(file)]
    command += ["--key", str(folder / "audit_key"), "--checkpoints", str(folder / "checkpoints")]
    outside, result = _timed("verify outside", rows, lambda: subprocess.run(command, check=False))
    assert result.returncode == 0
    limit = LONGEST_SECONDS * rows / ROWS
    return sum(seconds > limit for seconds in (inside, outside))


def _timed(what: str, rows: int, act: Callable[[], Any]) -> tuple[float, Any]:
    start, before = time.perf_counter(), os.times()
    result = act()
    seconds, after = time.perf_counter() - start, os.times()
    busy = sum(after[:4]) - sum(
        before[:4]
    )  # of the processors, children included: what a quiet machine takes
    rate = f"{rows / seconds:>10,.0f} rows/s"
    print(f"{what:16} {rows:>10,} rows {seconds:8.1f} s {rate}, busy {busy:.1f} s", flush=True)
    return seconds, result


def _fill(rows: int) -> None:
    """Write the chain in big transactions, each row signed as `audit.record` signs it."""
    from django.db import connection, transaction

    from provisioning.audit_trail import sealing
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
    from provisioning.audit_trail import keys, sealing
    from provisioning.models import AuditHead

    key, previous, at = keys.current(), AuditHead.NOTHING, datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(1, rows + 1):
        row = sealing.Row(
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
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS))
