"""Who may import whom: the contracts in pyproject.toml hold, and each of them can fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import ROOT

ROOMS = ("config", "provisioning", "workflows")
TRESPASSES = [
    ("provisioning/orders.py", "import workflows.flows", "The domain knows neither"),
    ("provisioning/rules/hsa.py", "import django.conf", "Rules are pure"),
    ("provisioning/rules/periods.py", "import provisioning.models", "Rules are pure"),
    ("provisioning/readings.py", "import ldap3", "speaks LDAP"),
    ("workflows/work.py", "import ldap3", "speaks LDAP"),
    ("provisioning/requests.py", "import viewflow.workflow.flow", "know the engine"),
    ("provisioning/directory/gateway.py", "import provisioning.models", "Inside the domain"),
    ("provisioning/models.py", "import provisioning.orders", "Inside the domain"),
]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()",
         "--no-cache"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rooms")
    for room in ROOMS:
        only_code = shutil.ignore_patterns("static", "templates", "__pycache__", "*.ldif", "locale")
        shutil.copytree(ROOT / room, folder / room, ignore=only_code)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def test_every_room_imports_only_what_it_may():
    result = lint(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("file", "statement", "contract"), TRESPASSES)
def test_a_trespass_is_found(copy, file, statement, contract):
    path = copy / file
    original = path.read_text(encoding="utf-8")
    path.write_text(f"{original}\n{statement}\n", encoding="utf-8")
    try:
        result = lint(copy)
    finally:
        path.write_text(original, encoding="utf-8")
    broken = [line for line in result.stdout.splitlines() if "BROKEN" in line]
    assert result.returncode != 0
    assert any(contract in line for line in broken), result.stdout
