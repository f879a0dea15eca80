"""Our own searching on the wire: filters arrive as meant, and nothing but an answer is taken for one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.directory import ConnectionSettings, Directory, ber, filters, wire
from provisioning.directory.mock import filters as servers_filters
from provisioning.directory.mock.filters import Kind
from provisioning.directory.troubles import Trouble, trouble_of
from provisioning.errors import DirectoryError, DirectoryRefused, DirectoryUnavailable
from provisioning.rules.hsa import HsaId

ANYBODY = wire.Search("o=X", wire.SUBTREE, "(cn=*)", ("cn",), 5)


def result(tag: int, code: int = 0) -> bytes:
    return ber.tlv(tag, ber.integer(code, ber.ENUMERATED), ber.text(""), ber.text(""))


def message(number: int, operation: bytes, *controls: bytes) -> bytes:
    return ber.tlv(ber.SEQUENCE, ber.integer(number), operation, *controls)


def an_entry(dn: str | bytes, *attributes: tuple[str, list[str]]) -> bytes:
    named = (
        ber.tlv(ber.SEQUENCE, ber.text(name), ber.tlv(ber.SET, *(ber.text(value) for value in values)))
        for name, values in attributes
    )
    return ber.tlv(0x64, ber.text(dn), ber.tlv(ber.SEQUENCE, *named))


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    ours.settimeout(5)
    with ours, theirs:
        yield ours, theirs


# Filters


def selected(text: str) -> servers_filters.Filter:
    ((tag, content),) = ber.elements(wire._filter(text))
    return servers_filters.decode(tag, content)


def test_a_filter_of_every_kind_we_ask_arrives_as_meant():
    text = r"(&(objectClass=person)(|(cn=*a\28\2a*)(cn=b*)(cn=*c*d))(!(mail=*)))"
    whole = selected(text)
    assert whole.kind is Kind.AND
    of_class, names, without = whole.parts
    assert (of_class.kind, of_class.value) == (Kind.EQUAL, "person")
    assert names.kind is Kind.OR
    assert [part.pieces for part in names.parts] == [("", "a(*", ""), ("b", ""), ("", "c", "d")]
    assert without.kind is Kind.NOT
    assert without.parts[0].kind is Kind.PRESENT


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_value_arrives_byte_for_byte(value: str) -> None:
    ((tag, content),) = ber.elements(wire._filter(filters.equals("cn", value)))
    (_, name), (_, sent) = ber.elements(content)
    assert (tag, name, sent) == (0xA3, b"cn", value.encode())


@pytest.mark.parametrize("text", ["", "(", "cn=a", "(cn=a", "(cn)", "(&(cn=a)", "(cn=a))", "(cn~=a)", "(=a)"])
def test_what_is_no_filter_is_never_sent(text: str):
    with pytest.raises((ValueError, LookupError)):
        wire._filter(text)


# Answers


def test_an_answer_in_single_bytes_is_the_same_answer(ends: tuple[socket.socket, socket.socket]):
    ours, theirs = ends
    long = [f"värde {number} " + "x" * 300 for number in range(300)]
    entry = an_entry("cn=ä,o=X", ("CN;lang-sv", ["ä"]), ("cn", ["a"]), ("hsaSystemRole", long), ("mail", []))
    cookie = ber.tlv(ber.SEQUENCE, ber.integer(0), ber.text(b"next"))
    control = ber.tlv(ber.SEQUENCE, ber.text(wire.PAGED_RESULTS), ber.boolean(False), ber.text(cookie))
    whole = message(7, entry) + message(7, result(0x65), ber.tlv(0xA0, control))
    head, tail = whole[:400], whole[400:]

    def speak() -> None:
        for octet in head:
            theirs.sendall(bytes((octet,)))
        theirs.sendall(tail)

    speaker = threading.Thread(target=speak)
    speaker.start()
    answer = wire.search(ours, 7, ANYBODY)
    speaker.join()
    ((dn, attributes),) = answer.entries
    assert dn == "cn=ä,o=X"
    assert attributes == {"cn": ("ä", "a"), "hsasystemrole": tuple(long)}
    assert (answer.code, answer.cookie, answer.is_elsewhere) == (0, b"next", False)


def test_a_name_in_an_old_encoding_is_read(ends: tuple[socket.socket, socket.socket]):
    ours, theirs = ends
    theirs.sendall(message(1, an_entry("cn=Åsa".encode("latin-1"))) + message(1, result(0x65)))
    assert wire.search(ours, 1, ANYBODY).entries == [("cn=Åsa", {})]


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        message(2, result(0x65)),  # an answer to another question
        message(1, result(0x61)) + b"\x00",  # then no message
        b"\x30\x80\x02\x01\x01",  # indefinite length
        message(1, b"\x65\x7f\x0a\x01\x00"),  # an operation longer than its message
        message(
            1, ber.tlv(0x64, ber.text("cn=a"), ber.tlv(ber.SEQUENCE, b"\x30\x09\x04\x02cn\x31\x09\x04\x01a"))
        ),
    ],
)
def test_what_is_no_answer_is_not_read_as_an_empty_one(
    ends: tuple[socket.socket, socket.socket], answer: bytes
):
    ours, theirs = ends
    theirs.sendall(answer + message(1, result(0x65)))
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises((ValueError, LookupError)):
        wire.search(ours, 1, ANYBODY)


def test_an_answer_that_breaks_off_is_a_broken_connection(ends: tuple[socket.socket, socket.socket]):
    ours, theirs = ends
    theirs.sendall(message(1, an_entry("cn=a,o=X")))
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(ConnectionResetError):
        wire.search(ours, 1, ANYBODY)


def test_a_server_that_takes_leave_is_a_broken_connection(ends: tuple[socket.socket, socket.socket]):
    ours, theirs = ends
    theirs.sendall(message(0, result(0x78, 52)))
    with pytest.raises(ConnectionResetError):
        wire.search(ours, 1, ANYBODY)


def test_a_reference_to_another_server_is_seen(ends: tuple[socket.socket, socket.socket]):
    ours, theirs = ends
    theirs.sendall(message(1, ber.tlv(0x73, ber.text("ldap://b"))) + message(1, result(0x65)))
    assert wire.search(ours, 1, ANYBODY).is_elsewhere


# What the gateway makes of it

Reply = Callable[[int], bytes]


@pytest.fixture
def scripted() -> Iterator[Callable[[Reply], ConnectionSettings]]:
    """A server that lets everybody in and answers every search as told."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(reply: Reply) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with client:
                answer_all(client, reply)

    def answer_all(client: socket.socket, reply: Reply) -> None:
        while request := client.recv(65536):
            (_, envelope), *_rest = ber.elements(request)
            (_, number), (tag, _), *_rest = ber.elements(envelope)
            if tag == 0x42:
                return
            bound = message(ber.as_int(number), result(0x61))
            client.sendall(bound if tag == 0x60 else reply(ber.as_int(number)))

    def start(reply: Reply) -> ConnectionSettings:
        threading.Thread(target=serve, args=(reply,), daemon=True).start()
        return ConnectionSettings(f"ldap://127.0.0.1:{listener.getsockname()[1]}", "cn=x", "x")

    yield start
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.mark.parametrize(
    ("code", "kind", "trouble"),
    [
        (3, DirectoryUnavailable, Trouble.BUSY),
        (51, DirectoryUnavailable, Trouble.BUSY),
        (50, DirectoryRefused, Trouble.NOT_ALLOWED),
    ],
)
def test_entries_before_a_result_that_is_no_success_are_no_answer(
    scripted: Callable[[Reply], ConnectionSettings],
    connect: Callable[..., Directory],
    code: int,
    kind: type[DirectoryError],
    trouble: Trouble,
):
    """A time limit (3) among them, which ldap3 would pass as success: half the entries, half an absence."""
    directory = connect(
        scripted(lambda number: message(number, an_entry("cn=a,o=X")) + message(number, result(0x65, code)))
    )
    with pytest.raises(kind) as caught:
        directory.person(HsaId("SE0000000000-1"))
    assert trouble_of(caught.value) is trouble


def test_a_question_given_up_half_way_leaves_nothing_for_the_next(
    scripted: Callable[[Reply], ConnectionSettings],
    connect: Callable[..., Directory],
    monkeypatch: pytest.MonkeyPatch,
):
    """A worker's own time limit strikes anywhere; the rest of the answer must not be the next one's."""
    directory = connect(
        scripted(lambda number: message(number, an_entry("cn=a,o=X")) + message(number, result(0x65)))
    )
    directory.find_persons("a")
    reading = wire._entry

    def struck(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(wire, "_entry", struck)
    with pytest.raises(KeyboardInterrupt):
        directory.find_persons("a")
    monkeypatch.setattr(wire, "_entry", reading)
    assert not directory.find_persons("a").items
