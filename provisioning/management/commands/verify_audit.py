"""Check the audit chain in the database, against its checkpoints. Reads; writes nothing.

    python manage.py verify_audit [--checkpoints FILE …] [--tables] [--json]

Checkpoint files that AUDIT_CHECKPOINT_TARGETS names are read without being asked for; one that is not there,
holds no checkpoint, or none younger than AUDIT_CHECKPOINT_MAX_AGE_HOURS, is no anchor: the end of the chain
could not be checked.
With --tables every row of cases, rights, removals, delegations and reviews is compared with what the signed
entries say that it says.
Exit status: 0 sound, 1 something is wrong (each finding is named), 2 it could not be checked.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from provisioning.audit import anchors, verify
from provisioning.audit.anchors import Anchors
from provisioning.audit.tables import Agreement, Tables
from provisioning.audit.verify import GivenUp, Report

COULD_NOT = 2


class Command(BaseCommand):
    help = "Check the audit chain (0 sound, 1 something is wrong, 2 could not be checked)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--checkpoints",
            action="append",
            default=[],
            metavar="FILE",
            type=Path,
            help="checkpoints that were kept elsewhere: a file of lines, a log, a saved mail",
        )
        parser.add_argument("--tables", action="store_true", help="compare the tables with the chain, too")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            held = anchors.read(options["checkpoints"])
            tables = Tables() if options["tables"] else None
            report = verify.verify(held.checkpoints, take=tables.take if tables else None)
            agreement = tables.compare() if tables else None
        except (OSError, ImproperlyConfigured, DatabaseError) as exc:
            raise CommandError(str(exc), returncode=COULD_NOT) from exc
        tell = as_json if options["json"] else as_text
        self.stdout.write(tell(report, held, agreement))
        if not report.is_sound or (agreement and agreement.deviations):
            sys.exit(1)
        if held.useless:
            sys.exit(COULD_NOT)


def as_json(report: Report, held: Anchors, agreement: Agreement | None = None) -> str:
    findings = [
        {"kind": one.kind.value, "first": one.first, "last": one.last, "text": one.text}
        for one in report.findings
    ]
    return json.dumps(
        {
            "sound": report.is_sound,
            "count": report.count,
            "sequence": report.last_sequence,
            "checkpoints": len(held.checkpoints),
            "torn": held.torn,
            "not_checked": held.useless,
            "given_up": [
                {"row": one.sequence, "by": one.actor, "lost_through": one.lost_through, "reason": one.reason}
                for one in report.given_up
            ],
            "findings": findings,
            "tables": None if agreement is None else _tables_as_data(agreement),
        }
    )


def as_text(report: Report, held: Anchors, agreement: Agreement | None = None) -> str:
    lines = []
    for one in report.findings:
        where = f"row {one.first}" if one.first == one.last else f"rows {one.first}-{one.last}"
        lines.append(f"{one.kind.value}: {where}: {one.text}")
    lines += [f"given_up: row {one.sequence}: {_given_up(one)}" for one in report.given_up]
    lines += [f"checkpoint_torn: {place}: half written, so it was not counted." for place in held.torn]
    lines += [f"not_checked: {why}" for why in held.useless]
    count = len(held.checkpoints)
    if not count:
        lines.append("No checkpoints were given: a tail that was cut off with the head cannot be found.")
    verdict = "NOT CHECKED against its checkpoints" if held.useless else "SOUND"
    deviations = agreement.deviations if agreement else ()
    lines += [f"deviates: {one.text}" for one in deviations]
    if not report.is_sound or deviations:
        verdict = f"WRONG: {len(report.findings) + len(deviations)} findings"
    lines.append(f"{verdict}. {report.count} rows through {report.last_sequence}, {count} checkpoints.")
    if agreement is not None:
        lines.append(
            f"Tables: {agreement.rows} rows compared with the chain, {len(deviations)} deviations; "
            f"{agreement.older} more are told of by older entries alone."
        )
    return "\n".join(lines)


def _tables_as_data(agreement: Agreement) -> dict[str, Any]:
    deviations = [
        {
            "table": one.table,
            "id": str(one.id),
            "row": one.name,
            "column": one.column,
            "is": one.said,
            "should_be": one.signed,
            "entry": one.sequence,
        }
        for one in agreement.deviations
    ]
    return {"rows": agreement.rows, "older": agreement.older, "deviations": deviations}


def _given_up(one: GivenUp) -> str:
    return f"{one.actor} gave up {len(one.lost)} checkpoints through row {one.lost_through}: {one.reason}"
