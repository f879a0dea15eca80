"""The mock as an LDAP server: what a client other than ours sees of it."""

from __future__ import annotations

import dataclasses
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from provisioning.demo.directory import ldif, store
from provisioning.demo.directory.changes import Kiv
from provisioning.demo.directory.filters import matches
from provisioning.demo.directory.make_demo import PERSONS
from provisioning.demo.directory.server import DEMO_LDIF, MockDirectory, NotLoopback
from provisioning.directory import ConnectionSettings, Directory
from provisioning.directory.ldap.connection import BASE, Connections, Only
from provisioning.directory.ldap.library import exceptions, ldap3
from provisioning.errors import DirectoryRefused, DirectoryTruncated, DirectoryUnavailable, NotAllowed
from provisioning.rules.hsa import Attribute
from tests import cast, servers
from tests.directory.conftest import DEMO_LAYOUT
from tests.directory.oddities import READER, WRITER
from tests.directory.standins import Server

SETTLED_DN = f"cn=demo1019,{PERSONS}"
COORDINATOR_DN = f"cn=demo1005,{PERSONS}"
RIGHT = f"INTYG;Rehab-{cast.BJORKHAGA}"


@pytest.fixture
def mock() -> Iterator[MockDirectory]:
    with MockDirectory() as running:
        yield running


def _open(mock: MockDirectory, user: str | None = None, password: str | None = None) -> Any:
    server = ldap3.Server(mock.url, get_info=ldap3.NONE)
    link = ldap3.Connection(server, user, password, raise_exceptions=False, return_empty_attributes=False)
    link.bind()
    return link


@pytest.fixture
def client(mock: MockDirectory) -> Iterator[Any]:
    link = _open(mock)
    yield link
    link.unbind()


@pytest.fixture
def writer(mock: MockDirectory) -> Iterator[Any]:
    link = _open(mock, WRITER, "kiv")
    yield link
    link.unbind()


def found(client: Any, wanted: str, base: str = "o=Demoregionen", **options: Any) -> set[str]:
    client.search(base, wanted, **options)
    return {entry["dn"] for entry in client.response if entry["type"] == "searchResEntry"}


# Searching

EQUIVALENT = [
    "(hsaIdentity=se0000000000-1019)",
    "(&(objectClass=person)(hsaIdentity=SE0000000000-1019))",
    "(&(hsaIdentity=SE0000000000-10*)(fullName=*)(cn=demo1019))",
    "(hsaIdentity=*-1019)",
    "(hsaIdentity=SE*0000*1019)",
    "(&(hsaIdentity>=SE0000000000-1019)(hsaIdentity<=SE0000000000-1019))",
    "(hsaIdentity~=SE0000000000-1019)",
    "(hsaIdentity=  SE0000000000-1019 )",
    "(|(cn=demo1019)(cn=nobody))",
    "(&(personalIdentityNumber=DEMO-1019)(!(objectClass=hsaCommission)))",
]


@pytest.mark.parametrize("wanted", EQUIVALENT)
def test_every_kind_of_filter_finds_the_person(client: Any, wanted: str):
    assert found(client, wanted) == {SETTLED_DN}


@pytest.mark.parametrize(
    "wanted", ["(hsaIdentity=SE0000000000-1019*x)", "(!(objectClass=*))", "(nonsense=1)"]
)
def test_filters_that_match_nothing_find_nothing(client: Any, wanted: str):
    assert found(client, wanted) == set()
    assert client.result["result"] == 0


def test_the_three_scopes_differ(client: Any):
    base = "ou=Org,o=Demoregionen"
    everything = "(objectClass=*)"
    assert found(client, everything, base, search_scope=ldap3.BASE) == {base}
    below = found(client, everything, base, search_scope=ldap3.LEVEL)
    assert base not in below and len(below) == 4
    whole = found(client, everything, base)
    assert base in whole and below < whole


def test_a_base_that_is_nowhere_is_said_not_to_exist(client: Any):
    found(client, "(objectClass=*)", "ou=Ingen,o=Demoregionen")
    assert client.result["result"] == 32


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        (["hsaIdentity"], {"hsaIdentity"}),
        (["HSAIDENTITY", "nonsense"], {"hsaIdentity"}),
        (["1.1"], set()),
        (["+"], {"entryDN"}),
    ],
)
def test_only_the_named_attributes_are_shown(client: Any, wanted: list[str], shown: set[str]):
    client.search(SETTLED_DN, "(objectClass=*)", ldap3.BASE, attributes=wanted)
    assert set(client.response[0]["raw_attributes"]) == shown


def test_a_star_shows_everything_but_passwords(client: Any):
    client.search(READER, "(objectClass=*)", ldap3.BASE, attributes=["*"])
    assert set(client.response[0]["raw_attributes"]) == {"objectClass", "cn", "description"}


def test_types_only_shows_names_without_values():
    with MockDirectory() as mock:
        server = ldap3.Server(mock.url, get_info=ldap3.NONE)
        link = ldap3.Connection(server, return_empty_attributes=True)
        link.bind()
        link.search(SETTLED_DN, "(objectClass=*)", ldap3.BASE, attributes=["*"], types_only=True)
        assert "hsaSystemRole" in link.response[0]["raw_attributes"]
        assert not any(link.response[0]["raw_attributes"].values())
        link.unbind()


def test_pages_hold_every_entry_once(client: Any):
    dns: list[str] = []
    cookie: bytes | None = None
    pages = 0
    while cookie is None or cookie:
        client.search("o=Demoregionen", "(objectClass=person)", paged_size=10, paged_cookie=cookie)
        dns += [entry["dn"] for entry in client.response]
        cookie = client.result["controls"]["1.2.840.113556.1.4.319"]["value"]["cookie"]
        pages += 1
    assert pages > 10 and len(dns) == len(set(dns))
    assert set(dns) == found(client, "(objectClass=person)")


def test_a_size_limit_gives_so_many_and_says_there_are_more(client: Any):
    assert len(found(client, "(objectClass=person)", size_limit=5)) == 5
    assert client.result["result"] == 4
    assert len(found(client, "(cn=demo1019)", size_limit=1)) == 1
    assert client.result["result"] == 0


def test_the_root_dse_names_suffixes_and_controls(client: Any):
    client.search("", "(objectClass=*)", ldap3.BASE, attributes=["*", "+"])
    shown = client.response[0]["attributes"]
    assert shown["namingContexts"] == ["o=Demoregionen"]
    assert "1.2.840.113556.1.4.319" in shown["supportedControl"]


def test_an_unknown_control_is_refused_only_if_critical(client: Any):
    found(client, "(cn=demo1019)", controls=[("1.2.3.4", True, None)])
    assert client.result["result"] == 12
    assert found(client, "(cn=demo1019)", controls=[("1.2.3.4", False, None)]) == {SETTLED_DN}


def test_extensible_matching_is_refused_aloud(client: Any):
    found(client, "(cn:caseExactMatch:=demo1019)")
    assert client.result["result"] == 2


def test_other_members_values_stay_with_the_server(own_server: Server):
    """RFC 3876, seen on the wire: of 400 values one comes."""
    big = "cn=stor,ou=Stor,ou=Udda,ou=Org,o=Demoregionen"
    sent = []
    for uses in (True, False):
        settings = dataclasses.replace(own_server.settings(), uses_matched_values=uses)
        connections = Connections(settings)
        only = Only("hsaCommissionMember", ("SE0000000000-PRE1",))
        entries = connections.search(
            big, "(objectClass=*)", ["cn", "hsaCommissionMember"], scope=BASE, only=only
        )
        assert entries is not None and entries[0].values("cn") == ("stor",)
        sent.append(len(entries[0].values("hsaCommissionMember")))
        connections.close()
    assert sent == [2, 402]


# Binding


def test_who_binds_wrongly_is_told(mock: MockDirectory):
    for user, password, code in (
        (READER, "lasare", 0),
        (READER.upper(), "lasare", 0),
        (READER, "wrong", 49),
        ("cn=ingen", "x", 49),
        (SETTLED_DN, "x", 49),
    ):
        link = _open(mock, user, password)
        assert link.result["result"] == code
        link.unbind()


def test_whoami_says_who_is_bound(mock: MockDirectory, writer: Any):
    assert writer.extend.standard.who_am_i() == f"dn:{WRITER}"


def test_the_configured_account_may_bind_besides_those_in_the_file():
    with MockDirectory(bind_dn="cn=extra", bind_password="s") as mock:
        for password, code in (("s", 0), ("t", 49)):
            link = _open(mock, "cn=extra", password)
            assert link.result["result"] == code
            link.unbind()


def test_with_a_bind_required_nothing_is_read_without():
    with MockDirectory(requires_bind=True) as mock:
        link = _open(mock)
        assert found(link, "(cn=demo1019)") == set()
        assert link.result["result"] == 50
        link.unbind()


# Changing


def test_a_change_is_there_at_once(writer: Any, client: Any):
    assert writer.modify(COORDINATOR_DN, {"hsaSystemRole": [(ldap3.MODIFY_ADD, [RIGHT])]})
    assert COORDINATOR_DN in found(client, f"(hsaSystemRole={RIGHT})")
    assert writer.modify(COORDINATOR_DN, {"hsaSystemRole": [(ldap3.MODIFY_DELETE, [RIGHT])]})
    assert COORDINATOR_DN not in found(client, f"(hsaSystemRole={RIGHT})")


def test_adding_twice_and_removing_what_is_not_there_are_errors(writer: Any):
    writer.modify(SETTLED_DN, {"hsaSystemRole": [(ldap3.MODIFY_ADD, [RIGHT])]})
    assert writer.result["result"] == 20
    writer.modify(COORDINATOR_DN, {"hsaSystemRole": [(ldap3.MODIFY_DELETE, [RIGHT])]})
    assert writer.result["result"] == 16
    writer.modify("cn=ingen,o=Demoregionen", {"sn": [(ldap3.MODIFY_ADD, ["x"])]})
    assert writer.result["result"] == 32


def test_the_right_role_can_stand_beside_a_near_miss(writer: Any):
    for number, miss in ((1023, RIGHT.lower()), (1024, f"{RIGHT} ")):
        dn = f"cn=demo{number},{PERSONS}"
        assert writer.modify(dn, {"hsaSystemRole": [(ldap3.MODIFY_ADD, [RIGHT])]})
        writer.search(dn, "(objectClass=*)", ldap3.BASE, attributes=["hsaSystemRole"])
        assert writer.response[0]["attributes"]["hsaSystemRole"] == [miss, RIGHT]


def test_replace_sets_and_clears(writer: Any):
    writer.modify(COORDINATOR_DN, {"hsaTitle": [(ldap3.MODIFY_REPLACE, ["Läkare"])]})
    assert COORDINATOR_DN in found(writer, "(hsaTitle=läkare)")
    writer.modify(COORDINATOR_DN, {"hsaTitle": [(ldap3.MODIFY_REPLACE, [])]})
    writer.compare(COORDINATOR_DN, "hsaTitle", "Läkare")
    assert writer.result["result"] == 16


def test_of_several_changes_all_or_none_are_made(writer: Any):
    changes = {
        "hsaTitle": [(ldap3.MODIFY_REPLACE, ["Läkare"])],
        "hsaSystemRole": [(ldap3.MODIFY_DELETE, ["nothing"])],
    }
    assert not writer.modify(COORDINATOR_DN, changes)
    assert COORDINATOR_DN not in found(writer, "(hsaTitle=Läkare)")


def test_who_is_not_bound_changes_nothing(client: Any):
    client.modify(COORDINATOR_DN, {"hsaSystemRole": [(ldap3.MODIFY_ADD, [RIGHT])]})
    assert client.result["result"] == 50
    client.delete(COORDINATOR_DN)
    assert client.result["result"] == 50
    assert COORDINATOR_DN in found(client, "(cn=demo1005)")


def test_entries_can_be_added_and_removed(writer: Any):
    dn = f"cn=ny,{PERSONS}"
    assert writer.add(dn, ["person"], {"cn": "ny", "sn": "Nysson", "hsaIdentity": "SE0000000000-NY"})
    assert found(writer, "(hsaIdentity=SE0000000000-ny)") == {dn}
    writer.add(dn, ["person"], {"cn": "ny"})
    assert writer.result["result"] == 68
    assert writer.delete(dn)
    assert found(writer, "(hsaIdentity=SE0000000000-ny)") == set()
    writer.delete(PERSONS)
    assert writer.result["result"] == 66


def test_changes_are_saved_and_loaded_again(tmp_path: Path):
    path = tmp_path / "saved.ldif"
    with MockDirectory(save_path=path) as mock:
        link = _open(mock, WRITER, "kiv")
        link.modify(COORDINATOR_DN, {"hsaSystemRole": [(ldap3.MODIFY_ADD, [f"{RIGHT} "])]})
        link.unbind()
        count = len(mock.store)
    with MockDirectory(path) as mock:
        assert len(mock.store) == count
        entry = mock.store.get(COORDINATOR_DN)
        assert entry is not None and entry.values("hsasystemrole") == [f"{RIGHT} ".encode()]


# Comparing


def test_compare_answers_true_false_and_not_there(client: Any):
    for attribute, value, code in (
        ("hsaSystemRole", RIGHT, 6),
        ("hsaSystemRole", RIGHT.lower(), 5),
        ("sn", "NO", 5),
        ("endDate", "x", 16),
    ):
        client.compare(SETTLED_DN, attribute, value)
        assert client.result["result"] == code
    client.compare("cn=ingen", "sn", "x")
    assert client.result["result"] == 32


# Faults


def ours(mock: MockDirectory, **changes: Any) -> ConnectionSettings:
    return ConnectionSettings(mock.url, READER, "lasare", **changes)


def test_a_slow_directory_is_unavailable_and_then_well_again(
    mock: MockDirectory, connect: Callable[..., Directory]
):
    directory = connect(ours(mock, receive_timeout_seconds=0.3))
    mock.faults.slow_seconds = 1.0
    with pytest.raises(DirectoryUnavailable):
        directory.person(cast.HEAD)
    mock.faults.clear()
    assert directory.person(cast.HEAD) is not None


def test_a_busy_directory_is_unavailable(mock: MockDirectory, connect: Callable[..., Directory]):
    mock.faults.is_busy = True
    with pytest.raises(DirectoryUnavailable):
        connect(ours(mock)).person(cast.HEAD)


def test_a_directory_that_cuts_short_is_truncated(mock: MockDirectory, connect: Callable[..., Directory]):
    mock.faults.size_limit = 0
    with pytest.raises(DirectoryTruncated):
        connect(ours(mock)).person(cast.HEAD)


def test_one_lost_connection_is_mended_and_two_are_not(
    mock: MockDirectory, connect: Callable[..., Directory]
):
    directory = connect(ours(mock))
    assert directory.person(cast.HEAD) is not None
    mock.faults.drop_connections = 1
    assert directory.person(cast.HEAD) is not None
    mock.faults.drop_connections = -1
    with pytest.raises(DirectoryUnavailable):
        directory.person(cast.HEAD)


def test_faults_are_switched_over_the_wire(mock: MockDirectory, writer: Any):
    changes = {
        "unreadable": [(ldap3.MODIFY_REPLACE, ["hsaSystemRole", "hsaTitle"])],
        "sizeLimit": [(ldap3.MODIFY_REPLACE, ["5"])],
        "slowSeconds": [(ldap3.MODIFY_REPLACE, ["0.01"])],
    }
    assert writer.modify("cn=faults", changes)
    assert mock.faults.unreadable == {"hsaSystemRole", "hsaTitle"}
    assert (mock.faults.size_limit, mock.faults.slow_seconds) == (5, 0.01)
    writer.search("cn=faults", "(objectClass=*)", ldap3.BASE, attributes=["*"])
    assert writer.response[0]["attributes"]["sizeLimit"] == ["5"]
    assert writer.modify("cn=faults", {"sizeLimit": [(ldap3.MODIFY_DELETE, [])]})
    assert mock.faults.size_limit is None
    assert not writer.modify("cn=faults", {"nonsense": [(ldap3.MODIFY_REPLACE, ["1"])]})


def test_faults_are_not_for_everybody(mock: MockDirectory, client: Any):
    client.modify("cn=faults", {"busy": [(ldap3.MODIFY_REPLACE, ["TRUE"])]})
    assert client.result["result"] == 50 and not mock.faults.is_busy


def test_an_unreadable_attribute_is_neither_shown_nor_searched_nor_denied(mock: MockDirectory, client: Any):
    mock.faults.unreadable = {"hsaSystemRole"}
    assert found(client, f"(hsaSystemRole={RIGHT})") == set()
    assert found(client, f"(!(hsaSystemRole={RIGHT}))") == set()
    assert found(client, f"(|(cn=demo1019)(hsaSystemRole={RIGHT}))") == {SETTLED_DN}
    client.search(SETTLED_DN, "(objectClass=*)", ldap3.BASE, attributes=["hsaSystemRole", "cn"])
    assert set(client.response[0]["raw_attributes"]) == {"cn"}
    client.compare(COORDINATOR_DN, "hsaSystemRole", "x")
    assert client.result["result"] == 50


# The server


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])  # noqa: S104
def test_it_serves_this_machine_only(host: str):
    with pytest.raises(NotLoopback):
        MockDirectory(host=host)


@pytest.mark.parametrize(
    "garbage",
    [b"GET / HTTP/1.1\r\n\r\n", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80", b"\x00" * 40, b"\x30\x02\x02\x00"],
)
def test_garbage_ends_its_own_connection_only(mock: MockDirectory, client: Any, garbage: bytes):
    with socket.create_connection(("127.0.0.1", mock.port), timeout=60) as stranger:
        stranger.sendall(garbage)
        stranger.shutdown(socket.SHUT_WR)
        while stranger.recv(4096):
            pass
    assert found(client, "(cn=demo1019)") == {SETTLED_DN}


def test_openldaps_own_client_understands_it(mock: MockDirectory):
    tool = servers.find("ldapsearch")
    asked = [tool, "-x", "-LLL", "-H", mock.url, "-D", READER, "-w", "lasare", "-E", "pr=20/noprompt"]
    asked += ["-b", "o=Demoregionen", "(&(objectClass=person)(hsaIdentity=SE*))", "hsaIdentity"]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("dn: ") == len(mock_persons(mock))


def mock_persons(mock: MockDirectory) -> list[ldif.Record]:
    return [record for record in mock.store.records() if ("objectClass", b"person") in record[1]]


def test_ten_thousand_entries_are_searched_without_a_walk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    looks = Mock(wraps=matches)
    monkeypatch.setattr(store, "matches", looks)
    path = tmp_path / "many.ldif"
    blocks = [
        f"dn: cn=p{n},o=X\nobjectClass: person\ncn: p{n}\nsn: S\nhsaIdentity: SE0000000000-{n}\n"
        f"hsaCommissionMember: SE0000000000-{n};;\n"
        for n in range(10_000)
    ]
    path.write_text("\n".join(blocks))
    with MockDirectory(path) as mock:
        link = _open(mock)
        for n in range(100):
            wanted = f"(|(hsaIdentity=SE0000000000-{n})(hsaCommissionMember=SE0000000000-{n};*))"
            assert found(link, wanted, "o=X") == {f"cn=p{n},o=X"}
        assert looks.call_count == 100
        link.unbind()


# KIV, played


def test_the_administrators_own_tool_adds_and_removes_values(
    mock: MockDirectory, connect: Callable[..., Directory]
):
    directory, kiv = connect(ours(mock), DEMO_LAYOUT), Kiv(ConnectionSettings(mock.url, WRITER, "kiv"))
    role = Attribute.SYSTEM_ROLE
    for _ in range(2):
        kiv.add_value(COORDINATOR_DN, role, RIGHT)
        assert directory.values([(COORDINATOR_DN, role)]) == {(COORDINATOR_DN, role): (RIGHT,)}
    for _ in range(2):
        kiv.remove_value(COORDINATOR_DN, role, RIGHT)
        assert directory.values([(COORDINATOR_DN, role)]) == {(COORDINATOR_DN, role): ()}
    kiv.close()


def test_the_gateway_itself_cannot_write(mock: MockDirectory):
    """Even with an account that may: the connection is read-only from our side."""
    connections = Connections(ConnectionSettings(mock.url, WRITER, "kiv"))
    with pytest.raises(DirectoryRefused) as caught:
        connections.modify(COORDINATOR_DN, {"hsaSystemRole": [("MODIFY_ADD", [RIGHT])]})
    assert isinstance(caught.value.__cause__, exceptions.LDAPConnectionIsReadOnlyError)
    connections.close()


def test_the_played_tool_exists_in_the_demo_only(settings: Any):
    settings.IS_DEMO = False
    with pytest.raises(NotAllowed):
        Kiv()


def test_a_change_to_a_copied_store_leaves_the_first_as_it_was():
    first = store.Store(ldif.read(DEMO_LDIF))
    before = first.records()
    second = first.copy()
    assert second.records() == before
    second.modify(SETTLED_DN, [(0, "hsaSystemRole", [b"changed"]), (2, "sn", [b"Changed"])])
    second.add(f"cn=added,{PERSONS}", [("cn", b"added")])
    second.delete(COORDINATOR_DN)
    assert first.records() == before
    assert second.records() != before


def test_a_stopped_mock_takes_no_connection_and_can_be_stopped_again():
    with MockDirectory() as mock:
        port = mock.port
        assert servers.is_open(port)
        mock.stop()
        assert not servers.is_open(port)
