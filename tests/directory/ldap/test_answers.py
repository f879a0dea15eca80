"""Contract: nothing but a whole answer to our own question is taken for one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.demo.directory import ber
from provisioning.demo.directory import filters as servers_filters
from provisioning.demo.directory.filters import FilterKind
from provisioning.directory import ConnectionSettings, Directory
from provisioning.directory.ldap import filters
from provisioning.directory.ldap.connection import Connections
from provisioning.directory.ldap.library import encoded_filters, ldap3
from provisioning.directory.ldap.troubles import Trouble, trouble_of
from provisioning.errors import DirectoryError, DirectoryRefused, DirectoryTruncated, DirectoryUnavailable
from provisioning.rules.hsa import HsaId

Reply = Callable[[int], bytes]
Scripted = Callable[[Reply], ConnectionSettings]
Connect = Callable[..., Directory]
SOMEBODY = HsaId("SE0000000000-1")
BOUND, DONE, COMPARED, MODIFIED = 0x61, 0x65, 0x6F, 0x67


def result(tag: int, code: int = 0) -> bytes:
    return ber.tlv(tag, ber.integer(code, ber.ENUMERATED), ber.text(""), ber.text(""))


def message(number: int, operation: bytes, *controls: bytes) -> bytes:
    return ber.tlv(ber.SEQUENCE, ber.integer(number), operation, *controls)


def an_entry(dn: str | bytes, *attributes: tuple[str, list[str | bytes]]) -> bytes:
    named = (
        ber.tlv(ber.SEQUENCE, ber.text(name), ber.tlv(ber.SET, *(ber.text(value) for value in values)))
        for name, values in attributes
    )
    return ber.tlv(0x64, ber.text(dn), ber.tlv(ber.SEQUENCE, *named))


def found(*operations: bytes, code: int = 0) -> Reply:
    """These operations, and then the result."""
    return lambda number: b"".join(message(number, each) for each in (*operations, result(DONE, code)))


class Listener:
    """A server that answers every bind, and every other question, as told."""

    def __init__(self, reply: Reply, bound: int = 0, *, chunk: int = 65536):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._reply, self._bound, self._chunk = reply, bound, chunk
        self.connections = 0
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def settings(self) -> ConnectionSettings:
        url = f"ldap://127.0.0.1:{self._listener.getsockname()[1]}"
        return ConnectionSettings(url, "cn=x", "x", receive_timeout_seconds=2)

    def stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with client:
                self._answer_all(client)

    def _answer_all(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while request := client.recv(65536):
            (_, envelope), *_rest = ber.elements(request)
            (_, number), (tag, _), *_rest = ber.elements(envelope)
            if tag == 0x42:
                return
            if tag == 0x60:
                answer = message(ber.as_int(number), result(BOUND, self._bound))
            else:
                answer = self._reply(ber.as_int(number))
            for at in range(0, len(answer), self._chunk):
                client.sendall(answer[at : at + self._chunk])
            if not answer:
                return


@pytest.fixture
def listen() -> Iterator[Callable[..., Listener]]:
    begun: list[Listener] = []

    def start(*arguments: Any, **options: Any) -> Listener:
        begun.append(Listener(*arguments, **options))
        return begun[-1]

    yield start
    for each in begun:
        each.stop()


@pytest.fixture
def connections(listen: Callable[..., Listener]) -> Iterator[Callable[..., Connections]]:
    """Connections to a server that answers as told."""
    opened: list[Connections] = []

    def open_one(*arguments: Any, reads_only: bool = True, **options: Any) -> Connections:
        opened.append(Connections(listen(*arguments, **options).settings, reads_only=reads_only))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


def search(asked: Connections) -> Any:
    return asked.search("o=X", "(cn=*)", ("cn",))


# Questions


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_value_arrives_byte_for_byte(value: str) -> None:
    """ldap3 strips blanks and reads escapes of its own: see filters.py."""
    block = encoded_filters([filters.equals("cn", value)])
    ((_, content),) = ber.elements(block)
    ((tag, assertion),) = ber.elements(content)
    (_, name), (_, sent) = ber.elements(assertion)
    assert (tag, name, sent) == (0xA3, b"cn", value.encode())


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40))
def test_any_beginning_arrives_byte_for_byte(value: str) -> None:
    ((_, content),) = ber.elements(encoded_filters([filters.begins("cn", value), filters.present("sn")]))
    (tag, assertion), (other_tag, other_name) = ber.elements(content)
    (_, name), (_, pieces) = ber.elements(assertion)
    assert (tag, name, list(ber.elements(pieces))) == (0xA4, b"cn", [(0x80, value.encode())])
    assert (other_tag, other_name) == (0x87, b"sn")


def test_a_filter_of_every_kind_we_ask_arrives_as_meant():
    text = r"(&(objectClass=person)(|(cn=*a\28\2a*)(cn=b*)(cn=*c*d))(!(mail=*)))"
    ((_, content),) = ber.elements(encoded_filters([text]))
    ((tag, inside),) = ber.elements(content)
    whole = servers_filters.decode(tag, inside)
    assert whole.kind is FilterKind.AND
    of_class, names, without = whole.parts
    assert (of_class.kind, of_class.value) == (FilterKind.EQUAL, "person")
    assert names.kind is FilterKind.OR
    assert [part.pieces for part in names.parts] == [("", "a(*", ""), ("b", ""), ("", "c", "d")]
    assert without.kind is FilterKind.NOT
    assert without.parts[0].kind is FilterKind.PRESENT


@pytest.mark.parametrize("text", ["", "(", "cn=a", "(cn=a", "(cn)", "(&(cn=a)", "(cn=a))"])
def test_what_is_no_filter_is_never_sent(connections: Callable[..., Connections], text: str):
    asked = connections(found(an_entry("cn=a,o=X")))
    with pytest.raises(DirectoryRefused):
        asked.search("o=X", text, ("cn",))


# Answers


def test_an_answer_in_single_bytes_is_the_same_answer(connections: Callable[..., Connections]):
    long: list[str | bytes] = [f"värde {number} " + "x" * 30 for number in range(20)]
    entry = an_entry("cn=ä,o=X", ("CN;lang-sv", ["ä"]), ("cn", ["a"]), ("hsaSystemRole", long), ("mail", []))
    (one,) = search(connections(found(entry), chunk=1))
    assert one.dn == "cn=ä,o=X"
    assert one.attributes == {"cn": ("ä", "a"), "hsasystemrole": tuple(long)}


def test_a_long_answer_comes_whole(connections: Callable[..., Connections]):
    long: list[str | bytes] = [f"värde {number} " + "x" * 300 for number in range(3000)]
    for one in search(connections(found(*[an_entry(f"cn={n},o=X", ("cn", long)) for n in range(3)]))):
        assert one.values("cn") == tuple(long)


def test_values_come_byte_for_byte(connections: Callable[..., Connections]):
    """Blanks and empty values too; what is no UTF-8, or NUL, can be seen not to be."""
    raw: list[str | bytes] = [" a ", "", "0123", b"\xe5\xff", "a\x00b"]
    (one,) = search(connections(found(an_entry("cn=a,o=X", ("hsaIdentity", raw)))))
    assert one.values("hsaIdentity") == (" a ", "", "0123", "\ufffd\ufffd", "a\ufffdb")


def test_an_attribute_that_comes_twice_in_an_entry_comes_whole(connections: Callable[..., Connections]):
    """slapd does that for values loaded apart. ldap3 alone would keep the last: a role that nobody sees."""
    twice = an_entry("cn=a,o=X", ("hsaSystemRole", ["a", "b"]), ("mail", ["m"]), ("HSASystemRole", ["c"]))
    (one,) = search(connections(found(twice)))
    assert one.values("hsaSystemRole") == ("a", "b", "c")
    assert one.values("mail") == ("m",)


def test_a_name_in_an_old_encoding_is_read(connections: Callable[..., Connections]):
    (one,) = search(connections(found(an_entry("cn=Åsa".encode("latin-1")))))
    assert one.dn == "cn=Åsa"


def test_pages_follow_the_servers_cookie_to_its_end(connections: Callable[..., Connections]):
    cookies = iter([b"next", b"\x00\xff", b""])

    def reply(number: int) -> bytes:
        page = ber.tlv(ber.SEQUENCE, ber.integer(0), ber.text(next(cookies)))
        control = ber.tlv(ber.SEQUENCE, ber.text("1.2.840.113556.1.4.319"), ber.text(page))
        entry = message(number, an_entry(f"cn={number},o=X"))
        return entry + message(number, result(DONE), ber.tlv(0xA0, control))

    assert len(connections(reply).search("o=X", "(cn=*)", ("cn",), is_paged=True) or []) == 3


@pytest.mark.parametrize(
    "reply",
    [
        lambda number: b"HTTP/1.1 400 Bad Request\r\n\r\n",
        lambda number: message(number + 7, result(DONE)),  # an answer to another question
        lambda number: message(number, result(BOUND)),  # the end of something else
        lambda number: message(number, result(COMPARED)),
        lambda number: message(number, result(DONE)) + b"\x00",  # then no message
        lambda number: b"\x30\x80\x02\x01\x01",  # indefinite length
        lambda number: message(number, b"\x65\x00"),  # a result without its code
        lambda number: message(number, an_entry("cn=a,o=X")),  # entries and no end
        lambda number: message(number, an_entry("cn=a,o=X")) + message(0, result(0x78, 52)),
        lambda number: b"",
    ],
    ids=["http", "other", "bound", "compared", "more", "indefinite", "no-code", "no-end", "leave", "closed"],
)
def test_what_is_no_answer_is_not_read_as_an_empty_one(connections: Callable[..., Connections], reply: Reply):
    with pytest.raises((DirectoryUnavailable, DirectoryRefused)):
        search(connections(reply))


@pytest.mark.parametrize(
    ("code", "kind", "trouble"),
    [
        (3, DirectoryUnavailable, Trouble.BUSY),
        (4, DirectoryTruncated, Trouble.CUT_SHORT),
        (10, DirectoryTruncated, Trouble.ELSEWHERE),
        (11, DirectoryTruncated, Trouble.CUT_SHORT),
        (51, DirectoryUnavailable, Trouble.BUSY),
        (52, DirectoryUnavailable, Trouble.BUSY),
        (50, DirectoryRefused, Trouble.NOT_ALLOWED),
        (53, DirectoryRefused, Trouble.OTHER),
        (1, DirectoryRefused, Trouble.OTHER),
        (5, DirectoryRefused, Trouble.OTHER),
        (6, DirectoryRefused, Trouble.OTHER),
        (14, DirectoryRefused, Trouble.OTHER),
        (80, DirectoryRefused, Trouble.OTHER),
        (4242, DirectoryRefused, Trouble.OTHER),
    ],
)
@pytest.mark.parametrize("before", [(), (an_entry("cn=a,o=X"),)], ids=["alone", "after entries"])
def test_a_result_that_is_no_success_is_no_answer(
    connections: Callable[..., Connections],
    before: tuple[bytes, ...],
    code: int,
    kind: type[DirectoryError],
    trouble: Trouble,
):
    """Time limits among them, which ldap3 passes as success: half the entries would be half an absence."""
    with pytest.raises(kind) as caught:
        search(connections(found(*before, code=code)))
    assert trouble_of(caught.value) is trouble


@pytest.mark.parametrize("code", [3, 10, 51, 53])
def test_a_few_entries_and_no_success_are_not_the_first_of_many(
    connections: Callable[..., Connections], code: int
):
    with pytest.raises(DirectoryError):
        connections(found(an_entry("cn=a,o=X"), code=code)).search_some("o=X", "(cn=*)", ("cn",), limit=5)


def test_half_a_person_is_no_person(listen: Callable[..., Listener], connect: Connect):
    directory = connect(listen(found(an_entry("cn=a,o=X"), code=3)).settings)
    with pytest.raises(DirectoryUnavailable):
        directory.person(SOMEBODY)


def test_a_reference_to_another_server_is_no_absence(connections: Callable[..., Connections]):
    with pytest.raises(DirectoryTruncated) as caught:
        search(connections(found(ber.tlv(0x73, ber.text("ldap://b")))))
    assert trouble_of(caught.value) is Trouble.ELSEWHERE


@pytest.mark.parametrize("code", [3, 5, 6, 10, 16, 50, 51])
def test_a_comparison_says_the_code_it_got(connections: Callable[..., Connections], code: int):
    asked = connections(lambda number: message(number, result(COMPARED, code)))
    assert asked.compare("cn=a,o=X", "cn", "a") == code


def test_the_end_of_a_search_is_no_comparison(connections: Callable[..., Connections]):
    with pytest.raises(DirectoryRefused):
        connections(found()).compare("cn=a,o=X", "cn", "a")


# What ldap3 lets pass besides searches


@pytest.mark.parametrize("code", [3, 4, 5, 6, 10, 14])
def test_who_was_not_let_in_asks_nothing(connections: Callable[..., Connections], code: int):
    """ldap3 does not raise for these: what followed would be asked as nobody, who sees nothing."""
    with pytest.raises(DirectoryError):
        search(connections(found(), bound=code))


@pytest.mark.parametrize("code", [3, 4, 5, 10, 53])
def test_a_change_that_was_not_made_is_not_taken_for_made(connections: Callable[..., Connections], code: int):
    asked = connections(lambda number: message(number, result(MODIFIED, code)), reads_only=False)
    with pytest.raises(DirectoryError):
        asked.modify("cn=a,o=X", {"cn": [(ldap3.MODIFY_ADD, ["a"])]})


def test_a_question_given_up_half_way_leaves_nothing_for_the_next(
    listen: Callable[..., Listener], connect: Connect, monkeypatch: pytest.MonkeyPatch
):
    """A worker's own time limit strikes anywhere; the rest of the answer must not be the next one's."""
    server = listen(found(an_entry("cn=a,o=X")))
    directory = connect(server.settings)
    directory.find_persons("a")

    def struck(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ldap3.strategy.sync.SyncStrategy, "receiving", struck)
        with pytest.raises(KeyboardInterrupt):
            directory.find_persons("a")
    assert not directory.find_persons("a").items
    assert server.connections == 2
