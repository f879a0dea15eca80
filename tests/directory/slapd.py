"""OpenLDAP's slapd as a child process on loopback, with TLS, our schema and accounts that only read."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from provisioning.directory.schema import HSA_SCHEMA
from tests import servers
from tests.directory.certificates import Certificates

_SYSTEM_SCHEMAS = Path("/etc/ldap/schema")
_MODULES = Path("/usr/lib/ldap")


@dataclass(frozen=True)
class Suffix:
    """One database: its top, its entries, and accounts with what is peculiar to each."""

    dn: str
    ldif: str
    readers: Sequence[str] = ()
    writers: Sequence[str] = ()
    blind: dict[str, str] = field(default_factory=dict)  # account DN → attribute it may not read
    # account DN → entries in which it may not read this attribute
    blind_in: dict[str, tuple[str, Sequence[str]]] = field(default_factory=dict)
    limited: dict[str, int] = field(default_factory=dict)  # account DN → entries it may get
    indexes: Sequence[str] = (
        "objectClass eq",
        "hsaIdentity eq,sub,pres",
        "hsaCommissionMember eq,sub,pres",
        "hsaHealthCareUnitManager,hsaHealthCareUnitMember,vgrManagedObjects,personalIdentityNumber eq",
        "cn,sn,givenName,fullName,ou eq,sub",
    )


class Slapd(servers.Server):
    """A running slapd. Stop and start it as you like: port and content stay."""

    def __init__(
        self,
        folder: Path,
        suffixes: Sequence[Suffix],
        certificates: Certificates,
        *,
        misnamed: bool = False,
        demands_certificate: bool = False,
    ):
        self._program = servers.find("slapd")
        super().__init__(folder)
        self.port, self.tls_port = servers.free_port(), servers.free_port()
        cert, key = certificates.pair(misnamed=misnamed)
        folder.mkdir(parents=True, exist_ok=True)
        self._conf = folder / "slapd.conf"
        lines = [*_head(folder), f"TLSCACertificateFile {certificates.ca}"]
        lines += [f"TLSCertificateFile {cert}", f"TLSCertificateKeyFile {key}"]
        lines += ["TLSVerifyClient demand"] if demands_certificate else []
        for number, suffix in enumerate(suffixes, start=1):
            (folder / f"db{number}").mkdir()
            lines += _database(suffix, folder / f"db{number}")
        self._conf.write_text("\n".join(lines) + "\n", encoding="utf-8")
        for number, suffix in enumerate(suffixes, start=1):
            self._load(number, suffix)

    @property
    def url(self) -> str:
        return f"ldap://localhost:{self.port}"

    @property
    def tls_url(self) -> str:
        return f"ldaps://localhost:{self.tls_port}"

    @property
    def command(self) -> list[str]:
        """How it is started; it stays in the foreground."""
        urls = f"ldap://127.0.0.1:{self.port}/ ldaps://127.0.0.1:{self.tls_port}/"
        return [self._program, "-f", str(self._conf), "-h", urls, "-d", "0"]

    def start(self) -> None:
        log = (self.folder / "slapd.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                self.command,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + servers.PATIENCE_SECONDS
        while not (servers.is_open(self.port) and servers.is_open(self.tls_port)):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError((self.folder / "slapd.log").read_text(errors="replace"))
            time.sleep(0.01)

    def _load(self, number: int, suffix: Suffix) -> None:
        path = self.folder / f"db{number}.ldif"
        path.write_text(suffix.ldif, encoding="utf-8")
        tool = [self._program, "-T", "add", "-q", "-f", str(self._conf), "-b", suffix.dn, "-l", str(path)]
        done = subprocess.run(tool, capture_output=True)
        if done.returncode:
            raise RuntimeError(done.stderr.decode(errors="replace"))


def _head(folder: Path) -> list[str]:
    schemas = [_SYSTEM_SCHEMAS / f"{name}.schema" for name in ("core", "cosine", "inetorgperson")]
    return [
        *(f"include {path}" for path in (*schemas, HSA_SCHEMA)),
        f"modulepath {_MODULES}",
        "moduleload back_mdb",
        f"pidfile {folder / 'slapd.pid'}",
        f"argsfile {folder / 'slapd.args'}",
        "disallow bind_anon",
        "attributeoptions lang- x-",
        "sizelimit 2000",
    ]


def _database(suffix: Suffix, folder: Path) -> list[str]:
    """Access rules end at the first that decides: what an account may not see comes first."""
    lines = [
        "database mdb",
        f'suffix "{suffix.dn}"',
        f'rootdn "cn=root,{suffix.dn}"',
        f"directory {folder}",
        "maxsize 4294967296",
        "dbnosync",
        *(f"index {index}" for index in suffix.indexes),
        *(f'limits dn.exact="{dn}" size={size}' for dn, size in suffix.limited.items()),
        "access to attrs=userPassword by anonymous auth by * none",
    ]
    for dn, attribute in suffix.blind.items():
        lines.append(f'access to attrs={attribute} by dn.exact="{dn}" none by * break')
    for dn, (attribute, entries) in suffix.blind_in.items():
        lines += [
            f'access to dn.exact="{entry}" attrs={attribute} by dn.exact="{dn}" none by * break'
            for entry in entries
        ]
    readers = [*suffix.readers, *suffix.blind, *suffix.blind_in, *suffix.limited]
    lines.append("access to *")
    lines += [f'  by dn.exact="{dn}" write' for dn in suffix.writers]
    lines += [f'  by dn.exact="{dn}" read' for dn in readers]
    return [*lines, "  by * none"]
