"""LDAP messages on the wire: requests read into values, answers written as bytes.

Source: RFC 4511 section 4; RFC 2696 (paged results); RFC 3876 (matched values).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from provisioning.demo.directory import ber, filters

PAGED_RESULTS = "1.2.840.113556.1.4.319"
MATCHED_VALUES = "1.2.826.0.1.3344810.2.3"
MANAGE_DSA_IT = "2.16.840.1.113730.3.4.2"
START_TLS = "1.3.6.1.4.1.1466.20037"
WHO_AM_I = "1.3.6.1.4.1.4203.1.11.3"
CONTROLS = (PAGED_RESULTS, MATCHED_VALUES, MANAGE_DSA_IT)
EXTENSIONS = (START_TLS, WHO_AM_I)

BIND, UNBIND, SEARCH, MODIFY, ADD, DELETE = 0x60, 0x42, 0x63, 0x66, 0x68, 0x4A
RENAME, COMPARE, ABANDON, EXTENDED = 0x6C, 0x6E, 0x50, 0x77
SEARCH_ENTRY, SEARCH_DONE, SEARCH_REFERENCE = 0x64, 0x65, 0x73
ANSWER_TO = {BIND: 0x61, SEARCH: SEARCH_DONE, MODIFY: 0x67, ADD: 0x69, DELETE: 0x6B}
ANSWER_TO |= {RENAME: 0x6D, COMPARE: 0x6F, EXTENDED: 0x78}


@dataclass(frozen=True, slots=True)
class Control:
    oid: str
    is_critical: bool = False
    value: bytes = b""


@dataclass(frozen=True, slots=True)
class Message:
    """One request: its id, the operation's tag and contents, and its controls by OID."""

    id: int
    operation: int
    content: bytes
    controls: dict[str, Control]


@dataclass(frozen=True, slots=True)
class SearchRequest:
    base_dn: str
    scope: int
    size_limit: int
    types_only: bool
    filter: filters.Filter
    attributes: tuple[str, ...]


def read_message(raw: bytes) -> Message:
    """Raises Malformed when the bytes are no LDAP message."""
    try:
        ((_, envelope),) = ber.elements(raw)
        (_, number), (operation, content), *rest = ber.elements(envelope)
        controls = [_control(part) for tag, block in rest if tag == 0xA0 for _, part in ber.elements(block)]
    except ValueError as exc:
        raise ber.Malformed("not an LDAP message") from exc
    return Message(ber.as_int(number), operation, content, {control.oid: control for control in controls})


def _control(content: bytes) -> Control:
    (_, oid), *rest = ber.elements(content)
    is_critical = any(ber.as_bool(value) for tag, value in rest if tag == ber.BOOLEAN)
    value = next((value for tag, value in rest if tag == ber.OCTET_STRING), b"")
    return Control(ber.as_text(oid), is_critical, value)


def read_search(content: bytes) -> SearchRequest:
    (_, base), (_, scope), _, (_, size), _, (_, types_only), wanted, (_, selection) = ber.elements(content)
    return SearchRequest(
        base_dn=ber.as_text(base),
        scope=ber.as_int(scope),
        size_limit=ber.as_int(size),
        types_only=ber.as_bool(types_only),
        filter=filters.decode(*wanted),
        attributes=tuple(ber.as_text(name) for _, name in ber.elements(selection)),
    )


def read_bind(content: bytes) -> tuple[str, bytes | None]:
    """Name and password; None as password when it is not a simple bind."""
    _, (_, name), (method, secret) = ber.elements(content)
    return ber.as_text(name), secret if method == 0x80 else None


def read_modify(content: bytes) -> tuple[str, list[tuple[int, str, list[bytes]]]]:
    (_, dn), (_, changes) = ber.elements(content)
    return ber.as_text(dn), [_change(change) for _, change in ber.elements(changes)]


def _change(content: bytes) -> tuple[int, str, list[bytes]]:
    (_, operation), (_, attribute) = ber.elements(content)
    name, values = _attribute(attribute)
    return ber.as_int(operation), name, values


def _attribute(content: bytes) -> tuple[str, list[bytes]]:
    (_, name), (_, values) = ber.elements(content)
    return ber.as_text(name), [value for _, value in ber.elements(values)]


def read_add(content: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    (_, dn), (_, attributes) = ber.elements(content)
    grouped = [_attribute(attribute) for _, attribute in ber.elements(attributes)]
    return ber.as_text(dn), [(name, value) for name, values in grouped for value in values]


def read_compare(content: bytes) -> tuple[str, str, bytes]:
    (_, dn), (_, assertion) = ber.elements(content)
    (_, attribute), (_, value) = ber.elements(assertion)
    return ber.as_text(dn), ber.as_text(attribute), value


def read_extended(content: bytes) -> str:
    return next((ber.as_text(value) for tag, value in ber.elements(content) if tag == 0x80), "")


def read_paging(control: Control) -> tuple[int, str]:
    """Page size and cookie."""
    ((_, sequence),) = ber.elements(control.value)
    (_, size), (_, cookie) = ber.elements(sequence)
    return ber.as_int(size), ber.as_text(cookie)


def read_matched_values(control: Control) -> tuple[filters.Filter, ...]:
    ((_, items),) = ber.elements(control.value)
    return tuple(filters.decode(*item) for item in ber.elements(items))


def write_entry(number: int, dn: str, attributes: Iterable[tuple[str, list[bytes]]]) -> bytes:
    encoded = (
        ber.tlv(ber.SEQUENCE, ber.text(name), ber.tlv(ber.SET, *(ber.text(value) for value in values)))
        for name, values in attributes
    )
    return _message(number, ber.tlv(SEARCH_ENTRY, ber.text(dn), ber.tlv(ber.SEQUENCE, *encoded)))


def write_reference(number: int, urls: Iterable[bytes]) -> bytes:
    return _message(number, ber.tlv(SEARCH_REFERENCE, *(ber.text(url) for url in urls)))


def write_result(
    number: int, tag: int, code: int = 0, text: str = "", *, extra: bytes = b"", controls: bytes = b""
) -> bytes:
    """The closing answer of an operation."""
    body = (ber.integer(code, ber.ENUMERATED), ber.text(""), ber.text(text), extra)
    return _message(number, ber.tlv(tag, *body), controls)


def referral(urls: Iterable[bytes]) -> bytes:
    """The `extra` of a result with code 10."""
    return ber.tlv(0xA3, *(ber.text(url) for url in urls))


def paging_control(cookie: str) -> bytes:
    value = ber.tlv(ber.SEQUENCE, ber.integer(0), ber.text(cookie))
    return ber.tlv(0xA0, ber.tlv(ber.SEQUENCE, ber.text(PAGED_RESULTS), ber.text(value)))


def _message(number: int, *parts: bytes) -> bytes:
    return ber.tlv(ber.SEQUENCE, ber.integer(number), *parts)


def whole_messages(buffer: bytearray) -> Iterator[bytes]:
    """Take the complete messages out of the buffer."""
    while (end := ber.message_end(buffer)) is not None and end <= len(buffer):
        raw = bytes(buffer[:end])
        del buffer[:end]
        yield raw
