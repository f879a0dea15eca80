"""A region's own ready sentences of need and risk: read when the tool starts, which a wrong file stops."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

LONGEST = 2000  # characters of a text on the order page


def read(path: str, *, variable: str) -> tuple[dict[str, Any], ...]:
    """The tables `[[reason]]` of the file: `access`, `need`, `risk` and, where given, `professions`.

    Raises ImproperlyConfigured, which names the variable.
    """
    try:
        tables = tomllib.loads(Path(path).read_text(encoding="utf-8")).get("reason", [])
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise ImproperlyConfigured(f"{variable}: {path} cannot be read: {exc}") from exc
    if not isinstance(tables, list) or not tables:
        raise ImproperlyConfigured(f"{variable}: {path} has no table [[reason]].")
    return tuple(_checked(table, number, variable) for number, table in enumerate(tables, start=1))


def _checked(table: Any, number: int, variable: str) -> dict[str, Any]:
    where = f"{variable}: reason {number}"
    if not isinstance(table, dict) or set(table) - {"access", "professions", "need", "risk"}:
        raise ImproperlyConfigured(f"{where} may have access, professions, need and risk, nothing else.")
    for name in ("access", "need", "risk"):
        text = table.get(name)
        if not isinstance(text, str) or not text.strip() or len(text) > LONGEST:
            raise ImproperlyConfigured(f"{where}: {name} must be a text of at most {LONGEST} characters.")
    professions = table.get("professions", [])
    if not isinstance(professions, list) or not all(isinstance(one, str) for one in professions):
        raise ImproperlyConfigured(f"{where}: professions must be a list of texts.")
    return {"professions": (), **table}
