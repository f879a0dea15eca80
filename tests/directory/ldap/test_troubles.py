"""Contract: don't know is never no. Every way in which a directory fails to answer."""

from __future__ import annotations

import dataclasses
import gc
import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from provisioning.demo.directory import protocol
from provisioning.directory import ConnectionSettings, Directory, Layout
from provisioning.directory.ldap.troubles import Trouble, trouble_of
from provisioning.errors import DirectoryError, DirectoryRefused, DirectoryTruncated, DirectoryUnavailable
from provisioning.rules.hsa import Attribute, HsaId, Part
from tests import cast
from tests.directory import oddities
from tests.directory.certificates import Certificates
from tests.directory.conftest import DEMO_LAYOUT
from tests.directory.standins import KINDS, MockServer, Server, Wire

Connect = Callable[..., Directory]


def refusal(directory: Directory) -> Trouble:
    with pytest.raises(DirectoryRefused) as caught:
        directory.person(cast.HEAD)
    return trouble_of(caught.value)


# Protection


def test_starttls_and_ldaps_answer(server: Server, connect: Connect):
    for settings in (server.starttls(), server.ldaps()):
        assert connect(settings).person(cast.HEAD) is not None


@pytest.mark.parametrize("way", ["starttls", "ldaps"])
def test_a_server_of_another_authority_is_refused(server: Server, connect: Connect, way: str):
    settings: ConnectionSettings = getattr(server, way)()
    wrong = dataclasses.replace(settings, ca_file=str(server.certificates.other_ca))
    assert refusal(connect(wrong)) is Trouble.CERTIFICATE


@pytest.mark.parametrize("way", ["starttls", "ldaps"])
def test_without_an_authority_file_the_systems_own_are_asked(server: Server, connect: Connect, way: str):
    settings: ConnectionSettings = getattr(server, way)()
    assert refusal(connect(dataclasses.replace(settings, ca_file=""))) is Trouble.CERTIFICATE


@pytest.mark.parametrize("kind", ["mock", pytest.param("slapd", marks=pytest.mark.slapd)])
@pytest.mark.parametrize("way", ["starttls", "ldaps"])
def test_a_certificate_for_another_name_is_refused(
    kind: str, way: str, tmp_path: Path, certificates: Certificates, connect: Connect
):
    server = KINDS[kind](tmp_path, certificates, misnamed=True)
    server.start()
    try:
        assert refusal(connect(getattr(server, way)())) is Trouble.CERTIFICATE
    finally:
        server.stop()


def test_an_address_the_certificate_does_not_name_is_refused(server: Server, connect: Connect):
    settings = server.ldaps()
    by_number = dataclasses.replace(settings, url=settings.url.replace("localhost", "127.0.0.1"))
    assert refusal(connect(by_number)) is Trouble.CERTIFICATE


@pytest.mark.parametrize("host", ["directory.invalid", "192.0.2.1", "[2001:db8::1]"])
def test_plain_ldap_to_another_machine_is_refused_before_anything_is_sent(host: str):
    with pytest.raises(DirectoryRefused) as caught:
        Directory(ConnectionSettings(f"ldap://{host}", "cn=x", "secret"))
    assert trouble_of(caught.value) is Trouble.UNPROTECTED


@pytest.mark.parametrize("url", ["", "http://localhost", "ldap://", "localhost:389", "ldap://localhost:x"])
def test_what_is_no_ldap_address_is_refused(url: str):
    with pytest.raises(DirectoryRefused) as caught:
        Directory(ConnectionSettings(url))
    assert trouble_of(caught.value) is Trouble.ADDRESS


def test_plain_ldap_to_another_machine_is_allowed_with_starttls():
    Directory(ConnectionSettings("ldap://directory.invalid", uses_starttls=True))


def test_the_password_stands_in_no_text():
    settings = ConnectionSettings("ldap://localhost", "cn=x", "very-secret")
    assert "very-secret" not in f"{settings} {settings!r}"


# Accounts


def test_a_wrong_password_is_refused(server: Server, connect: Connect):
    wrong = dataclasses.replace(server.settings(), bind_password="wrong")
    assert refusal(connect(wrong)) is Trouble.CREDENTIALS


def test_an_account_that_does_not_exist_is_refused_not_absent(server: Server, connect: Connect):
    nobody = dataclasses.replace(server.settings(), bind_dn="cn=ingen,o=Demoregionen", bind_password="x")
    assert refusal(connect(nobody)) is Trouble.CREDENTIALS


def test_without_an_account_nothing_is_told_where_one_is_required(server: Server, connect: Connect):
    anonymous = dataclasses.replace(server.settings(), bind_dn="", bind_password="")
    with pytest.raises(DirectoryRefused):
        connect(anonymous).person(cast.HEAD)


def test_a_base_that_does_not_exist_is_a_wrong_setting_and_no_absence(server: Server, connect: Connect):
    directory = connect(server.settings(), Layout(person_base="ou=Fel,o=Demoregionen"))
    assert refusal(directory) is Trouble.NO_BASE


# What may not be read


@pytest.mark.parametrize(
    ("attribute", "part"),
    [
        ("hsaSystemRole", Part.SYSTEM_ROLES),
        ("hsaTitle", Part.PROFESSION),
        ("hsaEndDate", Part.PERSON),
        ("hsaIdentity", Part.PERSON),
        ("objectClass", Part.PERSON),
        ("hsaCommissionMember", Part.COMMISSIONS),
        ("hsaCommissionPurpose", Part.UNIT_COMMISSIONS),
    ],
)
@pytest.mark.parametrize("person", [cast.SETTLED, cast.COORDINATOR_UNCOUPLED])
def test_an_attribute_we_may_not_read_is_a_problem_and_no_absence(
    server: Server, connect: Connect, attribute: str, part: Part, person: HsaId
):
    with server.blind(attribute) as settings:
        reading = connect(settings).read(person, unit_ids=[cast.BJORKHAGA])
    assert not reading.is_readable(part)
    assert any(problem.about == attribute for problem in reading.problems)
    assert {problem.code for problem in reading.problems} == {"directory.unreadable_attribute"}


def test_a_unit_whose_end_we_may_not_read_is_not_taken_for_open(server: Server, connect: Connect):
    with server.blind("hsaEndDate") as settings:
        reading = connect(settings).read(cast.SETTLED, unit_ids=[cast.BJORKHAGA])
    assert not reading.is_readable(Part.UNITS)
    assert not reading.is_readable(Part.PROVIDERS)


def test_hidden_classes_are_noticed_without_any_unit_in_sight(server: Server, connect: Connect):
    with server.blind("objectClass") as settings:
        reading = connect(settings).read(oddities.BARE)
    assert not reading.is_readable(Part.PERSON)


def test_what_is_hidden_of_one_part_says_nothing_of_another(server: Server, connect: Connect):
    with server.blind("hsaSystemRole") as settings:
        reading = connect(settings).read(cast.SETTLED, unit_ids=[cast.BJORKHAGA])
    assert reading.is_readable(*(part for part in Part if part is not Part.SYSTEM_ROLES))


def test_roles_hidden_after_they_were_seen_are_noticed(
    tmp_path: Path, certificates: Certificates, connect: Connect
):
    server = MockServer(tmp_path, certificates)
    server.start()
    directory = connect(server.settings())
    assert directory.read(cast.SETTLED).is_readable(*Part)
    server.mock.faults.unreadable = {"HSASYSTEMROLE"}
    assert not directory.read(cast.SETTLED).is_readable(Part.SYSTEM_ROLES)
    server.stop()


def test_a_removed_value_is_gone_only_when_it_could_be_seen(
    tmp_path: Path, certificates: Certificates, connect: Connect
):
    server = MockServer(tmp_path, certificates)
    server.start()
    directory = connect(server.settings())
    wanted = [(f"cn=demo1019,{DEMO_LAYOUT.person_base}", Attribute.SYSTEM_ROLE)]
    assert directory.values(wanted)[wanted[0]]
    server.mock.faults.unreadable = {"hsaSystemRole"}
    with pytest.raises(DirectoryRefused):
        directory.values(wanted)
    server.stop()


def test_current_values_that_are_hidden_are_no_proof_of_absence(server: Server, connect: Connect):
    dn = f"cn=bare,{DEMO_LAYOUT.person_base}"
    with server.blind("hsaSystemRole") as settings, pytest.raises(DirectoryRefused) as caught:
        connect(settings).values([(dn, Attribute.SYSTEM_ROLE)])
    assert caught.value.code == "directory.unreadable_attribute"
    commission = f"cn=stor,ou=Stor,{oddities.BASE}"
    with server.blind("hsaCommissionMember") as settings, pytest.raises(DirectoryRefused):
        connect(settings).values([(commission, Attribute.COMMISSION_MEMBER)], only=cast.HEAD)


# Answers cut short


def test_a_size_limit_is_no_absence(server: Server, connect: Connect):
    with server.limited() as settings, pytest.raises(DirectoryTruncated):
        connect(settings).persons([HsaId(f"SE0000000000-{number}") for number in range(1001, 1020)])


def test_commissions_cut_short_are_a_problem_of_the_reading(server: Server, connect: Connect):
    with server.limited() as settings:
        reading = connect(settings).read(oddities.BUSY)
    assert reading.person is not None
    assert not reading.is_readable(Part.COMMISSIONS)
    assert {problem.code for problem in reading.problems} == {"directory.truncated"}


def test_a_search_by_name_that_the_server_cuts_is_cut_and_no_error(server: Server, connect: Connect):
    with server.limited() as settings:
        found = connect(settings).find_persons("e", limit=20)
    assert len(found.items) == oddities.LIMIT and found.is_cut


def test_more_entries_than_a_page_come_whole(server: Server, connect: Connect):
    small_pages = connect(dataclasses.replace(server.settings(), page_size=7))
    assert len(small_pages.read(oddities.BUSY).commissions) == oddities.BUSY_COMMISSIONS


def test_a_referral_is_not_followed_and_no_absence(server: Server, connect: Connect):
    directory = connect(server.settings(), Layout(person_base=f"ou=Personal,{oddities.REFERRAL_TOP}"))
    with pytest.raises(DirectoryTruncated) as caught:
        directory.person(cast.HEAD)
    assert trouble_of(caught.value) is Trouble.ELSEWHERE
    gone = Layout(person_base=f"ou=Borta,ou=Personal,{oddities.REFERRAL_TOP}")
    with pytest.raises(DirectoryTruncated):
        connect(server.settings(), gone).person(cast.HEAD)


# Connections


def through(wire: Wire, settings: ConnectionSettings, **changes: float) -> ConnectionSettings:
    return dataclasses.replace(settings, url=f"ldap://localhost:{wire.port}", **changes)  # type: ignore[arg-type]


def test_a_connection_is_kept_and_used_again(server: Server, connect: Connect):
    with Wire(server.port) as wire:
        directory = connect(through(wire, server.settings()))
        for _ in range(5):
            assert directory.person(cast.HEAD) is not None
        assert wire.connections == 1


def test_each_thread_has_a_connection_of_its_own(server: Server, connect: Connect):
    with Wire(server.port) as wire:
        directory = connect(through(wire, server.settings()))
        meeting = threading.Barrier(4)

        def ask(_: int) -> bool:
            meeting.wait(timeout=60)
            answers = [directory.person(cast.HEAD) is not None for _ in range(5)]
            directory.close()
            return all(answers)

        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(ask, range(4)))
        assert wire.connections == 4


def test_a_connection_the_server_closed_is_opened_again(server: Server, connect: Connect):
    with Wire(server.port) as wire:
        directory = connect(through(wire, server.settings()))
        assert directory.person(cast.HEAD) is not None
        wire.cut()
        assert directory.person(cast.HEAD) is not None
        assert wire.connections == 2


def test_a_server_restarted_in_the_middle_is_found_again(own_server: Server, connect: Connect):
    directory = connect(own_server.settings())
    assert directory.person(cast.HEAD) is not None
    own_server.stop()
    with pytest.raises(DirectoryUnavailable) as caught:
        directory.person(cast.HEAD)
    assert trouble_of(caught.value) is Trouble.NO_CONNECTION
    own_server.start()
    assert directory.person(cast.HEAD) is not None


def test_nobody_at_the_address_is_unavailable(connect: Connect):
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        directory = connect(ConnectionSettings(f"ldap://127.0.0.1:{unheard.getsockname()[1]}"))
        with pytest.raises(DirectoryUnavailable) as caught:
            directory.person(cast.HEAD)
    assert trouble_of(caught.value) is Trouble.NO_CONNECTION


@pytest.mark.parametrize("way", ["plain", "starttls", "ldaps"])
def test_a_black_hole_is_given_up_in_time(certificates: Certificates, connect: Connect, way: str):
    """The port takes the connection, and nothing ever comes back: not even a TLS handshake."""
    with socket.create_server(("127.0.0.1", 0)) as hole:
        scheme = "ldaps" if way == "ldaps" else "ldap"
        settings = ConnectionSettings(
            f"{scheme}://localhost:{hole.getsockname()[1]}",
            uses_starttls=way == "starttls",
            ca_file=str(certificates.ca),
            connect_timeout_seconds=1,
            receive_timeout_seconds=1,
        )
        with pytest.raises(DirectoryUnavailable):
            connect(settings).person(cast.HEAD)


def test_a_directory_that_nobody_holds_any_more_closes_its_connections(server: Server, connect: Connect):
    """Garbage with a circle in it, as an error's traceback makes one: pytest fails on a socket left open."""
    with Wire(server.port) as wire:
        for _ in range(5):
            forgotten = Directory(through(wire, server.settings()), DEMO_LAYOUT)
            assert forgotten.person(cast.HEAD) is not None
            connections = forgotten._connections
            connections.circle = connections  # type: ignore[attr-defined]
            del forgotten, connections
            gc.collect()
        assert wire.connections == 5


def connections_until_silence(server: Server, connect: Connect) -> int:
    """Ask a server twice that falls silent after its first answer; over how many connections it was asked."""
    with Wire(server.port) as wire:
        directory = connect(through(wire, server.settings(), receive_timeout_seconds=0.5))
        assert directory.person(cast.HEAD) is not None
        wire.freeze()
        with pytest.raises(DirectoryUnavailable) as caught:
            directory.person(cast.HEAD)
        assert trouble_of(caught.value) is Trouble.SILENT
        return wire.connections


def test_silence_on_an_open_connection_is_given_up_once(server: Server, connect: Connect):
    assert connections_until_silence(server, connect) == 1, "asked twice"


NOT_LDAP = [
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"\x30\x05\x02\x01\x01\x61\x00",  # an envelope whose inside is missing
    b"\x30\x0c\x02\x01\x63\x61\x07\x0a\x01\x00\x04\x00\x04\x00",  # an answer to another question
    b"\x30\x03\x02\x01\x01",
    b"\x30\x84\x7f\xff\xff\xff",
    b"",
]


@pytest.mark.parametrize("nonsense", NOT_LDAP)
def test_a_server_that_does_not_speak_ldap_is_no_absence(connect: Connect, nonsense: bytes):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            client, _ = listener.accept()
            with client:
                client.recv(4096)
                client.sendall(nonsense)

        threading.Thread(target=talk, daemon=True).start()
        settings = ConnectionSettings(
            f"ldap://127.0.0.1:{listener.getsockname()[1]}", receive_timeout_seconds=1
        )
        with pytest.raises(DirectoryError):
            connect(settings).person(cast.HEAD)


def test_an_account_that_is_no_entry_is_not_taken_for_an_absent_person(connect: Connect):
    """Some servers answer a bind with “no such object”: that says nothing of whom we ask for."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def talk() -> None:
            client, _ = listener.accept()
            with client:
                bind = protocol.read_message(client.recv(4096))
                client.sendall(protocol.write_result(bind.id, protocol.ANSWER_TO[protocol.BIND], 32))

        threading.Thread(target=talk, daemon=True).start()
        settings = ConnectionSettings(f"ldap://127.0.0.1:{listener.getsockname()[1]}", "cn=x", "y")
        directory = connect(settings)
        with pytest.raises(DirectoryRefused):
            directory.values([("cn=y,o=X", Attribute.SYSTEM_ROLE)])


def test_errors_say_what_the_user_may_hear_and_nothing_else(server: Server, connect: Connect):
    wrong = dataclasses.replace(server.settings(), bind_password="wrong")
    with pytest.raises(DirectoryError) as caught:
        connect(wrong).person(cast.HEAD)
    assert "lasare" not in str(caught.value.user_message) + str(caught.value)
