"""Who may import whom: the contracts in pyproject.toml hold, and each of them can fail."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from tests.servers import ROOT

ROOMS = ("config", "provisioning", "workflows")
TRESPASSES = [  # each row of the tree is stepped over once, from below
    ("provisioning/management/commands/assess.py", "import config.settings", "Start-up"),
    ("provisioning/demo/cast.py", "import provisioning.management.commands.assess", "rooms of the domain"),
    ("provisioning/api/urls.py", "import provisioning.demo.cast", "rooms of the domain"),
    ("provisioning/pages/start.py", "import provisioning.api.urls", "rooms of the domain"),
    ("provisioning/systems/keep.py", "import provisioning.messages.texts", "rooms of the domain"),
    ("workflows/steps.py", "import provisioning.pages.words", "Start-up"),
    ("provisioning/findings/tell.py", "import workflows.steps", "Start-up"),
    ("provisioning/findings/record.py", "import provisioning.pages.words", "rooms of the domain"),
    ("provisioning/findings/record.py", "import provisioning.reviews.begin", "rooms of the domain"),
    ("provisioning/orders/prepare.py", "import provisioning.reviews.begin", "rooms of the domain"),
    ("provisioning/removals/begin.py", "import provisioning.orders.check", "rooms of the domain"),
    ("provisioning/access/cases.py", "import provisioning.removals.begin", "rooms of the domain"),
    ("provisioning/rights/give.py", "import provisioning.access.cases", "rooms of the domain"),
    ("provisioning/rights/give.py", "import provisioning.figures.counting", "rooms of the domain"),
    ("provisioning/cases/handlers.py", "import provisioning.rights.give", "rooms of the domain"),
    ("provisioning/mandates/current.py", "import provisioning.cases.handlers", "rooms of the domain"),
    ("provisioning/cases/schedule.py", "import provisioning.retention", "rooms of the domain"),
    ("provisioning/messages/outbox.py", "import provisioning.mandates.current", "rooms of the domain"),
    ("provisioning/login/tokens.py", "import provisioning.messages.texts", "rooms of the domain"),
    ("provisioning/audit/events.py", "import provisioning.messages.texts", "rooms of the domain"),
    ("provisioning/assessments/reading.py", "import provisioning.audit.events", "rooms of the domain"),
    ("provisioning/models/orders.py", "import provisioning.assessments.reading", "rooms of the domain"),
    ("provisioning/directory/gateway.py", "import provisioning.models.orders", "rooms of the domain"),
    ("provisioning/dates.py", "import provisioning.directory.gateway", "rooms of the domain"),
    ("provisioning/worker.py", "import provisioning.dates", "rooms of the domain"),
    ("provisioning/rules/hsa.py", "import provisioning.errors", "rooms of the domain"),
    ("provisioning/rules/hsa.py", "import provisioning.dates", "rooms of the domain"),
    ("provisioning/rules/hsa.py", "import django.conf", "Rules are pure"),
    ("provisioning/rules/dates/periods.py", "import provisioning.models.orders", "Rules are pure"),
    ("provisioning/assessments/reading.py", "import ldap3", "speaks LDAP"),
    ("workflows/orders/work.py", "import ldap3", "speaks LDAP"),
    ("provisioning/directory/gateway.py", "import ldap3", "speaks LDAP"),
    ("provisioning/orders/end.py", "import viewflow.workflow.flow", "know the engine"),
    ("provisioning/pages/start.py", "import viewflow.workflow.flow", "know the engine"),
    ("provisioning/rules/hsa.py", "import provisioning.rules.removal", "in a circle"),
]


def layers_of(number: int) -> list[set[str]]:
    """The rooms of each layer of the contract, from top to bottom."""
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    rows = pyproject["tool"]["importlinter"]["contracts"][number]["layers"]
    return [{name.removeprefix("provisioning.") for name in re.split(r"\s*[|:]\s*", row)} for row in rows]


def room_of(module: str) -> str:
    return module.removeprefix("provisioning.").partition(".")[0]


def steps_over(contract: str) -> set[tuple[str, str]]:
    """From which room into which one the trespasses of a contract lead."""
    return {
        (room_of(file.removesuffix(".py").replace("/", ".")), room_of(statement.split()[1]))
        for file, statement, name in TRESPASSES
        if name == contract
    }


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


@pytest.mark.parametrize(("number", "contract"), [(0, "rooms of the domain"), (1, "Start-up")])
def test_each_row_is_stepped_over_below(number, contract):
    rows, steps = layers_of(number), steps_over(contract)
    pairs = [(lower, upper) for upper, lower in pairwise(rows)]
    assert [pair for pair in pairs if not any(a in pair[0] and b in pair[1] for a, b in steps)] == []


def test_each_row_of_several_rooms_is_stepped_over_between_them():
    rows = [row for row in layers_of(0) if len(row) > 1]
    steps = steps_over("rooms of the domain")
    assert len(rows) > 4
    assert [row for row in rows if not any(a in row and b in row for a, b in steps)] == []


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
