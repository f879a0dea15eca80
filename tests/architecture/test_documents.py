"""README and docs/: short where promised, one place for each thing, and no link or variable leads nowhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.servers import ROOT

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchor(heading: str) -> str:
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def test_the_readme_is_read_in_a_few_minutes():
    assert len(read(ROOT / "README.md").split()) <= 900


def test_the_readme_leads_to_every_page():
    readme = read(ROOT / "README.md")
    assert [page.name for page in (ROOT / "docs").glob("*.md") if f"(docs/{page.name})" not in readme] == []


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_leads_to_a_file_and_a_heading(page: Path):
    for target, heading in re.findall(r"\]\((?!https?:)([^)#\s]*)#?([^)\s]*)\)", read(page)):
        path = page.parent / target if target else page
        assert path.exists(), target
        if heading:
            headings = re.findall(r"^#+ (.+)$", read(path), re.MULTILINE)
            assert heading in map(anchor, headings), f"{target}#{heading}"


def test_every_variable_among_the_settings_exists():
    variables = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", read(ROOT / "docs" / "settings.md"))) - {
        "NAME_FILE"
    }
    example = read(ROOT / ".env.example")
    assert len(variables) > 15
    assert sorted(name for name in variables if not re.search(rf"^#?{name}=", example, re.MULTILINE)) == []


def test_one_glossary_holds_each_term_once():
    tables = [page for page in PAGES if re.search(r"^\| English", read(page), re.MULTILINE)]
    assert tables == [ROOT / "docs" / "glossary.md"]
    terms = re.findall(r"^\| ([^|]+?) \|", read(tables[0]), re.MULTILINE)[1:]
    single = [term.strip() for cell in terms for term in cell.split(",")]
    assert len(single) > 30
    assert len(single) == len(set(single))
