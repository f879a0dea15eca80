"""Search filters as text. Every value is escaped here, and only here.

Source: RFC 4515 section 3.
"""

from __future__ import annotations

from collections.abc import Iterable

_SPECIAL = frozenset("\\*()\0")


def escape(value: str) -> str:
    """The value as it may stand in a filter.

    Blanks of every kind are escaped as well: ldap3 strips them from a value's ends, and a blank is
    what some near misses consist of.
    """
    return "".join(
        "".join(f"\\{octet:02x}" for octet in character.encode("utf-8", "surrogateescape"))
        if character in _SPECIAL or character.isspace()
        else character
        for character in value
    )


def equals(attribute: str, value: str) -> str:
    return f"({attribute}={escape(value)})"


def begins(attribute: str, value: str) -> str:
    return f"({attribute}={escape(value)}*)"


def contains(attribute: str, value: str) -> str:
    return f"({attribute}=*{escape(value)}*)"


def present(attribute: str) -> str:
    return f"({attribute}=*)"


def any_of(filters: Iterable[str]) -> str:
    parts = list(dict.fromkeys(filters))
    return parts[0] if len(parts) == 1 else f"(|{''.join(parts)})"


def all_of(*filters: str) -> str:
    return filters[0] if len(filters) == 1 else f"(&{''.join(filters)})"


def class_is(classes: Iterable[str]) -> str:
    return any_of(equals("objectClass", name) for name in classes)
