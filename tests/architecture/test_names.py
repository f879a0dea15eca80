"""Names that can be read at a glance: a test's name says one thing, a class name stands for one thing."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LONGEST_TEST_NAME = 70
# Names that a library looks for.
GIVEN = {"Command", "Meta"}


def _python_files(*rooms: str) -> list[Path]:
    found = [path for room in rooms for path in (ROOT / room).rglob("*.py")]
    assert found, rooms
    return [path for path in found if "migrations" not in path.parts]


def _nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))


def test_no_test_has_a_long_name():
    too_long = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for path in _python_files("tests")
        for node in _nodes(path)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if node.name.startswith("test") and len(node.name) > LONGEST_TEST_NAME
    ]
    assert not too_long, "\n".join(too_long)


def test_no_class_name_is_used_for_two_things():
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path in _python_files("provisioning", "workflows", "config"):
        for node in _nodes(path):
            if isinstance(node, ast.ClassDef) and node.name not in GIVEN:
                places[node.name].append(str(path.relative_to(ROOT)))
    assert not {name: where for name, where in places.items() if len(where) > 1}


# A distinguished name compared as text: it may be written otherwise from one look to the next.
AS_TEXT = re.compile(
    r"\bdn\.(?:casefold|lower|upper)\(|\.dn (?:==|!=) |(?:== |!= )[a-z_]+\.dn\b|_dn__i?(?:exact|endswith)\b"
)
# One reading's own name against itself.
ITSELF = {"provisioning/rules/assessment/near_misses.py", "provisioning/demo/kiv.py"}


def test_distinguished_names_are_compared_in_one_way():
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in _python_files("provisioning", "workflows")
        if str(path.relative_to(ROOT)) not in ITSELF
        for line in path.read_text(encoding="utf-8").splitlines()
        if AS_TEXT.search(line)
    ]
    assert not found, "\n".join(found)
