"""The mock HSA directory as a server: a thread per connection, loopback only, LDAP or LDAPS.

with MockDirectory(path) as directory:
    directory.url, directory.faults.slow_seconds = 2
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import socketserver
import ssl
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from provisioning.demo.directory import ber, ldif, protocol
from provisioning.demo.directory.faults import Faults
from provisioning.demo.directory.session import Policy, Session
from provisioning.demo.directory.store import Store

DEMO_LDIF = Path(__file__).with_name("demo.ldif")
_LARGEST_MESSAGE_BYTES = 8 * 1024 * 1024


class NotLoopback(ValueError):
    """The mock directory holds no secrets and keeps none: it listens on loopback addresses only."""


class MockDirectory:
    """A mock directory that runs in this process. `port=0` takes a free one."""

    def __init__(
        self,
        ldif_path: Path = DEMO_LDIF,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        bind_dn: str = "",
        bind_password: str = "",
        requires_bind: bool = False,
        cert_path: Path | None = None,
        key_path: Path | None = None,
        client_ca_path: Path | None = None,
        is_ldaps: bool = False,
        size_limit: int | None = None,
        save_path: Path | None = None,
        store: Store | None = None,
    ):
        """Serve the file's entries, or those of a store that is made already.

        With `client_ca_path`, TLS is for clients with a certificate of this authority only.
        """
        if not ipaddress.ip_address(host).is_loopback:
            raise NotLoopback(host)
        self.faults = Faults()
        self.store = Store(ldif.read(ldif_path)) if store is None else store
        self._save_path = save_path
        self._save_lock = threading.Lock()
        tls = _tls_context(cert_path, key_path, client_ca_path) if cert_path else None
        self._scheme = "ldaps" if is_ldaps else "ldap"
        policy = Policy(
            store=self.store,
            faults=self.faults,
            bind_dn=bind_dn,
            bind_password=bind_password,
            requires_bind=requires_bind,
            offers_tls=tls is not None and not is_ldaps,
            size_limit=size_limit,
            on_change=self._save,
        )
        self._server = _Server((host, port), policy, tls, is_ldaps=is_ldaps)
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Where to connect. A server with a certificate is named, since certificates name names."""
        host = "localhost" if self._server.tls else str(self._server.server_address[0])
        return f"{self._scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    def start(self) -> None:
        """Serve in a thread of its own; the port listens already."""
        self._thread = threading.Thread(target=self._server.serve_until_stopped, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the port and every connection."""
        if self._thread is not None:
            self._server.stop_serving()
            self._thread.join()
            self._thread = None
        self._server.server_close()
        self._server.close_connections()

    def drop_connections(self) -> None:
        """Close the clients' connections now; new ones are welcome."""
        self._server.close_connections()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _save(self) -> None:
        if self._save_path is None:
            return
        with self._save_lock:
            unfinished = self._save_path.with_suffix(".part")
            unfinished.write_text(ldif.write(self.store.records()), encoding="utf-8")
            os.replace(unfinished, self._save_path)


def _tls_context(cert_path: Path, key_path: Path | None, client_ca_path: Path | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert_path, key_path)
    if client_ca_path is not None:
        context.load_verify_locations(client_ca_path)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128
    timeout = 0.5  # the longest that a stop waits, should nothing wake the server

    def __init__(
        self, address: tuple[str, int], policy: Policy, tls: ssl.SSLContext | None, *, is_ldaps: bool
    ):
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        self.policy = policy
        self.tls = tls
        self.is_ldaps = is_ldaps
        self.is_stopping = threading.Event()
        self.connections: set[socket.socket] = set()
        super().__init__(address, _Connection)

    def serve_until_stopped(self) -> None:
        while not self.is_stopping.is_set():
            self.handle_request()

    def stop_serving(self) -> None:
        """Wake the server with a connection that it does not take: it ends at once."""
        self.is_stopping.set()
        with contextlib.suppress(OSError), socket.socket(self.address_family) as waking:
            waking.settimeout(self.timeout)
            waking.connect(self.server_address)

    def verify_request(self, request: object, client_address: object) -> bool:
        return not self.is_stopping.is_set()

    def server_close(self) -> None:
        self.is_stopping.set()
        super().server_close()

    def close_connections(self) -> None:
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Connection(socketserver.BaseRequestHandler):
    server: _Server
    request: socket.socket

    def handle(self) -> None:
        self.request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.connections.add(self.request)
        # A client that goes away in the middle is everyday life, not an error of the server.
        with contextlib.suppress(OSError, ber.Malformed):
            self._converse()
        self.server.connections.discard(self.request)
        # The plain socket is closed by socketserver; the protected one around it is ours.
        self.request.close()

    def _converse(self) -> None:
        session = Session(self.server.policy, is_tls=self.server.is_ldaps)
        if self.server.is_ldaps:
            self._wrap()
        buffer = bytearray()
        while chunk := self.request.recv(65536):
            buffer += chunk
            if len(buffer) > _LARGEST_MESSAGE_BYTES:
                return
            for raw in protocol.whole_messages(buffer):
                if not self._answer(session, protocol.read_message(raw)):
                    return

    def _answer(self, session: Session, message: protocol.Message) -> bool:
        """Answer one message; False ends the connection."""
        faults = self.server.policy.faults
        if message.operation == protocol.UNBIND or faults.takes_drop():
            return False
        if faults.slow_seconds and self.server.is_stopping.wait(faults.slow_seconds):
            return False
        self.request.sendall(session.answer(message))
        if session.wants_tls:
            self._wrap()
            session.wants_tls, session.is_tls = False, True
        return True

    def _wrap(self) -> None:
        if self.server.tls is None:
            raise ber.Malformed("TLS without a certificate")
        plain = self.request
        self.request = self.server.tls.wrap_socket(plain, server_side=True)
        self.server.connections.discard(plain)
        self.server.connections.add(self.request)
