"""ldap3, imported in one place and quietly.

ldap3 2.9 uses names that pyasn1 0.6 calls deprecated; the warnings are not ours to mend, and must
not become errors where warnings are errors.
"""

from __future__ import annotations

import math
import socket
import ssl
import time
import warnings
from collections.abc import Iterable
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import ldap3
    from ldap3.core import exceptions, results
    from ldap3.operation.search import compile_filter, parse_filter
    from ldap3.protocol.rfc4511 import Filter, SequenceOf
    from ldap3.strategy.safeSync import SafeSyncStrategy
    from ldap3.utils.asn1 import encode

__all__ = ["Connection", "VerifiedTls", "encoded_filters", "exceptions", "ldap3", "results"]


class VerifiedTls(ldap3.Tls):  # type: ignore[misc]  # ldap3 is untyped
    """TLS with certificate and name checked by Python's own ssl.

    ldap3's own check uses a function that Python 3.12 has removed and does not know IP addresses in
    certificates; it also leaves the socket open when it refuses.
    """

    def __init__(self, context: ssl.SSLContext):
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context = context

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        """Called by ldap3 for LDAPS and StartTLS. Raises ssl.SSLError."""
        timed = connection.socket
        plain = timed.plain if isinstance(timed, TimedSocket) else timed
        try:
            protected = self._context.wrap_socket(plain, server_hostname=connection.server.host)
        except BaseException:
            plain.close()
            raise
        if isinstance(timed, TimedSocket):
            timed.plain = protected
        else:
            connection.socket = protected


class TimedSocket:
    """A socket that gives up at a moment, not after a silence: a server that drips bytes gains nothing."""

    def __init__(self, plain: Any):
        self.plain = plain
        self._until = math.inf
        self._begin_until = math.inf

    def answer_by(self, until: float, begin_seconds: float = 0) -> None:
        """The moment (monotonic); with `begin_seconds`, so soon something must have come."""
        self._until = until
        self._begin_until = min(until, time.monotonic() + begin_seconds) if begin_seconds else until

    def recv(self, size: int) -> bytes:
        self._limit(self._begin_until)
        data: bytes = self.plain.recv(size)
        self._begin_until = self._until
        return data

    def sendall(self, data: bytes) -> None:
        self._limit(self._begin_until)
        self.plain.sendall(data)

    def _limit(self, until: float) -> None:
        if math.isinf(until):
            return
        left = until - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self.plain.settimeout(left)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.plain, name)


_ENTRY = 4  # RFC 4511 section 4.5.2


class Connection(ldap3.Connection):  # type: ignore[misc]  # ldap3 is untyped
    """ldap3's, always SAFE_SYNC, whose entries come whole."""

    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, client_strategy=ldap3.SAFE_SYNC, **options)
        self.strategy.__class__ = _WholeEntries  # ldap3 takes none but its own by name
        self.url = ""  # for callers that ask which server answered

    def _prepare_return_value(self, status: bool, response: bool = False) -> tuple[bool, Any, Any, None]:
        """What came, itself. ldap3 copies all of it for threads that share a connection; ours has one."""
        came: Any = vars(self)["response"]
        self.response = self.request = None
        return status, self.result, came if response else None, None

    def answer_by(self, until: float, begin_seconds: float = 0) -> None:
        """See `TimedSocket`. Only once it is open."""
        self.socket.answer_by(until, begin_seconds)


class _WholeEntries(SafeSyncStrategy):  # type: ignore[misc]  # ldap3 is untyped
    """SAFE_SYNC that keeps all values of an attribute which comes twice in one entry, as slapd may send it.

    ldap3's own keeps those that came last, and a value that is there would be an absence.
    """

    def _open_socket(self, address: Any, use_ssl: bool = False, unix_socket: bool = False) -> None:
        super()._open_socket(address, use_ssl, unix_socket=unix_socket)
        _keep_alive(self.connection.socket)
        self.connection.socket = TimedSocket(self.connection.socket)

    def decode_response_fast(self, ldap_message: Any) -> Any:
        if ldap_message["protocolOp"] == _ENTRY:
            _merge(ldap_message["payload"][1][3])
        return super().decode_response_fast(ldap_message)


def _keep_alive(connected: socket.socket) -> None:
    """So that a firewall does not forget it so soon, and the system notices when it is gone."""
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            connected.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _merge(attributes: list[Any]) -> None:
    """Each is (…, (name, values)), and every part of it (class, is constructed, tag, content)."""
    values_of: dict[bytes, list[Any]] = {}
    twice = []
    for each in attributes:
        (*_parts, name), (*_parts, values) = each[3]
        known = values_of.setdefault(name.lower(), values)
        if known is not values:
            known += values
            twice.append(each)
    for each in twice:
        attributes[:] = [other for other in attributes if other is not each]


class _Filters(SequenceOf):  # type: ignore[misc]  # ldap3 is untyped
    componentType = Filter()


def encoded_filters(filters: Iterable[str]) -> bytes:
    """Several filters as the value of a matched values control, which ldap3 does not know (RFC 3876)."""
    sequence = _Filters()
    for place, text in enumerate(filters):
        parsed = parse_filter(text, None, False, False, None, False)
        sequence[place] = compile_filter(parsed.elements[0])
    return bytes(encode(sequence))
