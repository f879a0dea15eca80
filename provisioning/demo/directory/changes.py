"""The KIV administrator's own tool, played: changes to the mock directory by LDAP. Demo mode only.

The product itself never writes to a directory; this stands for the human who does.
"""

from __future__ import annotations

from django.conf import settings

from provisioning.directory.connect import connection_settings
from provisioning.directory.layout import ConnectionSettings
from provisioning.directory.ldap.connection import BASE, Connections
from provisioning.errors import NotAllowed
from provisioning.rules.hsa import Attribute


class Kiv:
    """Adds and removes single values, with an account that may write."""

    def __init__(self, connection: ConnectionSettings | None = None):
        self._connections = Connections(connection or _from_settings(), reads_only=False)

    def add_value(self, dn: str, attribute: Attribute | str, value: str) -> None:
        """Add the value; nothing happens when it is there, byte for byte.

        Raises DirectoryRefused when the directory does not take it, for instance because it
        considers a near miss to be the same value: remove that one first.
        """
        if value not in self.values(dn, attribute):
            self._connections.modify(dn, {str(attribute): [("MODIFY_ADD", [value])]})

    def remove_value(self, dn: str, attribute: Attribute | str, value: str) -> None:
        """Remove the value; nothing happens when it is not there."""
        if value in self.values(dn, attribute):
            self._connections.modify(dn, {str(attribute): [("MODIFY_DELETE", [value])]})

    def values(self, dn: str, attribute: Attribute | str) -> tuple[str, ...]:
        """What the attribute holds now."""
        found = self._connections.search(dn, "(objectClass=*)", [str(attribute)], scope=BASE)
        return found[0].values(str(attribute)) if found else ()

    def close(self) -> None:
        self._connections.close()


def _from_settings() -> ConnectionSettings:
    if not settings.IS_DEMO:
        raise NotAllowed
    reader = connection_settings()
    return ConnectionSettings(
        url=reader.url,
        bind_dn=settings.MOCK_KIV_BIND_DN,
        bind_password=settings.MOCK_KIV_BIND_PASSWORD,
        ca_file=reader.ca_file,
        uses_starttls=reader.uses_starttls,
        connect_timeout_seconds=reader.connect_timeout_seconds,
        receive_timeout_seconds=reader.receive_timeout_seconds,
    )
