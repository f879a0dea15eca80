"""One slapd for a run: the region of 115 000 entries, over LDAPS, asked by an account that only reads."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import region
from provisioning.directory import ConnectionSettings, Directory, Layout
from tests.directory import certificates
from tests.directory.slapd import Slapd, Suffix

# As docs/operations.md recommends.
INDEXES = (
    "objectClass,entryUUID eq",
    "hsaIdentity eq,sub",
    "hsaCommissionMember eq,sub",
    "hsaHealthCareUnitManager,hsaHealthCareUnitMember,vgrManagedObjects,personalIdentityNumber eq",
    "cn,sn,givenName,fullName,ou eq,sub",
)
LAYOUT = Layout(person_base=region.PERSONS, unit_base=region.ORGANISATION)
NO_LIMIT = 10_000_000  # slapd's own for this account; pages keep the answers small


@dataclass(frozen=True)
class Served:
    """Where the directory is, and who is in it."""

    url: str
    ca_file: str
    person_ids: dict[str, list[str]]

    def settings(self) -> ConnectionSettings:
        return ConnectionSettings(
            url=self.url,
            bind_dn=region.READER,
            bind_password=region.PASSWORD,
            ca_file=self.ca_file,
            receive_timeout_seconds=60.0,  # a busy machine is measured, too
        )

    def directory(self) -> Directory:
        return Directory(self.settings(), LAYOUT)

    def everybody(self) -> list[str]:
        return sorted(person for ids in self.person_ids.values() for person in ids)

    def environment(self) -> dict[str, str]:
        """For ldapsearch, which takes `localhost` for the machine's own name and would not find it there."""
        return {**os.environ, "LDAPTLS_REQCERT": "allow", "LDAPTLS_CACERT": self.ca_file, "LDAPURI": self.url}


@functools.cache
def shared() -> Served:
    """The directory of this run, started on first use and gone with the process."""
    folder = Path(tempfile.mkdtemp(prefix="directory-benchmark-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = region.make()
    authority = certificates.make(folder / "certificates")
    suffix = Suffix(region.TOP, made.ldif, limited={region.READER: NO_LIMIT}, indexes=INDEXES)
    slapd = Slapd(folder / "slapd", [suffix], authority)
    slapd.start()
    atexit.register(slapd.stop)
    return Served(slapd.tls_url, str(authority.ca), made.person_ids)
