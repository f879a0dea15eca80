"""Check the audit chain in the database, against its checkpoints. Reads; writes nothing.

    python manage.py verify_audit [--checkpoints FILE …] [--json]

Checkpoint files that AUDIT_CHECKPOINT_TARGETS names are read without being asked for.
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

from provisioning.audit import checkpoints, verify
from provisioning.audit.verify import Report

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
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            paths = [*checkpoints.configured_files(), *options["checkpoints"]]
            known = [checkpoint for path in paths for checkpoint in checkpoints.read(path)]
            report = verify.verify(known)
        except (OSError, ImproperlyConfigured, DatabaseError) as exc:
            raise CommandError(str(exc), returncode=COULD_NOT) from exc
        self.stdout.write(as_json(report, len(known)) if options["json"] else as_text(report, len(known)))
        if not report.is_sound:
            sys.exit(1)


def as_json(report: Report, checkpoint_count: int) -> str:
    findings = [
        {"kind": one.kind.value, "first": one.first, "last": one.last, "text": one.text}
        for one in report.findings
    ]
    return json.dumps(
        {
            "sound": report.is_sound,
            "count": report.count,
            "sequence": report.last_sequence,
            "checkpoints": checkpoint_count,
            "findings": findings,
        }
    )


def as_text(report: Report, checkpoint_count: int) -> str:
    lines = []
    for one in report.findings:
        where = f"row {one.first}" if one.first == one.last else f"rows {one.first}-{one.last}"
        lines.append(f"{one.kind.value}: {where}: {one.text}")
    if not checkpoint_count:
        lines.append("No checkpoints were given: a tail that was cut off with the head cannot be found.")
    verdict = "SOUND" if report.is_sound else f"WRONG: {len(report.findings)} findings"
    lines.append(
        f"{verdict}. {report.count} rows through {report.last_sequence}, {checkpoint_count} checkpoints."
    )
    return "\n".join(lines)
