"""Reading and writing LDIF content records.

Source: RFC 2849. Change records (`changetype:`) and values by URL (`:<`) are refused.
"""

from __future__ import annotations

import base64
import binascii
import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path

Record = tuple[str, list[tuple[str, bytes]]]

_LINE_WIDTH = 76


class BadLdif(ValueError):
    """The file is not LDIF we can serve; the text says where and why."""


def read(path: Path) -> Iterator[Record]:
    """Every entry of the file: its DN, then attribute and value pairs in their order."""
    return _parse(path.read_bytes().removeprefix(codecs.BOM_UTF8), str(path))


def parse(whole: str, *, name: str = "LDIF") -> Iterator[Record]:
    """The same from a text already read."""
    return _parse(whole.encode(), name)


def _parse(octets: bytes, name: str) -> Iterator[Record]:
    """A line may be folded between any two octets, inside a letter, too (RFC 2849, note 2).

    Hence one character stands for one octet until the lines are whole.
    """
    whole = octets.decode("latin-1")
    record: list[tuple[str, bytes]] = []
    for number, line in _logical_lines(whole):
        if not line:
            if record:
                yield _as_entry(record, name, number)
            record = []
            continue
        pair = _pair(line, name, number)
        if pair[0].lower() != "version" or record:
            record.append(pair)
    if record:
        yield _as_entry(record, name, number)


def _logical_lines(whole: str) -> Iterator[tuple[int, str]]:
    """Lines with their continuations joined and comments gone; an empty one ends a record."""
    current: str | None = None
    begun_at = 0
    for number, raw in enumerate(whole.split("\n"), start=1):
        line = raw.removesuffix("\r")
        if line.startswith(" ") and current is not None:
            current += line[1:]
            continue
        if current is not None and not current.startswith("#"):
            yield begun_at, current
        current, begun_at = line, number
    if current is not None and not current.startswith("#"):
        yield begun_at, current


def _pair(line: str, name: str, number: int) -> tuple[str, bytes]:
    attribute, colon, rest = line.partition(":")
    if not colon or not attribute.strip() or rest.startswith("<"):
        raise BadLdif(f"{name}, line {number}: expected “attribute: value”")
    if not rest.startswith(":"):
        # RFC 2849: fill before the value is not part of it; blanks after it are.
        value = rest.lstrip(" ").encode("latin-1")
        try:
            value.decode()
        except UnicodeDecodeError as exc:
            raise BadLdif(f"{name}, line {number}: not UTF-8 ({exc.reason})") from exc
        return attribute.strip(), value
    try:
        return attribute.strip(), base64.b64decode(rest[1:].strip(), validate=True)
    except binascii.Error as exc:
        raise BadLdif(f"{name}, line {number}: not base64") from exc


def _as_entry(record: list[tuple[str, bytes]], name: str, number: int) -> Record:
    (first, dn), *pairs = record
    if first.lower() != "dn":
        raise BadLdif(f"{name}, before line {number}: an entry must begin with “dn:”")
    if pairs and pairs[0][0].lower() == "changetype":
        raise BadLdif(f"{name}, before line {number}: a change record; entries are expected")
    return dn.decode(errors="replace"), pairs


def write(records: Iterable[Record]) -> str:
    """The entries as LDIF text."""
    blocks = []
    for dn, pairs in records:
        lines = [_line("dn", dn.encode())]
        lines += [_line(attribute, value) for attribute, value in pairs]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def _line(attribute: str, value: bytes) -> str:
    if _is_safe(value):
        line = f"{attribute}: {value.decode()}"
    else:
        line = f"{attribute}:: {base64.b64encode(value).decode()}"
    folded = [line[:_LINE_WIDTH]]
    step = _LINE_WIDTH - 1
    folded += [f" {line[at : at + step]}" for at in range(_LINE_WIDTH, len(line), step)]
    return "\n".join(folded)


def _is_safe(value: bytes) -> bool:
    """A SAFE-STRING; Swedish letters in UTF-8 are kept readable, which every reader we know takes."""
    if not value or value[0] in b" :<" or value.endswith(b" "):
        return not value
    if any(octet in b"\x00\n\r" for octet in value):
        return False
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
