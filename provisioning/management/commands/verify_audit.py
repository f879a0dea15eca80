"""Check the audit chain in the database, against its checkpoints. Reads; writes nothing.

    python manage.py verify_audit [--checkpoints FILE …] [--json]

Checkpoint files that AUDIT_CHECKPOINT_TARGETS names are read without being asked for; one that is not there,
holds no checkpoint, or none younger than AUDIT_CHECKPOINT_MAX_AGE_HOURS, is no anchor: the end of the chain
could not be checked.
Exit status: 0 sound, 1 something is wrong (each finding is named), 2 it could not be checked.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from provisioning.audit import checkpoints, verify
from provisioning.audit.checkpoints import Checkpoint
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
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            anchors = Anchors.read(options["checkpoints"])
            report = verify.verify(anchors.checkpoints)
        except (OSError, ImproperlyConfigured, DatabaseError) as exc:
            raise CommandError(str(exc), returncode=COULD_NOT) from exc
        self.stdout.write(as_json(report, anchors) if options["json"] else as_text(report, anchors))
        if not report.is_sound:
            sys.exit(1)
        if anchors.useless:
            sys.exit(COULD_NOT)


@dataclass(frozen=True, slots=True)
class Anchors:
    """The checkpoints of all files, and what is to be said about the files."""

    checkpoints: tuple[Checkpoint, ...]
    torn: tuple[str, ...]  # where a line is half written
    useless: tuple[str, ...]  # which files say nothing, and why

    @classmethod
    def read(cls, given: Sequence[Path]) -> Anchors:
        """Those of the configured files and those of the given ones, whose age does not matter."""
        kept, useless = [], []
        for path, now in [
            *((one, timezone.now()) for one in checkpoints.configured_files()),
            *((one, None) for one in given),
        ]:
            try:
                kept.append(checkpoints.look_into(path))
            except OSError as exc:
                useless.append(f"{path} cannot be read ({exc.strerror})")
            else:
                useless.append(checkpoints.why_useless(kept[-1], now=now))
        return cls(
            tuple(one for file in kept for one in file.checkpoints),
            tuple(f"{file.path}, line {number}" for file in kept for number in file.torn),
            tuple(filter(None, useless)),
        )


def as_json(report: Report, anchors: Anchors) -> str:
    findings = [
        {"kind": one.kind.value, "first": one.first, "last": one.last, "text": one.text}
        for one in report.findings
    ]
    return json.dumps(
        {
            "sound": report.is_sound,
            "count": report.count,
            "sequence": report.last_sequence,
            "checkpoints": len(anchors.checkpoints),
            "torn": anchors.torn,
            "not_checked": anchors.useless,
            "given_up": [
                {"row": one.sequence, "by": one.actor, "lost_through": one.lost_through, "reason": one.reason}
                for one in report.given_up
            ],
            "findings": findings,
        }
    )


def as_text(report: Report, anchors: Anchors) -> str:
    lines = []
    for one in report.findings:
        where = f"row {one.first}" if one.first == one.last else f"rows {one.first}-{one.last}"
        lines.append(f"{one.kind.value}: {where}: {one.text}")
    lines += [f"given_up: row {one.sequence}: {_given_up(one)}" for one in report.given_up]
    lines += [f"checkpoint_torn: {place}: half written, so it was not counted." for place in anchors.torn]
    lines += [f"not_checked: {why}" for why in anchors.useless]
    count = len(anchors.checkpoints)
    if not count:
        lines.append("No checkpoints were given: a tail that was cut off with the head cannot be found.")
    verdict = "NOT CHECKED against its checkpoints" if anchors.useless else "SOUND"
    if not report.is_sound:
        verdict = f"WRONG: {len(report.findings)} findings"
    lines.append(f"{verdict}. {report.count} rows through {report.last_sequence}, {count} checkpoints.")
    return "\n".join(lines)


def _given_up(one: GivenUp) -> str:
    return f"{one.actor} gave up {len(one.lost)} checkpoints through row {one.lost_through}: {one.reason}"
