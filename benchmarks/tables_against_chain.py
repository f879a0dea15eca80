"""How long it takes to check the chain of many cases, and every row of the tables against it.

Each case is an order with its request, its right and the eight entries that lead there, signed and written as
`audit.record` signs and writes them, each with what the rows say then; in a database of its own (SQLite).
Bar: 100 000 cases in at most 60 seconds, chain and tables together; fewer (TABLES_CASES) in their share.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks import apart, tables
from benchmarks.tables import Table

MANY = 100_000
CASES = int(os.environ.get("TABLES_CASES", str(MANY)))
BAR_SECONDS = 60.0 * CASES / MANY
CHUNK = 2_000
ACTIONS = (
    "request.started", "request.attested", "request.checked", "request.kiv_needed", "request.reported_done",
    "request.values_seen", "request.done", "grant.created",
)  # fmt: skip
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def run() -> Table:
    """The check of all, and what of it the tables take."""
    before = tables.load_average()
    table = Table(f"{CASES} cases: the chain, and the tables against it", ("what", "s", "busy s", "bar s"))
    found = apart.measured("benchmarks.tables_against_chain")
    for name, (seconds, busy) in found["took"].items():
        is_met = seconds <= BAR_SECONDS if name == "both" else None
        bar = f"{BAR_SECONDS:.0f}" if name == "both" else ""
        table.add(name, f"{seconds:.1f}", f"{busy:.1f}", bar, is_met=is_met)
    table.notes.append(f"{found['entries']} entries, {found['rows']} rows. {tables.surroundings(before)}")
    return tables.explained(table, before)


def measure(_folder: Path) -> dict[str, Any]:
    """One run, in this process: seconds that passed, and seconds of the processors."""
    import django

    django.setup()
    from django.core.management import call_command

    from provisioning.audit import verify
    from provisioning.audit.tables import Tables

    call_command("migrate", verbosity=0)
    _fill(CASES)
    held = Tables()
    moments = [_moment()]
    report = verify.verify(take=held.take)
    moments.append(_moment())
    agreement = held.compare()
    moments.append(_moment())
    assert report.is_sound, report.findings[:3]
    assert not agreement.deviations, agreement.deviations[:3]
    assert agreement.rows == 2 * CASES, agreement.rows
    chain, rows, both = (_between(moments[a], moments[b]) for a, b in ((0, 1), (1, 2), (0, 2)))
    return {
        "took": {"chain": chain, "tables": rows, "both": both},
        "entries": report.count,
        "rows": agreement.rows,
    }


def _moment() -> tuple[float, float]:
    return time.perf_counter(), sum(os.times()[:4])


def _between(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    return end[0] - start[0], end[1] - start[1]


def _fill(cases: int) -> None:
    """The tables first; then the chain, whose entries hold what the rows say."""
    from django.db import connection, transaction

    from provisioning.audit import sealing
    from provisioning.models import AuditHead, User

    for number in range(3):
        User.objects.create(hsa_key=f"se0000000000-{number}", hsa_id=f"SE0000000000-{number}")
    names, marks = ", ".join(sealing.COLUMNS), ", ".join(["%s"] * len(sealing.COLUMNS))
    statement = f"INSERT INTO provisioning_auditentry ({names}) VALUES ({marks})"  # noqa: S608 - constants
    for first in range(0, cases, CHUNK):
        with transaction.atomic():
            _rows(first, min(CHUNK, cases - first))
    chain = _chain()
    while chunk := list(islice(chain, CHUNK * 10)):
        with transaction.atomic(), connection.cursor() as cursor:
            values = [
                (
                    *row[:1], str(row.at)[:26], *row[2:6], row.request.hex, row.reason, json.dumps(row.data),
                    *row[9:13], row.about.hex if row.about else None,
                )
                for row in chunk
            ]  # fmt: skip
            cursor.executemany(statement, values)
            head = {"sequence": chunk[-1].sequence, "mac": chunk[-1].mac}
            AuditHead.objects.update_or_create(pk=AuditHead.ONLY, defaults=head)


def _rows(first: int, count: int) -> None:
    """Cases that are done, each with its right."""
    from provisioning.models import AccessRequest, Grant, Order

    orders = Order.objects.bulk_create(
        Order(
            case_number=f"2026-{first + number:06d}",
            orderer_id="se0000000000-0",
            need="Behövs för rehabiliteringen av enhetens patienter.",
            risk_statement="Risken är liten: uppgifterna gäller den egna enheten.",
        )
        for number in range(count)
    )
    right = {
        "service": "rehabstod", "level": "unit", "unit_key": "se0000000000-u",
        "unit_hsa_id": "SE0000000000-U",
        "starts_on": date(2026, 1, 1), "ends_on": date(2026, 12, 31),
    }  # fmt: skip
    requests = AccessRequest.objects.bulk_create(
        AccessRequest(
            order=order,
            position=1,
            subject_key=f"se0000000000-p{order.case_number}",
            subject_hsa_id=f"SE0000000000-P{order.case_number}",
            state="done",
            attester_id="se0000000000-1",
            attested_at=BEGAN + timedelta(hours=1),
            attestation_comment="Behövs.",
            carried_out_by_id="se0000000000-2",
            carried_out_how="done",
            reported_done_at=BEGAN + timedelta(hours=2),
            values_seen_at=BEGAN + timedelta(hours=2),
            verified_at=BEGAN + timedelta(hours=3),
            **right,
        )
        for order in orders
    )
    grants = Grant.objects.bulk_create(
        Grant(
            origin=request,
            subject_key=request.subject_key,
            subject_hsa_id=request.subject_hsa_id,
            next_review_on=date(2027, 1, 1),
            **right,
        )
        for request in requests
    )
    for request, grant in zip(requests, grants, strict=True):
        request.grant = grant
    AccessRequest.objects.bulk_update(requests, ["grant"], batch_size=400)


def _chain() -> Iterator[Any]:
    """Eight entries for each case; the last two say what the rows say now, those before what they said."""
    from provisioning.audit import keys, says, sealing
    from provisioning.audit.tables import every_row_of
    from provisioning.models import AuditHead

    key, previous, number = keys.current(), AuditHead.NOTHING, 0
    request_kind, right_kind = says.BY_WORD["request"], says.BY_WORD["right"]
    pairs = zip(every_row_of(request_kind), every_row_of(right_kind), strict=True)
    for request, right in pairs:
        now = says.statement(request_kind, request, key)
        given = says.statement(right_kind, right, key)
        for action in ACTIONS:
            number += 1
            is_last = action == ACTIONS[-1]
            said = [now, given] if is_last else [now | {"state": action}]
            row = sealing.SealedRow(
                sequence=number,
                at=BEGAN + timedelta(microseconds=number * 1_000_003),
                action=action,
                actor="se0000000000-1",
                principal=None,
                case=now["order"],
                request=request[0],
                reason="",
                data={"changes": [{"dn": f"cn={number}", "add": "x"}], "says": said},
                version=sealing.VERSION,
                key_id=key.id,
                previous=previous,
                mac="",
                about=right[0] if is_last else None,
            )
            previous = key.sign(keys.ENTRY, sealing.content(row, key))
            yield row._replace(mac=previous)


if __name__ == "__main__":
    # Written at once: nothing else may come after it.
    print(json.dumps(measure(Path(sys.argv[1]))))
