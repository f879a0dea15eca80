"""A region's file of ready sentences: taken whole, or the tool does not start."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import ready_reasons

ONE = '[[reason]]\naccess = "rehabstod:unit"\nneed = "Behovet."\nrisk = "Risken."\n'


def read(folder: Path, text: str) -> tuple[dict[str, object], ...]:
    path = folder / "reasons.toml"
    path.write_text(text, encoding="utf-8")
    return ready_reasons.read(str(path), variable="READY_REASONS_FILE")


def test_each_table_is_taken_with_its_professions(tmp_path: Path) -> None:
    first, second = read(tmp_path, ONE + 'professions = ["Läkare"]\n' + ONE)

    assert first["professions"] == ["Läkare"]
    assert second == {"access": "rehabstod:unit", "need": "Behovet.", "risk": "Risken.", "professions": ()}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[[reason]",
        ONE.replace("Behovet.", ""),
        ONE.replace('"Risken."', "7"),
        ONE.replace("Behovet.", "x" * 2001),
        ONE + 'profession = "Läkare"\n',
        ONE + 'professions = "Läkare"\n',
        'reason = "Behovet."',
    ],
)
def test_a_wrong_file_stops_the_start_and_names_the_variable(tmp_path: Path, text: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="READY_REASONS_FILE"):
        read(tmp_path, text)


def test_a_missing_file_stops_the_start() -> None:
    with pytest.raises(ImproperlyConfigured, match="READY_REASONS_FILE"):
        ready_reasons.read("/nowhere/reasons.toml", variable="READY_REASONS_FILE")
