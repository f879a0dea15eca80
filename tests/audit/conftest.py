"""A chain of ten facts, the key in a file, and both verifiers asked about it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

Findings = set[tuple[str, int, int]]  # kind, first row, last row


@pytest.fixture
def chain(db) -> None:
    """Ten facts."""
    from provisioning.models import AuditHead
    from tests.audit import chains

    AuditHead.objects.all().delete()
    for number in range(1, chains.LENGTH + 1):
        chains.record(number)


@pytest.fixture
def anybodys_hand(db) -> None:
    """The database's owner has switched the triggers off."""
    from django.db import connection

    from provisioning.audit import guards

    connection.check_constraints()  # PostgreSQL: nothing waits for the end of the transaction any more
    guards.remove(connection)


@pytest.fixture
def key_file(tmp_path: Path, settings) -> Path:
    path = tmp_path / "key"
    path.write_text(settings.AUDIT_KEY + "\n")
    return path


@pytest.fixture
def checkpoint_file(tmp_path: Path) -> Path:
    return tmp_path / "checkpoints.jsonl"


@pytest.fixture
def checkpoint(checkpoint_file: Path) -> Callable[[], None]:
    """Write a checkpoint of now to the file."""
    from provisioning.audit import checkpoints

    def write() -> None:
        checkpoints.write([("file", str(checkpoint_file))])

    return write


@pytest.fixture
def both(tmp_path: Path, key_file: Path, checkpoint_file: Path) -> Callable[[], tuple[Findings, Findings]]:
    """Ask the verifier inside about the database and the one outside about an export of it."""
    from provisioning.audit import export as exports
    from tests.audit import chains

    def ask() -> tuple[Findings, Findings]:
        found_inside = chains.inside(checkpoint_file)
        file = tmp_path / "export.jsonl"
        file.write_text("".join(exports.lines()))
        return found_inside, chains.outside(file, key_file, checkpoint_file)

    return ask
