"""The two commands: serve a mock directory, check a directory."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.utils import translation

from provisioning.demo.directory.server import MockDirectory
from provisioning.directory import ConnectionSettings, Directory, Layout, Which, open_directory
from provisioning.directory.check import SENTENCES
from provisioning.directory.ldap.troubles import Trouble
from provisioning.rules.hsa import HsaId
from tests import cast, servers
from tests.directory import oddities
from tests.directory.conftest import DEMO_LAYOUT
from tests.directory.standins import Server

ROOT = Path(__file__).resolve().parents[2]


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command as a process, and the first line it says."""
    process = subprocess.Popen(
        [sys.executable, "manage.py", "mock_directory", "--listen", "127.0.0.1:0", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline()
    finally:
        process.kill()
        process.communicate(timeout=servers.PATIENCE_SECONDS)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_mock_says_where_it_listens_and_stops_when_told(number: signal.Signals):
    with running() as (process, line):
        match = re.fullmatch(r"Mock directory: ldap://127\.0\.0\.1:(\d+) \(\d+ entries\)\n", line)
        assert match, line
        with socket.create_connection(("127.0.0.1", int(match[1])), timeout=60):
            process.send_signal(number)
            out, err = process.communicate(timeout=servers.PATIENCE_SECONDS)
        assert (process.returncode, out.strip(), err) == (0, "Mock directory: stopped", "")


def test_a_taken_port_is_named_plainly():
    with MockDirectory() as mock, pytest.raises(CommandError, match=f"127.0.0.1:{mock.port} is taken"):
        call_command("mock_directory", listen=f"127.0.0.1:{mock.port}")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"listen": "0.0.0.0:0"}, "not a loopback address"),  # noqa: S104
        ({"listen": "nowhere"}, "ADDRESS:PORT"),
        ({"listen": "example.invalid:0"}, "ADDRESS:PORT|address"),
        ({"listen": "127.0.0.1:0", "ldif": Path("/nowhere.ldif")}, "Cannot read /nowhere.ldif"),
        ({"listen": "127.0.0.1:0", "ldaps": True}, "needs --cert"),
        ({"listen": "127.0.0.1:0", "cert": Path("/nowhere.pem")}, "Cannot read"),
    ],
)
def test_wrong_options_are_named_plainly(options: dict[str, Any], said: str):
    with pytest.raises(CommandError, match=said):
        call_command("mock_directory", **options)


@pytest.mark.parametrize("text", ["nonsense", "dn: o=X\no: X\n\ndn: o=x\no: X\n"])
def test_a_file_that_cannot_be_served_is_named(tmp_path: Path, text: str):
    path = tmp_path / "bad.ldif"
    path.write_text(text)
    with pytest.raises(CommandError, match=r"Cannot load .*bad\.ldif"):
        call_command("mock_directory", ldif=path, listen="127.0.0.1:0")


# check_directory


def point_at(settings: Any, server: Server, **changes: Any) -> None:
    """Let the settings name this server."""
    own = server.settings()
    settings.DIRECTORY_URL = own.url
    settings.DIRECTORY_BIND_DN, settings.DIRECTORY_BIND_PASSWORD = own.bind_dn, own.bind_password
    settings.DIRECTORY_PERSON_BASE = DEMO_LAYOUT.person_base
    settings.DIRECTORY_UNIT_BASE = DEMO_LAYOUT.unit_base
    settings.DIRECTORY_LAYOUT = {}
    for name, value in changes.items():
        setattr(settings, name, value)


@pytest.fixture
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def run_check(**options: Any) -> tuple[int, str]:
    out, status = StringIO(), 0
    try:
        call_command("check_directory", stdout=out, stderr=out, no_color=True, **options)
    except SystemExit as stopped:
        status = int(str(stopped.code))
    finally:
        with contextlib.suppress(Exception):
            open_directory().close()
    return status, out.getvalue()


@pytest.mark.usefixtures("english")
def test_a_good_directory_passes_with_timings(settings: Any, server: Server):
    point_at(settings, server)
    status, said = run_check(person=cast.HEAD.text, unit=cast.BJORKHAGA.text)
    assert status == 0, said
    assert "cn=demo1001" in said and "Björkhaga" in said and " ms " in said
    assert "hsaSystemRole" in said and "!!" not in said


@pytest.mark.usefixtures("english")
@pytest.mark.parametrize(
    ("changes", "trouble"),
    [
        ({"DIRECTORY_BIND_PASSWORD": "wrong"}, Trouble.CREDENTIALS),
        ({"DIRECTORY_URL": "ldap://127.0.0.1:1"}, Trouble.NO_CONNECTION),
        ({"DIRECTORY_URL": "ldap://directory.invalid"}, Trouble.UNPROTECTED),
        ({"DIRECTORY_URL": "http://localhost"}, Trouble.ADDRESS),
        ({"DIRECTORY_STARTTLS": True}, Trouble.CERTIFICATE),
        ({"DIRECTORY_STARTTLS": True, "DIRECTORY_CA_FILE": "/nowhere.pem"}, Trouble.CERTIFICATE),
        ({"DIRECTORY_UNIT_BASE": "ou=Fel,o=Demoregionen"}, Trouble.NO_BASE),
    ],
)
def test_each_trouble_is_said_plainly(
    settings: Any, server: Server, changes: dict[str, Any], trouble: Trouble
):
    point_at(settings, server, **changes)
    status, said = run_check()
    assert status == 1
    assert str(SENTENCES[trouble]) in said


@pytest.mark.usefixtures("english")
def test_the_second_directory_is_checked_by_itself(settings: Any, server: Server):
    with pytest.raises(CommandError, match="HSA_DIRECTORY_URL"):
        run_check(second=True)
    own = server.settings()
    settings.DIRECTORY_URL = "ldap://127.0.0.1:1"
    settings.HSA_DIRECTORY_URL, settings.HSA_DIRECTORY_BIND_DN = own.url, own.bind_dn
    settings.HSA_DIRECTORY_BIND_PASSWORD = own.bind_password
    settings.HSA_DIRECTORY_PERSON_BASE = DEMO_LAYOUT.person_base
    settings.HSA_DIRECTORY_UNIT_BASE = DEMO_LAYOUT.unit_base
    status, said = run_check(second=True)
    open_directory(Which.NATIONAL).close()
    assert status == 0, said
    assert said.startswith(own.url)


@pytest.mark.usefixtures("english")
def test_an_unknown_person_is_said_to_be(settings: Any, server: Server):
    point_at(settings, server)
    status, said = run_check(person=cast.NOBODY.text)
    assert status == 1 and "No such entry" in said


@pytest.mark.parametrize(
    "attribute", ["hsaSystemRole", "hsaCommissionMember", "hsaEndDate", "hsaTitle", *oddities.BLIND_BESIDE]
)
def test_every_attribute_we_may_not_read_is_named(
    server: Server, connect: Callable[..., Directory], attribute: str
):
    with server.blind(attribute) as settings:
        report = connect(settings).check(person_id=cast.HEAD, unit_id=cast.BJORKHAGA)
    failed = {str(step.name) for step in report.steps if not step.is_ok}
    assert failed == {attribute}


def test_every_trouble_has_a_sentence():
    assert set(SENTENCES) == set(Trouble)


# From the settings


def test_the_same_settings_give_the_same_directory(settings: Any, server: Server):
    point_at(settings, server)
    first = open_directory()
    assert open_directory() is first
    settings.DIRECTORY_RECEIVE_TIMEOUT_SECONDS = 17
    assert open_directory() is not first


def test_a_wrong_layout_stops_with_its_name(settings: Any, server: Server):
    point_at(settings, server, DIRECTORY_LAYOUT={"nonsense": "x"})
    with pytest.raises(ImproperlyConfigured, match="DIRECTORY_LAYOUT: unknown layout name: nonsense"):
        open_directory()


def test_a_strangers_file_is_read_with_an_address_and_bases_alone(
    tmp_path: Path, connect: Callable[..., Directory]
):
    """No root entries, plain classes, a provider above the units' base, no accounts at all."""
    path = tmp_path / "stranger.ldif"
    path.write_text(
        "dn: o=Landet\nobjectClass: organization\nobjectClass: hsaHealthCareProvider\no: Landet\n"
        "hsaIdentity: SE0000000000-EPROV\n\n"
        "dn: ou=Enhet,ou=Org,o=Landet\nobjectClass: organizationalUnit\nou: Enhet\n"
        "hsaIdentity: SE0000000000-EUNIT\nhsaResponsibleHealthCareProvider: SE0000000000-EPROV\n\n"
        "dn: cn=uppdrag,ou=Enhet,ou=Org,o=Landet\nobjectClass: hsaCommission\ncn: uppdrag\n"
        "hsaIdentity: SE0000000000-M1\nhsaCommissionPurpose: vård och behandling\n"
        "hsaCommissionMember: se0000000000-p1;;\n\n"
        "dn: cn=x,ou=Personal,o=Landet\nobjectClass: person\ncn: x\nsn: X\nfullName: X X\n"
        "hsaIdentity: SE0000000000-P1\n"
    )
    with MockDirectory(path) as mock:
        layout = Layout(person_base="ou=Personal,o=Landet", unit_base="ou=Org,o=Landet")
        directory = connect(ConnectionSettings(mock.url), layout)
        unit = HsaId("SE0000000000-EUNIT")
        reading = directory.read(HsaId("SE0000000000-P1"), unit_ids=[unit])
    assert not reading.problems
    assert reading.person is not None
    assert reading.units[unit] is not None
    assert reading.providers[HsaId("SE0000000000-EPROV")] is not None
    assert [(c.unit_id, len(c.couplings)) for c in reading.commissions] == [(unit, 1)]


def test_without_any_base_the_whole_mock_is_searched(connect: Callable[..., Directory]):
    with MockDirectory() as mock:
        directory = connect(ConnectionSettings(mock.url), Layout())
        reading = directory.read(cast.COORDINATOR, unit_ids=[cast.BJORKHAGA])
        assert not reading.problems and reading.person is not None
        assert reading.providers[cast.PROVIDER] is not None
        assert len(reading.commissions) == 3
