"""No six lines stand twice: what is said again has one home. Lists of imports and migrations may repeat."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from tests.architecture.test_lines import ours

MOST = 5  # as many lines may be the same in two places


def imports(text: str) -> set[int]:
    """The numbers of the lines on which a module imports."""
    statements = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom))
    return {number for node in statements for number in range(node.lineno, (node.end_lineno or 0) + 1)}


def words_of(path: Path) -> list[tuple[int, str]]:
    """The lines that say something, each with its number; however deep they are indented."""
    text = path.read_text(encoding="utf-8")
    left_out = imports(text) if path.suffix == ".py" else set()
    lines = ((number, " ".join(line.split())) for number, line in enumerate(text.splitlines(), 1))
    return [(n, line) for n, line in lines if n not in left_out and any(letter.isalnum() for letter in line)]


def said_twice(files: Iterable[Path]) -> dict[tuple[str, ...], list[str]]:
    """Runs of more than `MOST` lines that stand in several places, each with its places."""
    places: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for path in files:
        lines = words_of(path)
        for start in range(len(lines) - MOST):
            run = lines[start : start + MOST + 1]
            places[tuple(line for _, line in run)].append(f"{path}:{run[0][0]}")
    return {run: found for run, found in places.items() if len(found) > 1}


def test_no_six_lines_stand_twice() -> None:
    assert list(said_twice(ours()).values()) == []


def test_six_lines_that_stand_twice_are_found(tmp_path) -> None:
    import_list = "from json import (\n    dump,\n    dumps,\n    load,\n    loads,\n    JSONDecoder,\n)\n"
    one, other = tmp_path / "one.py", tmp_path / "other.py"
    for number, found in ((MOST, 0), (MOST + 1, 1)):
        run = "".join(f"value_{step} = {step}\n" for step in range(number))
        one.write_text(import_list + run, encoding="utf-8")
        other.write_text(import_list + "\nif True:\n" + run.replace("value", "    value"), encoding="utf-8")
        assert len(said_twice([one, other])) == found
