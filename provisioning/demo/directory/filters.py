"""Search filters: read from the wire, and answered true, false or undefined for an entry.

Source: RFC 4511 section 4.5.1.7 (three-valued logic: what may not be read is undefined).
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from provisioning.demo.directory import ber, matching

Values = Mapping[str, Collection[str]]  # normalised values by plain attribute name


class FilterKind(enum.Enum):
    """The choices of a Filter, by their context tags."""

    AND = 0xA0
    OR = 0xA1
    NOT = 0xA2
    EQUAL = 0xA3
    SUBSTRINGS = 0xA4
    AT_LEAST = 0xA5
    AT_MOST = 0xA6
    PRESENT = 0x87
    APPROXIMATE = 0xA8


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter. `pieces` of a substring assertion are (first, *anywhere, last), empty = open."""

    kind: FilterKind
    parts: tuple[Filter, ...] = ()
    attribute: str = ""
    value: str = ""
    pieces: tuple[str, ...] = ()


def decode(tag: int, content: bytes) -> Filter:
    """A filter from its element. Raises Malformed for choices we do not know (extensible match)."""
    try:
        kind = FilterKind(tag)
    except ValueError as exc:
        raise ber.Malformed("this kind of filter is not supported") from exc
    if kind in (FilterKind.AND, FilterKind.OR, FilterKind.NOT):
        return Filter(kind, parts=tuple(decode(*part) for part in ber.elements(content)))
    if kind is FilterKind.PRESENT:
        return Filter(kind, attribute=matching.plain_name(ber.as_text(content)))
    (_, name), (_, value) = ber.elements(content)
    attribute = matching.plain_name(ber.as_text(name))
    if kind is FilterKind.SUBSTRINGS:
        return Filter(kind, attribute=attribute, pieces=_pieces(attribute, value))
    return Filter(kind, attribute=attribute, value=matching.normalise(attribute, value))


def _pieces(attribute: str, content: bytes) -> tuple[str, ...]:
    first = last = ""
    anywhere = []
    for tag, piece in ber.elements(content):
        text = matching.normalise_piece(attribute, piece)
        if tag == 0x80:
            first = text
        elif tag == 0x82:
            last = text
        else:
            anywhere.append(text)
    return (first, *anywhere, last)


def matches(wanted: Filter, values: Values, unreadable: Collection[str] = ()) -> bool | None:
    """True, False, or None for undefined (an attribute the asker may not read)."""
    if wanted.kind is FilterKind.NOT:
        answer = matches(wanted.parts[0], values, unreadable)
        return None if answer is None else not answer
    if wanted.kind in (FilterKind.AND, FilterKind.OR):
        decisive = wanted.kind is FilterKind.OR
        answers = {matches(part, values, unreadable) for part in wanted.parts}
        if decisive in answers:
            return decisive
        return None if None in answers else not decisive
    if wanted.attribute in unreadable:
        return None
    held = values.get(wanted.attribute, ())
    return any(value_matches(wanted, value) for value in held)


def value_matches(wanted: Filter, value: str) -> bool:
    """Say whether this one normalised value satisfies the assertion."""
    if wanted.kind is FilterKind.PRESENT:
        return True
    if wanted.kind in (FilterKind.EQUAL, FilterKind.APPROXIMATE):
        return value == wanted.value
    if wanted.kind is FilterKind.SUBSTRINGS:
        return _has_pieces(value, wanted.pieces)
    ours, theirs = matching.order_key(value), matching.order_key(wanted.value)
    return ours >= theirs if wanted.kind is FilterKind.AT_LEAST else ours <= theirs


def _has_pieces(value: str, pieces: tuple[str, ...]) -> bool:
    first, *anywhere, last = pieces
    if not value.startswith(first.lstrip()):
        return False
    position = len(first.lstrip())
    for piece in anywhere:
        found = value.find(piece, position)
        if found < 0:
            return False
        position = found + len(piece)
    ending = last.rstrip()
    return len(value) - len(ending) >= position and value.endswith(ending)
