"""The rules import nothing that could look at a clock, a file, a network or Django."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import provisioning.rules

ROOM = Path(provisioning.rules.__file__).parent
ALLOWED = {
    "unicodedata",
    "__future__",
    "collections",
    "dataclasses",
    "datetime",
    "enum",
    "functools",
    "math",
    "holidays",
    "provisioning",
    "re",
    "typing",
    "zoneinfo",
}
FINDS_ITS_MODULES = "catalogue"  # by name: a new service is one module and one line
CLOCKS = {"now", "utcnow", "today", "fromtimestamp"}


@pytest.mark.parametrize("module", sorted(ROOM.rglob("*.py")), ids=lambda path: path.stem)
def test_a_rule_module_imports_only_what_is_pure_and_never_reads_the_clock(module: Path):
    tree = ast.parse(module.read_text(encoding="utf-8"))
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            imported.add(node.module or "")
        elif isinstance(node, ast.Attribute):
            assert node.attr not in CLOCKS, f"{module.name}:{node.lineno} reads the clock"
    allowed = ALLOWED | {"importlib"} if module.stem == FINDS_ITS_MODULES else ALLOWED
    assert {name.split(".")[0] for name in imported} <= allowed
    own = {name for name in imported if name.startswith("provisioning")}
    assert all(name == "provisioning.rules" or name.startswith("provisioning.rules.") for name in own)


def test_every_rule_module_says_its_subject():
    for module in ROOM.glob("*.py"):
        assert ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))), module.name
