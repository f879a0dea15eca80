"""The architecture page shows the tree, and what any page or docstring names is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.architecture import rooms
from tests.architecture.test_documents import PAGES, named, read
from tests.servers import ROOT

CODE = sorted(
    path for top in (*rooms.TOPS, "tests", "tools", "benchmarks") for path in (ROOT / top).rglob("*.py")
)
# A file of one of these tops, or of a room of the domain as the page on architecture calls it.
FILE = re.compile(r"(?<![\w./-])((?:[\w-]+/)+[\w-]+\.(?:py|mjs|ldif|schema))\b")
MODULE = re.compile(r"(?<![\w./-])((?:provisioning|workflows|config|tests)(?:\.[a-z_]\w*)+)")
STARTS = (ROOT, *(ROOT / top for top in rooms.TOPS), ROOT / "tests")
OF_OTHERS = ("celery/", "dbm/")


def is_a_file(name: str, beside: Path) -> bool:
    return name.startswith(OF_OTHERS) or any((start / name).exists() for start in (*STARTS, beside.parent))


def is_a_name(dotted: str) -> bool:
    """A module, or something in one; names of Celery tasks stand in the code as texts."""
    parts = dotted.split(".")
    for length in range(len(parts), 0, -1):
        path = ROOT.joinpath(*parts[:length])
        if path.with_suffix(".py").exists():
            within = read(path.with_suffix(".py"))
            return length == len(parts) or re.search(rf"\b{parts[length]}\b", within) is not None
        if path.is_dir():
            missing = parts[length:]
            inside = read(path / "__init__.py") if (path / "__init__.py").exists() else ""
            return not missing or re.search(rf"\b{missing[0]}\b", inside) is not None or is_text(dotted)
    return False


def is_text(dotted: str) -> bool:
    return any(f'"{dotted}"' in read(path) for path in CODE if path.is_relative_to(ROOT / "workflows"))


def test_the_page_shows_the_tree():
    assert rooms.written() == rooms.table(), (
        "write it anew: WRITE_TREE=1 pytest tests/architecture/test_rooms.py"
    )


def test_every_file_says_its_subject():
    files = [path for path in CODE if path.name != "__init__.py" and "migrations" not in path.parent.name]
    silent = [path for path in files if not rooms.subject_of(path)]
    assert [named(path) for path in silent] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_what_a_page_names_is_there(page: Path):
    text = read(page)
    assert [name for name in FILE.findall(text) if not is_a_file(name, page)] == []
    assert [name for name in MODULE.findall(text) if not is_a_name(name)] == []


def test_what_a_docstring_or_comment_names_is_there():
    wrong = {
        named(path): name for path in CODE for name in FILE.findall(read(path)) if not is_a_file(name, path)
    }
    assert wrong == {}
