"""The few Basic Encoding Rules that LDAP needs: tag, length, value, definite lengths only.

A codec of its own keeps the mock server independent of the client library it is there to test.
Source: RFC 4511 section 5.1; X.690.
"""

from __future__ import annotations

from collections.abc import Iterator

BOOLEAN = 0x01
INTEGER = 0x02
OCTET_STRING = 0x04
ENUMERATED = 0x0A
SEQUENCE = 0x30
SET = 0x31


class Malformed(ValueError):
    """The bytes are not an LDAP message."""


def tlv(tag: int, *contents: bytes) -> bytes:
    """One element: the contents under this tag."""
    content = b"".join(contents)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def text(value: str | bytes, tag: int = OCTET_STRING) -> bytes:
    """A string; its tag may be replaced by a context's own."""
    return tlv(tag, value.encode() if isinstance(value, str) else value)


def integer(value: int, tag: int = INTEGER) -> bytes:
    """A whole number, or an enumerated value with that tag."""
    return tlv(tag, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def elements(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The elements in these contents: tag and contents of each."""
    position = 0
    while position < len(content):
        end = message_end(content, position)
        if end is None or end > len(content):
            raise Malformed("an element ends too early")
        size_octets = content[position + 1]
        header = 2 + (size_octets & 0x7F if size_octets & 0x80 else 0)
        yield content[position], content[position + header : end]
        position = end


def message_end(buffer: bytes | bytearray, start: int = 0) -> int | None:
    """Where the element at `start` ends; None while too few bytes have come to say."""
    if len(buffer) < start + 2:
        return None
    size = buffer[start + 1]
    if size < 0x80:
        return start + 2 + size
    octets = size & 0x7F
    if not 1 <= octets <= 4:
        raise Malformed("indefinite or absurd length")
    if len(buffer) < start + 2 + octets:
        return None
    return start + 2 + octets + int.from_bytes(buffer[start + 2 : start + 2 + octets], "big")


def as_int(content: bytes) -> int:
    return int.from_bytes(content, "big", signed=True)


def as_text(content: bytes) -> str:
    return content.decode("utf-8", errors="surrogateescape")


def as_bool(content: bytes) -> bool:
    return content != b"\x00"
