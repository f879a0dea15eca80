"""The tree as a table: every package and file of the code with the first line of its docstring."""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from pathlib import Path

from tests.servers import ROOT

TOPS = ("provisioning", "workflows", "config")
NOT_LISTED = {"migrations", "__pycache__", "static", "templates", "locale"}
BEGIN, END = "<!-- the tree: WRITE_TREE=1 pytest tests/architecture -->\n", "<!-- end of the tree -->\n"
PAGE = ROOT / "docs" / "architecture.md"


def table() -> str:
    return "".join(_of_top(ROOT / top) for top in TOPS)


def written() -> str:
    """What the page says; after `WRITE_TREE=1` that is the tree as it stands."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    found, _, after = rest.partition(END)
    if os.environ.get("WRITE_TREE"):
        found = table()
        PAGE.write_text(f"{before}{BEGIN}{found}{END}{after}", encoding="utf-8")
    return found


def _of_top(top: Path) -> str:
    lines = "".join(f"| {name} | {subject} |\n" for name, subject in _lines(top, top))
    return f"\n### `{top.name}/`\n\n| file | its subject |\n|---|---|\n{lines}\n"


def _lines(folder: Path, top: Path) -> Iterator[tuple[str, str]]:
    """Files of the folder itself first, then each folder with its own."""
    for path in sorted(folder.glob("*.py")):
        if path.name != "__init__.py":
            yield f"`{path.relative_to(top)}`", subject_of(path)
    for path in sorted(folder.iterdir()):
        if path.is_dir() and path.name not in NOT_LISTED and (path / "__init__.py").exists():
            yield f"**`{path.relative_to(top)}/`**", subject_of(path / "__init__.py")
            yield from _lines(path, top)


def subject_of(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0].removesuffix(".")
