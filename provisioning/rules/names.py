"""Distinguished names: splitting, comparing and walking them, without touching their text.

`_dn` is a name as text, as the directory wrote it. A *key* is its comparable form.
Source: RFC 4514 (text form), RFC 4518 (blanks and case do not matter in naming attributes).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

Key = tuple[str, ...]

CACHED = 32_768  # a region's units and commissions: a sweep meets each of them again and again

_HEX = "0123456789abcdefABCDEF"


def split(dn: str) -> list[str]:
    """The name's parts, nearest first, each as written: `ou=A\\, B,o=C` gives two."""
    parts: list[str] = []
    begin = 0
    for index in _separators(dn, ",;"):
        parts.append(dn[begin:index].strip())
        begin = index + 1
    last = dn[begin:].strip()
    return [*parts, last] if last or parts else []


@functools.lru_cache(maxsize=CACHED)
def parent(dn: str) -> str:
    """The name of the entry above, as written; empty at the top."""
    for index in _separators(dn, ",;"):
        return dn[index + 1 :].strip()
    return ""


def ancestors(dn: str) -> Iterator[str]:
    """The names above, nearest first."""
    above = parent(dn)
    while above:
        yield above
        above = parent(above)


@functools.lru_cache(maxsize=CACHED)
def key(dn: str) -> Key:
    """The comparable form: case, blanks and escapes no longer matter."""
    return tuple(_part_key(part) for part in split(dn))


def is_same(one: str, other: str) -> bool:
    """Say whether both name the same entry, however each of them is written."""
    return one == other or key(one) == key(other)


def is_within(dn_key: Key, base_key: Key) -> bool:
    """Say whether the first is the second or stands below it."""
    return not base_key or dn_key[-len(base_key) :] == base_key


def lies_in(dn: str, tops: Iterable[str]) -> bool:
    """Say whether the name is one of these or below one, however each of them is written."""
    below = key(dn)
    return any(top_key and is_within(below, top_key) for top_key in map(key, tops))


def tidy(dn: str) -> str:
    """The same name without blanks between its parts, as servers write the names of their entries."""
    return ",".join(split(dn))


def ways_to_write(dn: str) -> tuple[str, ...]:
    """The same name as people and programs write it: as it is, and with and without blanks between."""
    return tuple(dict.fromkeys((dn, tidy(dn), ", ".join(split(dn)))))


def first_pair(dn: str) -> tuple[str, str] | None:
    """Attribute and value of the nearest part; None when it holds several or none."""
    parts = split(dn)
    if not parts or any(True for _ in _separators(parts[0], "+")):
        return None
    attribute, found, value = parts[0].partition("=")
    return (attribute.strip(), unescape(value.strip())) if found else None


def unescape(value: str) -> str:
    """A part's value without its escapes: `\\,` is a comma, `\\C3\\A5` one letter."""
    if "\\" not in value:
        return value
    out = bytearray()
    index = 0
    while index < len(value):
        if value[index] != "\\":
            out += value[index].encode()
            index += 1
        elif _is_hex_pair(value[index + 1 : index + 3]):
            out.append(int(value[index + 1 : index + 3], 16))
            index += 3
        else:
            out += value[index + 1 : index + 2].encode()
            index += 2
    return out.decode(errors="replace")


def _is_hex_pair(text: str) -> bool:
    return len(text) == 2 and all(character in _HEX for character in text)


def _separators(text: str, wanted: str) -> Iterator[int]:
    """Where the wanted characters stand unescaped and unquoted."""
    is_escaped = is_quoted = False
    for index, character in enumerate(text):
        if is_escaped:
            is_escaped = False
        elif character == "\\":
            is_escaped = True
        elif character == '"':
            is_quoted = not is_quoted
        elif character in wanted and not is_quoted:
            yield index


def _part_key(part: str) -> str:
    if "+" not in part:
        return _pair_key(part)
    begin, pairs = 0, []
    for index in [*_separators(part, "+"), len(part)]:
        pairs.append(_pair_key(part[begin:index]))
        begin = index + 1
    return "+".join(sorted(pairs))


def _pair_key(pair: str) -> str:
    attribute, _, value = pair.partition("=")
    plain = unescape(value.strip()).strip('"')
    return f"{attribute.strip().casefold()}={' '.join(plain.split()).casefold()}"
