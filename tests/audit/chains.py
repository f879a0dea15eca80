"""Making a chain, putting a hand on it, and asking both verifiers about it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from django.db import connection, transaction

from provisioning.audit import checkpoints, events, verify
from provisioning.audit.events import Action
from provisioning.models import AuditEntry
from tests.servers import PATIENCE_SECONDS, ROOT

LENGTH = 10


def record(number: int) -> AuditEntry:
    with transaction.atomic():
        return events.record(
            Action.LOGIN_REFUSED, actor=None, reason=f"Skäl {number}", code="person.missing", number=number
        )


def change(statement: str, *parameters: str | int | None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def inside(checkpoint_file: Path) -> set[tuple[str, int, int]]:
    """What `verify_audit` finds, but for the triggers that a test has switched off."""
    known = checkpoints.read(checkpoint_file) if checkpoint_file.exists() else []
    found = {(one.kind.value, one.first, one.last) for one in verify.verify(known).findings}
    return {one for one in found if one[0] != "unguarded"}


def outside(file: Path, key_file: Path, checkpoint_file: Path | None = None) -> set[tuple[str, int, int]]:
    """What the independent verifier finds in a file."""
    result = run_tool(file, key_file, checkpoint_file)
    lines = re.findall(r"^(\w+): rows (-?\d+)-(-?\d+): ", result.stdout, re.MULTILINE)
    assert result.returncode == (1 if lines else 0), result.stdout + result.stderr
    return {(kind, int(first), int(last)) for kind, first, last in lines}


def run_tool(
    file: Path, key_file: Path, checkpoint_file: Path | None = None
) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-I",
        str(ROOT / "tools" / "verify_audit.py"),
        str(file),
        "--key",
        str(key_file),
    ]
    if checkpoint_file is not None and checkpoint_file.exists():
        command += ["--checkpoints", str(checkpoint_file)]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS)
