"""The directory of docker-compose.yml, run here without a container: our own commands work with it."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests import servers
from tests.servers import LOOPBACK, ROOT

SUFFIX = "o=Demoregionen"
pytestmark = pytest.mark.slapd


class Directory(servers.Server):
    """docker/slapd/start-slapd with folders of its own."""

    def start(self) -> None:
        servers.find("slapd")
        servers.find("openssl")
        if "openldap" not in {entry.pw_name for entry in pwd.getpwall()} or os.geteuid() != 0:
            pytest.skip("the script gives up being root, so it has to begin as root")
        self.port = servers.free_port()
        certificates = self.folder / "certificates"
        script = ROOT / "docker" / "slapd" / "make-certificates"
        subprocess.run([script, certificates, "localhost"], check=True, capture_output=True)
        source = self.folder / "source"
        shutil.copytree(ROOT / "provisioning" / "directory" / "schema", source / "schema")
        shutil.copy(ROOT / "provisioning" / "demo" / "directory" / "demo.ldif", source)
        secrets = self.folder / "secrets"
        subprocess.run([ROOT / "docker" / "make-secrets", secrets], check=True, capture_output=True)
        env = {
            "PATH": os.environ["PATH"],
            "SOURCE_DIR": str(source),
            "DATABASE_DIR": str(self.folder / "database"),
            "CERTIFICATE_DIR": str(certificates),
            "PASSWORD_FILE": str(secrets / "directory_password"),
            "LISTEN": f"ldaps://{LOOPBACK}:{self.port}",
            "HOST_NAME": "localhost",
        }
        self._spawn([str(ROOT / "docker" / "slapd" / "start-slapd")], env=env)

    def command(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """One of our own commands, with the settings of the compose file and an address of today."""
        env = {
            "PATH": os.environ["PATH"],
            "VAR_DIR": str(self.folder / "var"),
            "DIRECTORY_URL": f"ldaps://localhost:{self.port}",
            "DIRECTORY_CA_FILE": str(self.folder / "certificates" / "ca.crt"),
            "DIRECTORY_BIND_DN": f"cn=tool,ou=Konton,{SUFFIX}",
            "DIRECTORY_BIND_PASSWORD_FILE": str(self.folder / "secrets" / "directory_password"),
            "DIRECTORY_PERSON_BASE": f"ou=Personal,{SUFFIX}",
            "DIRECTORY_UNIT_BASE": f"ou=Org,{SUFFIX}",
            **variables,
        }
        return subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=env, capture_output=True, text=True, check=False, timeout=240,
        )  # fmt: skip


@pytest.fixture(scope="module")
def directory():
    folder = Path(tempfile.mkdtemp(prefix="provisioning-slapd-"))
    folder.chmod(0o755)  # the server is somebody else when it opens its files
    with Directory(folder) as server:
        yield server
    shutil.rmtree(folder)


CHECK = ("check_directory", "--person", "SE0000000000-1005", "--unit", "SE0000000000-E000000001101")


def test_the_tool_reads_all_it_needs(directory):
    result = directory.command(*CHECK)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "DIRECTORY_PERSON_BASE" in result.stdout


@pytest.mark.parametrize(("person", "answer"), [("SE0000000000-1005", "no"), ("SE0000000000-1019", "yes")])
def test_assess_answers_from_it_with_nothing_but_the_directorys_settings(directory, person, answer):
    unit = ("--level", "unit", "--unit", "SE0000000000-E000000001101")
    result = directory.command("assess", person, "--service", "rehabstod", *unit, "--json")
    assert json.loads(result.stdout)["answer"] == answer, result.stderr
    assert result.returncode == {"yes": 0, "no": 1}[answer]
    assert not (directory.folder / "var" / "database.sqlite3").exists()


@pytest.mark.parametrize(
    "variables",
    [
        {"DIRECTORY_BIND_DN": "", "DIRECTORY_BIND_PASSWORD_FILE": ""},
        {"DIRECTORY_BIND_PASSWORD_FILE": "", "DIRECTORY_BIND_PASSWORD": "wrong"},
        {
            "DIRECTORY_BIND_DN": f"cn=kiv,ou=Konton,{SUFFIX}",
            "DIRECTORY_BIND_PASSWORD_FILE": "",
            "DIRECTORY_BIND_PASSWORD": "kiv",
        },
        {"DIRECTORY_CA_FILE": ""},
    ],
    ids=["nobody", "a wrong password", "another account", "an unknown authority"],
)
def test_it_is_of_no_use_to(directory, variables):
    result = directory.command(*CHECK, **variables)
    assert result.returncode != 0
    assert "Björkhaga" not in result.stdout
    assert "Traceback" not in result.stderr


def test_the_tools_account_changes_nothing_and_sees_no_password(directory):
    rules = (directory.folder / "database" / "slapd.conf").read_text(encoding="utf-8")
    assert "access to attrs=userPassword by anonymous auth by * none" in rules
    assert [line.split()[-1] for line in rules.splitlines() if "cn=tool" in line] == ["read"]
