"""A line can be read without turning one's head: in templates, style sheets and code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.servers import ROOT

LONGEST = 140
LONGEST_PROSE = 120
ROOMS = ("benchmarks", "config", "provisioning", "tests", "tools", "workflows")
ENDINGS = {".html", ".css", ".js", ".py"}
# Vendored and installed files are others' words. Migrations are history as the framework wrote it.
NOT_OURS = {"vendor", "node_modules", "migrations", "__pycache__", "locale"}


def ours() -> list[Path]:
    files = [path for room in ROOMS for path in (ROOT / room).rglob("*") if path.suffix in ENDINGS]
    return sorted(path for path in files if not NOT_OURS & set(path.relative_to(ROOT).parts))


def too_long(text: str) -> list[int]:
    """The numbers of the lines that are too long."""
    return [number for number, line in enumerate(text.splitlines(), 1) if len(line) > LONGEST]


def test_no_line_of_ours_is_too_long():
    long = {str(path.relative_to(ROOT)): too_long(path.read_text(encoding="utf-8")) for path in ours()}
    assert {path: lines for path, lines in long.items() if lines} == {}


def prose(text: str) -> list[str]:
    """The lines of a page that are no table, code or drawing."""
    outside_code = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [line for line in outside_code.splitlines() if not line.lstrip().startswith("|")]


def test_prose_is_wrapped():
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "docs" / "decisions").glob("*.md")]
    long = {
        path.name: [line for line in prose(path.read_text("utf-8")) if len(line) > LONGEST_PROSE]
        for path in pages
    }
    assert {name: lines for name, lines in long.items() if lines} == {}


def test_every_kind_of_file_is_looked_at():
    assert {path.suffix for path in ours()} == ENDINGS


@pytest.mark.parametrize(("length", "lines"), [(LONGEST, []), (LONGEST + 1, [2])])
def test_a_line_of_one_more_is_found(length, lines):
    assert too_long(f"short\n{'å' * length}\nshort\n") == lines


def test_each_rule_of_a_style_sheet_is_one_block():
    for path in ours():
        if path.suffix == ".css":
            text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
            assert re.findall(r"\{[^\n]+$", text, flags=re.MULTILINE) == [], path.name
            assert re.findall(r";[^\n]*;", text) == [], path.name
