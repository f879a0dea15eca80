"""Search and Compare over a connection that is open: requests written and answers read, nothing else.

ldap3 connects, protects and logs in; its own search spends a millisecond of this process on what takes
a twentieth here, and one reading makes half a dozen searches. What comes is checked as it is taken
apart: anything but a complete answer to our question raises.
Source: RFC 4511 section 4; RFC 4515 (filters as text); RFC 2696 (pages).
"""

from __future__ import annotations

import functools
import re
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from provisioning.directory import ber

BASE, ONE_LEVEL, SUBTREE = 0, 1, 2
PAGED_RESULTS = "1.2.840.113556.1.4.319"

_SEARCH, _ENTRY, _DONE, _REFERENCE = 0x63, 0x64, 0x65, 0x73
_COMPARE, _COMPARED = 0x6E, 0x6F
_CONTROLS, _EXTENDED = 0xA0, 0x78
_FOLLOW_ALIASES = 3
_NOTHING = "1.1"  # RFC 4511 section 4.5.1.8: no attributes
_CHUNK = 65536

RawEntry = tuple[str, dict[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Control:
    """A wish beside the question. Never critical: a server that does not know it ignores it."""

    oid: str
    value: bytes


@dataclass(frozen=True, slots=True)
class Search:
    """One search. `size_limit` 0: as many as the server gives."""

    base_dn: str
    scope: int
    filter_text: str
    attributes: tuple[str, ...]
    time_limit: int
    size_limit: int = 0
    controls: tuple[Control, ...] = ()


@dataclass(slots=True)
class Answer:
    """What came: result code, entries (names folded, values as text), and where to go on."""

    code: int = 0
    entries: list[RawEntry] = field(default_factory=list)
    is_elsewhere: bool = False  # the server refers to another
    cookie: bytes = b""


def paged(size: int, cookie: bytes) -> Control:
    """Ask for the next so many entries."""
    return Control(PAGED_RESULTS, ber.tlv(ber.SEQUENCE, ber.integer(size), ber.text(cookie)))


def search(connection: socket.socket, number: int, request: Search) -> Answer:
    """Raises OSError when the connection fails, ValueError or LookupError when no LDAP comes back."""
    content = ber.tlv(
        _SEARCH,
        ber.text(request.base_dn),
        ber.integer(request.scope, ber.ENUMERATED),
        ber.integer(_FOLLOW_ALIASES, ber.ENUMERATED),
        ber.integer(request.size_limit),
        ber.integer(request.time_limit),
        ber.boolean(False),
        _filter(request.filter_text),
        _selection(request.attributes),
    )
    connection.sendall(_message(number, content, request.controls))
    return _answer(connection, number, _DONE)


def compare(connection: socket.socket, number: int, dn: str, attribute: str, value: str) -> int:
    """The result code."""
    assertion = ber.tlv(ber.SEQUENCE, ber.text(attribute), ber.text(value))
    connection.sendall(_message(number, ber.tlv(_COMPARE, ber.text(dn), assertion), ()))
    return _answer(connection, number, _COMPARED).code


# Requests


def _message(number: int, content: bytes, controls: Sequence[Control]) -> bytes:
    parts = [ber.integer(number), content]
    if controls:
        block = (ber.tlv(ber.SEQUENCE, ber.text(each.oid), ber.text(each.value)) for each in controls)
        parts.append(ber.tlv(_CONTROLS, *block))
    return ber.tlv(ber.SEQUENCE, *parts)


@functools.lru_cache(maxsize=64)  # a layout asks for a handful of lists
def _selection(attributes: tuple[str, ...]) -> bytes:
    return ber.tlv(ber.SEQUENCE, *(ber.text(name) for name in attributes or (_NOTHING,)))


_ITEM = re.compile(r"\(([^()=*\\~<>:]+>?)=([^()]*)\)")
_ESCAPED = re.compile(rb"\\([0-9a-fA-F]{2})")
_SETS = {"&": 0xA0, "|": 0xA1, "!": 0xA2}
_EQUAL, _SUBSTRINGS, _AT_LEAST, _PRESENT = 0xA3, 0xA4, 0xA5, 0x87
_FIRST, _ANYWHERE, _LAST = 0x80, 0x81, 0x82


def _filter(text: str) -> bytes:
    """The filter's element. Raises ValueError for what is no filter, or of a kind never asked here."""
    encoded, end = _filter_at(text, 0)
    if end != len(text):
        raise ValueError("text after the filter's end")
    return encoded


def _filter_at(text: str, start: int) -> tuple[bytes, int]:
    tag = _SETS.get(text[start + 1 : start + 2])
    if tag is None or text[start] != "(":
        item = _ITEM.match(text, start)
        if item is None:
            raise ValueError("not a filter")
        return _item(item[1], item[2]), item.end()
    parts: list[bytes] = []
    at = start + 2
    while text[at] == "(":
        part, at = _filter_at(text, at)
        parts.append(part)
    if text[at] != ")":
        raise ValueError("a filter without its end")
    return ber.tlv(tag, *parts), at + 1


def _item(attribute: str, value: str) -> bytes:
    if attribute.endswith(">"):
        return ber.tlv(_AT_LEAST, ber.text(attribute[:-1]), ber.text(_octets(value)))
    if value == "*":
        return ber.text(attribute, _PRESENT)
    if "*" not in value:
        return ber.tlv(_EQUAL, ber.text(attribute), ber.text(_octets(value)))
    return ber.tlv(_SUBSTRINGS, ber.text(attribute), ber.tlv(ber.SEQUENCE, *_pieces(value)))


def _pieces(value: str) -> Iterator[bytes]:
    first, *middle, last = value.split("*")
    if first:
        yield ber.text(_octets(first), _FIRST)
    for piece in middle:
        yield ber.text(_octets(piece), _ANYWHERE)
    if last:
        yield ber.text(_octets(last), _LAST)


def _octets(value: str) -> bytes:
    raw = value.encode()
    return _ESCAPED.sub(lambda found: bytes((int(found[1], 16),)), raw) if b"\\" in raw else raw


# Answers


def _answer(connection: socket.socket, number: int, last: int) -> Answer:
    """All messages up to the one that ends the answer."""
    answer = Answer()
    for message in _messages(connection):
        tag, at, end, after = _opened(message, number)
        if tag == _ENTRY:
            answer.entries.append(_entry(message, at, end))
        elif tag == _REFERENCE:
            answer.is_elsewhere = True
        elif tag == last:
            (_, code), *_rest = ber.elements(message[at:end])
            answer.code = ber.as_int(code)
            answer.cookie = _cookie(message[after:])
            return answer
    raise ber.Malformed("no end of the answer")


def _messages(connection: socket.socket) -> Iterator[bytes]:
    """Whole messages as they come, for as long as somebody takes them."""
    buffer = bytearray()
    at = 0
    while True:
        if len(buffer) > at and buffer[at] != ber.SEQUENCE:
            raise ber.Malformed("not an LDAP message")
        end = ber.message_end(buffer, at)
        if end is not None and end <= len(buffer):
            yield bytes(buffer[at:end])
            at = end
            continue
        chunk = connection.recv(_CHUNK)
        if not chunk:
            raise ConnectionResetError("closed by the server")
        del buffer[:at]
        at = 0
        buffer += chunk


def _opened(message: bytes, number: int) -> tuple[int, int, int, int]:
    """The operation's tag, where its contents begin and end, and where the controls begin."""
    _, at = _size(message, 1)
    size, at = _size(message, at + 1)
    answered = ber.as_int(message[at : at + size])
    at += size
    tag = message[at]
    size, at = _size(message, at + 1)
    if answered != number:
        if answered == 0 and tag == _EXTENDED:
            raise ConnectionResetError("the server takes leave")  # RFC 4511 section 4.4.1
        raise ber.Malformed("an answer to another question")
    if at + size > len(message):
        raise ber.Malformed("an element ends too late")
    return tag, at, at + size, at + size


def _entry(data: bytes, at: int, end: int) -> RawEntry:
    """Written out rather than nested: a sweep takes a million values through here."""
    size, at = _size(data, at + 1)
    dn = _text(data[at : at + size])
    _, at = _size(data, at + size + 1)
    attributes: dict[str, tuple[str, ...]] = {}
    while at < end:
        _, at = _size(data, at + 1)
        size, at = _size(data, at + 1)
        name = _folded(data[at : at + size])
        size, at = _size(data, at + size + 1)
        stop = at + size
        values = []
        while at < stop:
            size = data[at + 1]
            at += 2
            if size >= 0x80:
                size, at = _size(data, at - 1)
            values.append(str(data[at : at + size], "utf-8", "replace"))
            at += size
        if at != stop:
            raise ber.Malformed("a value ends too late")
        if values:
            attributes[name] = attributes.get(name, ()) + tuple(values)
    if at != end:
        raise ber.Malformed("an attribute ends too late")
    return dn, attributes


def _size(data: bytes, at: int) -> tuple[int, int]:
    """The length that stands at `at`, and where what it measures begins."""
    size = data[at]
    if size < 0x80:
        return size, at + 1
    begin = at + 1 + (size & 0x7F)
    if not 1 <= size & 0x7F <= 4 or begin > len(data):
        raise ber.Malformed("indefinite or absurd length")
    return int.from_bytes(data[at + 1 : begin], "big"), begin


@functools.lru_cache(maxsize=512)  # a schema has so many names at the most that we ask for
def _folded(name: bytes) -> str:
    """`cn;lang-sv` is a cn as good as any."""
    return name.decode("utf-8", "replace").partition(";")[0].casefold()


def _text(raw: bytes) -> str:
    """A name's text. Old servers write Latin-1 where UTF-8 is due."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _cookie(after: bytes) -> bytes:
    """Where the next page begins; empty when this was the last."""
    for tag, block in ber.elements(after):
        for _, control in ber.elements(block) if tag == _CONTROLS else ():
            (_, oid), *rest = ber.elements(control)
            for kind, value in rest:
                if oid.decode() == PAGED_RESULTS and kind == ber.OCTET_STRING:
                    ((_, page),) = ber.elements(value)
                    _, (_, cookie) = ber.elements(page)
                    return cookie
    return b""
