"""Where a webhook may go: https alone, and to no address of our own network that the settings do not name.

Asked when a subscription is made and again at each sending: what a name leads to may have changed. The
connection then goes to the very address that was looked at.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from provisioning.errors import Invalid

_NAT64 = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True, slots=True)
class HookTarget:
    """The parts of an address that was looked at."""

    host: str
    port: int
    path: str


def of(url: str) -> HookTarget:
    """The parts of the address. Raises Invalid for anything but a plain https address."""
    try:
        parts = urlsplit(url)
        port = parts.port or 443
        (parts.hostname or "").encode("idna")  # what no name service can be asked for is no name
    except ValueError as exc:
        raise _unfit() from exc
    is_plain = url.isascii() and url.isprintable() and " " not in url and len(url) <= 500
    if not is_plain or parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or parts.fragment:
        raise _unfit()
    if _is_private_by_itself(parts.hostname):
        raise Invalid(
            _("This address is in a private network, and not named in WEBHOOK_PRIVATE_HOSTS."),
            code="webhook.private",
            field="url",
        )
    return HookTarget(parts.hostname, port, _path(parts))


def address(target: HookTarget) -> str:
    """The network address to connect to now. Raises OSError where there is none that may be used."""
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = [str(one[4][0]) for one in found]
    if not _may_be_private(target.host) and not all(_is_public(one) for one in addresses):
        raise PermissionError("private address")
    return addresses[0]


def _path(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _unfit() -> Invalid:
    return Invalid(
        _("Write an address that begins with https://, without a user name in it."),
        code="webhook.url",
        field="url",
    )


def _may_be_private(host: str) -> bool:
    return host.lower() in settings.WEBHOOK_PRIVATE_HOSTS


def _is_private_by_itself(host: str) -> bool:
    """An address in digits, or this machine: nobody has to be asked where it leads."""
    if _may_be_private(host):
        return False
    try:
        return not _is_public(host)
    except ValueError:
        return host.lower().rstrip(".") == "localhost"


def _is_public(text: str) -> bool:
    found = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour
        if found in _NAT64:
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return _is_public(str(inner))
    return found.is_global and not found.is_multicast
