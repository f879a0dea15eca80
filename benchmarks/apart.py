"""A measurement in a process of its own, with a database and settings of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from typing import Any

_FOREIGN = ("APP_", "AUDIT_", "DATABASE_", "DIRECTORY_", "HSA_", "POLL_", "REDIS_", "REVIEW_")


def measured(module: str, *arguments: str) -> Any:
    """What the module prints last, as JSON, when it is run with a folder of its own and these arguments."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(_FOREIGN)}
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        done = subprocess.run(
            [sys.executable, "-m", module, folder, *arguments],
            env={
                **kept,
                "VAR_DIR": folder,
                "LOG_LEVEL": "ERROR",
                "DJANGO_SETTINGS_MODULE": "config.settings",
            },
            stdout=subprocess.PIPE,
            check=True,
            text=True,
        )
    return json.loads(done.stdout.splitlines()[-1])
