"""The database as the migrations leave it, made once: to migrate takes longer than most files of tests.

It lies in `.pytest_cache`, one for each content of the migrations. The tests of the migrations run them anew.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.servers import ROOT

FOLDER = ROOT / ".pytest_cache" / "migrated"
READ = ("provisioning/migrations", "workflows/migrations")  # and the libraries' own, by their pinned versions


def database() -> Path:
    """The file, made now where this content of the migrations has none. Others who want it meanwhile wait."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        file = FOLDER / f"{_digest()}.sqlite3"
        if not file.exists():
            for old in FOLDER.glob("*.sqlite3"):
                old.unlink()
            _make(file)
        return file


def put_into(var_dir: Path) -> None:
    """Let a tool that keeps what it stores there begin with it."""
    var_dir.mkdir(parents=True, exist_ok=True)
    shutil.copy(database(), var_dir / "database.sqlite3")


def fill(connection: Any, **_about: object) -> None:
    """Give a test database its tables: called when the first connection to it is opened."""
    if connection.vendor != "sqlite" or not connection.is_in_memory_db():
        return
    if connection.connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None:
        made = sqlite3.connect(database())
        made.backup(connection.connection)
        made.close()


def _make(file: Path) -> None:
    folder = tempfile.mkdtemp(prefix="provisioning-migrated-")
    env = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    try:
        command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"]
        subprocess.run(command, env={**env, "VAR_DIR": folder}, check=True)
        whole = sqlite3.connect(Path(folder) / "database.sqlite3")
        new = file.with_suffix(".new")
        copy = sqlite3.connect(new)
        whole.backup(copy)
        copy.close()
        whole.close()
        new.rename(file)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _digest() -> str:
    content = hashlib.sha256((ROOT / "requirements.lock").read_bytes())
    for folder in READ:
        for path in sorted((ROOT / folder).glob("*.py")):
            content.update(path.name.encode() + b"\0" + path.read_bytes())
    return content.hexdigest()[:16]
