"""Search filters as text. Every value is escaped here, and only here.

Source: RFC 4515 section 3.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_SPECIAL = re.compile(r"[\\*()\0]|\s")


def escape(value: str) -> str:
    """The value as it may stand in a filter.

    Blanks of every kind are escaped as well: some parsers strip them from a value's ends, and a blank
    is what some near misses consist of.
    """
    return _SPECIAL.sub(_escaped, value)


def _escaped(found: re.Match[str]) -> str:
    return "".join(f"\\{octet:02x}" for octet in found[0].encode())


def equals(attribute: str, value: str) -> str:
    return f"({attribute}={escape(value)})"


def begins(attribute: str, value: str) -> str:
    return f"({attribute}={escape(value)}*)"


def contains(attribute: str, value: str) -> str:
    return f"({attribute}=*{escape(value)}*)"


def at_least(attribute: str, value: str) -> str:
    return f"({attribute}>={escape(value)})"


def present(attribute: str) -> str:
    return f"({attribute}=*)"


def any_of(filters: Iterable[str]) -> str:
    parts = list(dict.fromkeys(filters))
    return parts[0] if len(parts) == 1 else f"(|{''.join(parts)})"


def lacks(attribute: str) -> str:
    """Undefined, and so no match, where the asker may not search by the attribute."""
    return f"(!{present(attribute)})"


def all_of(*filters: str) -> str:
    return filters[0] if len(filters) == 1 else f"(&{''.join(filters)})"


def class_is(classes: Iterable[str]) -> str:
    return any_of(equals("objectClass", name) for name in classes)
