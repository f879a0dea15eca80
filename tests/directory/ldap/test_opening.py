"""Contract: connections that rest, are forgotten or drip; several addresses; answers that never end."""

from __future__ import annotations

import dataclasses
import itertools
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from provisioning.demo.directory import ber
from provisioning.directory import ConnectionSettings, Directory
from provisioning.directory.ldap import connection
from provisioning.directory.ldap.connection import Connections
from provisioning.directory.ldap.troubles import Trouble, trouble_of
from provisioning.errors import DirectoryError, DirectoryRefused, DirectoryUnavailable
from tests import cast
from tests.directory import certificates as making
from tests.directory.certificates import Certificates
from tests.directory.ldap.test_answers import DONE, Listener, an_entry, listen, message, result
from tests.directory.ldap.test_troubles import Connect, connections_until_silence, refusal, through
from tests.directory.standins import KINDS, MockServer, Server, Wire

__all__ = ["listen"]


# Resting


def test_a_connection_that_rested_too_long_is_opened_anew(server: Server, connect: Connect):
    with Wire(server.port) as wire:
        directory = connect(through(wire, server.settings(), idle_seconds=0))
        for _ in range(3):
            assert directory.person(cast.HEAD) is not None
        assert wire.connections == 3


def test_a_connection_a_firewall_forgot_is_tried_once_more(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connection, "_FRESH_SECONDS", 0.0)
    with Wire(server.port) as wire:
        directory = connect(through(wire, server.settings(), receive_timeout_seconds=2))
        assert directory.person(cast.HEAD) is not None
        wire.forget()
        assert directory.person(cast.HEAD) is not None
        assert wire.connections == 2


def test_the_new_try_of_a_silent_server_is_the_only_one(
    server: Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connection, "_FRESH_SECONDS", 0.0)
    assert connections_until_silence(server, connect) == 2


def test_the_system_keeps_connections_alive(server: Server):
    for settings in (server.settings(), server.starttls(), server.ldaps()):
        connections = Connections(settings)
        connections.root_dse("namingContexts")
        with connections._lease():
            link = connections._own.kept.link
            assert link.socket.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        connections.close()


# Dripping


@pytest.mark.parametrize("way", ["plain", "starttls"])
def test_an_answer_that_drips_is_given_up_at_the_deadline(server: Server, connect: Connect, way: str):
    """Each octet comes well within the limit; all of them would take a minute."""
    settings = server.starttls() if way == "starttls" else server.settings()
    with Wire(server.port) as wire:
        directory = connect(through(wire, settings, receive_timeout_seconds=1))
        assert directory.person(cast.HEAD) is not None
        wire.drip(0.3)
        with pytest.raises(DirectoryUnavailable) as caught:
            directory.person(cast.HEAD)
        assert trouble_of(caught.value) is Trouble.SILENT


def test_a_log_in_that_drips_is_given_up_at_the_deadline(server: Server, connect: Connect):
    with Wire(server.port) as wire:
        wire.drip(0.3)
        directory = connect(through(wire, server.settings(), receive_timeout_seconds=1))
        with pytest.raises(DirectoryUnavailable) as caught:
            directory.person(cast.HEAD)
        assert trouble_of(caught.value) is Trouble.SILENT


# Paging


def a_page(number: int, cookie: bytes, *names: str) -> bytes:
    """Entries, and the result with the cookie to go on with (RFC 2696)."""
    value = ber.tlv(ber.SEQUENCE, ber.integer(0), ber.text(cookie))
    control = ber.tlv(ber.SEQUENCE, ber.text("1.2.840.113556.1.4.319"), ber.text(value))
    found = [message(number, an_entry(f"cn={name},o=x", ("cn", [name]))) for name in names]
    envelope = ber.tlv(ber.SEQUENCE, ber.integer(number), result(DONE, 0), ber.tlv(0xA0, control))
    return b"".join([*found, envelope])


def entries_of(settings: ConnectionSettings) -> list[str]:
    connections = Connections(settings)
    try:
        found = connections.search("o=x", "(cn=*)", ["cn"], is_paged=True)
        return [entry.dn for entry in found or ()]
    finally:
        connections.close()


@pytest.mark.parametrize("names", [(), ("a", "b")], ids=["empty pages", "one page for ever"])
@pytest.mark.parametrize("is_new", [True, False], ids=["ever new cookies", "one cookie"])
def test_paging_that_never_ends_is_an_unexpected_answer(
    listen: Callable[..., Listener], names: tuple[str, ...], is_new: bool
):
    asked = itertools.count(1)

    def reply(number: int) -> bytes:
        return a_page(number, b"%d" % (next(asked) if is_new else 7), *names)

    with pytest.raises(DirectoryRefused) as caught:
        entries_of(listen(reply).settings)
    assert trouble_of(caught.value) is Trouble.OTHER
    assert next(asked) < 30


@pytest.mark.parametrize("cookie", [b"7", None], ids=["one cookie", "ever new cookies"])
def test_pages_that_bring_something_new_are_all_read(listen: Callable[..., Listener], cookie: bytes | None):
    """Some servers give each page of a search the same cookie; some begin with an empty page."""
    pages = iter([(), *((f"{page}-a", f"{page}-b") for page in range(40))])
    last = "39-b"

    def reply(number: int) -> bytes:
        names = next(pages)
        return a_page(number, b"" if last in names else cookie or b"%d" % number, *names)

    assert len(entries_of(listen(reply).settings)) == 80


# Several addresses


@pytest.fixture
def unheard() -> Iterator[str]:
    """An address where nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"ldap://127.0.0.1:{bound.getsockname()[1]}"


def beside(settings: ConnectionSettings, *before: str) -> ConnectionSettings:
    return dataclasses.replace(settings, url=" , ".join([*before, settings.url]))


def test_an_address_where_nobody_listens_is_passed_over(server: Server, connect: Connect, unheard: str):
    directory = connect(beside(server.settings(), unheard))
    assert directory.person(cast.HEAD) is not None
    assert directory.url == server.settings().url
    report = directory.check()
    assert report.is_ok and report.steps[0].detail.startswith(server.settings().url)


def test_a_server_that_says_nothing_is_passed_over(server: Server, connect: Connect):
    with socket.create_server(("127.0.0.1", 0)) as hole:
        silent = f"ldap://localhost:{hole.getsockname()[1]}"
        settings = dataclasses.replace(
            server.settings(), connect_timeout_seconds=1, receive_timeout_seconds=4
        )
        directory = connect(beside(settings, silent))
        assert directory.person(cast.HEAD) is not None
        assert directory.url == server.settings().url


def test_when_one_server_stops_or_falls_silent_the_other_one_answers(
    server: Server, connect: Connect, tmp_path: Path, certificates: Certificates
):
    with Wire(server.port) as first, Wire(server.port) as second:
        settings = through(first, server.settings(), receive_timeout_seconds=1)
        directory = connect(
            dataclasses.replace(settings, url=f"{settings.url},{through(second, settings).url}")
        )
        assert directory.person(cast.HEAD) is not None
        assert directory.url == settings.url
        first.freeze()
        assert directory.person(cast.HEAD) is not None
        assert directory.url == through(second, settings).url
        assert second.connections == 1
        second.let_through(0)  # hung up on, and nobody answers any more
        first._may_flow.set()
        assert directory.person(cast.HEAD) is not None
        assert directory.url == settings.url


def test_when_no_server_answers_it_is_unavailable(connect: Connect, unheard: str):
    directory = connect(ConnectionSettings(f"{unheard},{unheard}"))
    with pytest.raises(DirectoryUnavailable) as caught:
        directory.person(cast.HEAD)
    assert trouble_of(caught.value) is Trouble.NO_CONNECTION


def test_a_refused_password_is_not_tried_at_the_next_server(server: Server, connect: Connect):
    """The account would be locked twice as fast."""
    with Wire(server.port) as wire:
        settings = dataclasses.replace(server.settings(), bind_password="wrong")
        directory = connect(beside(through(wire, settings), settings.url))
        assert refusal(directory) is Trouble.CREDENTIALS
        assert wire.connections == 0


@pytest.mark.parametrize("url", ["ldaps://a.invalid,http://b.invalid", ",", "ldap://localhost,"])
def test_each_address_must_be_one(url: str, connect: Connect):
    if url == "ldap://localhost,":
        assert connect(ConnectionSettings(url)).url == "ldap://localhost"
        return
    with pytest.raises(DirectoryRefused) as caught:
        connect(ConnectionSettings(url))
    assert trouble_of(caught.value) is Trouble.ADDRESS


def test_one_unprotected_address_among_several_is_refused(connect: Connect):
    with pytest.raises(DirectoryRefused) as caught:
        connect(ConnectionSettings("ldaps://a.invalid,ldap://b.invalid"))
    assert trouble_of(caught.value) is Trouble.UNPROTECTED


# Certificates of ours


@pytest.fixture(params=["mock", pytest.param("slapd", marks=pytest.mark.slapd)])
def demanding(request: pytest.FixtureRequest, tmp_path: Path, certificates: Certificates) -> Iterator[Server]:
    """A server that demands a certificate of whoever comes by TLS."""
    made = KINDS[request.param](tmp_path, certificates, demands_certificate=True)
    made.start()
    yield made
    made.stop()


def trouble(directory: Directory) -> Trouble:
    with pytest.raises(DirectoryError) as caught:
        directory.person(cast.HEAD)
    return trouble_of(caught.value)


@pytest.mark.parametrize("way", ["starttls", "ldaps"])
def test_a_server_that_demands_a_certificate_gets_ours(demanding: Server, connect: Connect, way: str):
    settings: ConnectionSettings = getattr(demanding, way)()
    assert trouble(connect(settings)) is Trouble.CLIENT_CERTIFICATE
    ours = demanding.certificates
    shown = dataclasses.replace(settings, cert_file=str(ours.client_cert), key_file=str(ours.client_key))
    assert connect(shown).person(cast.HEAD) is not None


@pytest.mark.parametrize("way", ["starttls", "ldaps"])
def test_a_certificate_of_another_authority_is_told_apart(
    demanding: Server, connect: Connect, way: str, tmp_path_factory: pytest.TempPathFactory
):
    foreign = making.make(tmp_path_factory.mktemp("foreign"))
    settings = dataclasses.replace(
        getattr(demanding, way)(), cert_file=str(foreign.client_cert), key_file=str(foreign.client_key)
    )
    assert trouble(connect(settings)) is Trouble.CLIENT_CERTIFICATE


def test_a_certificate_of_ours_that_cannot_be_used_is_said_to_be_ours(server: Server, connect: Connect):
    ours = server.certificates
    for cert, key in (
        (ours.ca.parent / "none.pem", ""),
        (ours.client_cert, ours.key),
        (ours.client_cert, ""),
    ):
        settings = dataclasses.replace(server.ldaps(), cert_file=str(cert), key_file=str(key))
        assert refusal(connect(settings)) is Trouble.OWN_CERTIFICATE


# Log-ins


@pytest.mark.parametrize("name", ["lasare", "DOMAIN\\lasare", "lasare@example.org"])
def test_an_account_that_is_no_name_is_told_apart(server: Server, connect: Connect, name: str):
    settings = dataclasses.replace(server.settings(), bind_dn=name)
    assert refusal(connect(settings)) is Trouble.BIND_NAME


@pytest.mark.parametrize("password", ["", "  ", "\t"])
def test_a_blank_password_is_told_apart_and_never_sent(server: Server, connect: Connect, password: str):
    with Wire(server.port) as wire:
        settings = dataclasses.replace(through(wire, server.settings()), bind_password=password)
        assert refusal(connect(settings)) is Trouble.BLANK_SECRET
        assert wire.connections == 0


@pytest.mark.parametrize("code", [8, 13])
def test_a_server_that_wants_protection_is_told_apart(
    listen: Callable[..., Listener], connect: Connect, code: int
):
    assert refusal(connect(listen(lambda number: b"", code).settings)) is Trouble.PROTECTION


def test_the_mock_can_demand_certificates_on_starttls_only(tmp_path: Path, certificates: Certificates):
    server = MockServer(tmp_path, certificates, demands_certificate=True)
    server.start()
    connections = Connections(server.settings())
    assert connections.root_dse("vendorName").values("vendorName")
    connections.close()
    server.stop()
