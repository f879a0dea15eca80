"""The two servers the contract is kept by, behind one face; and a wire between that can break."""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from provisioning.demo.directory import ldif
from provisioning.demo.directory.server import MockDirectory
from provisioning.directory import ConnectionSettings
from tests.directory import oddities
from tests.directory.certificates import Certificates
from tests.directory.slapd import Slapd, Suffix


class Server(Protocol):
    """What a test may ask of a directory server, whichever it is."""

    certificates: Certificates

    def settings(self) -> ConnectionSettings:
        """As the reading account, plain."""

    def starttls(self) -> ConnectionSettings: ...

    def ldaps(self) -> ConnectionSettings: ...

    def blind(self, attribute: str) -> contextlib.AbstractContextManager[ConnectionSettings]:
        """As an account that may not read this attribute."""

    def blind_in(self) -> contextlib.AbstractContextManager[ConnectionSettings]:
        """As an account that may not read the roles of the veiled persons."""

    def limited(self) -> contextlib.AbstractContextManager[ConnectionSettings]:
        """As an account that gets `oddities.LIMIT` entries per search."""

    def stop(self) -> None: ...

    def start(self) -> None: ...

    @property
    def port(self) -> int: ...


def _plain(port: int) -> ConnectionSettings:
    return ConnectionSettings(
        f"ldap://localhost:{port}",
        bind_dn=oddities.READER,
        bind_password="lasare",
        connect_timeout_seconds=2,
        receive_timeout_seconds=4,
    )


def all_records() -> list[ldif.Record]:
    return [*oddities.demo_and_oddities(), *oddities.foreign_region(), *oddities.referring_top()]


class _Standin(abc.ABC):
    """What the two have in common: where they are made, and how they are reached with TLS."""

    def __init__(
        self,
        folder: Path,
        certificates: Certificates,
        *,
        misnamed: bool = False,
        demands_certificate: bool = False,
    ):
        self.certificates = certificates
        self._build(folder, misnamed=misnamed, demands_certificate=demands_certificate)

    @abc.abstractmethod
    def _build(self, folder: Path, *, misnamed: bool, demands_certificate: bool) -> None: ...

    @abc.abstractmethod
    def settings(self) -> ConnectionSettings: ...

    @property
    @abc.abstractmethod
    def _tls_url(self) -> str: ...

    def starttls(self) -> ConnectionSettings:
        return dataclasses.replace(self.settings(), uses_starttls=True, ca_file=str(self.certificates.ca))

    def ldaps(self) -> ConnectionSettings:
        return dataclasses.replace(self.settings(), url=self._tls_url, ca_file=str(self.certificates.ca))


class MockServer(_Standin):
    """The mock, plain with StartTLS on one port and LDAPS on another; faults instead of accounts."""

    def _build(self, folder: Path, *, misnamed: bool, demands_certificate: bool) -> None:
        self._client_ca = self.certificates.ca if demands_certificate else None
        path = folder / "all.ldif"
        path.write_text(ldif.write([*all_records(), *oddities.illegible()]), encoding="utf-8")
        self._path, self._port, self._tls_port = path, 0, 0
        self._pair = self.certificates.pair(misnamed=misnamed)
        self._running: list[MockDirectory] = []

    @property
    def port(self) -> int:
        return self._port

    @property
    def mock(self) -> MockDirectory:
        return self._running[0]

    def start(self) -> None:
        cert, key = self._pair
        options = {"cert_path": cert, "key_path": key, "requires_bind": True}
        options["client_ca_path"] = self._client_ca
        plain = MockDirectory(self._path, port=self._port, **options)  # type: ignore[arg-type]
        protected = MockDirectory(self._path, port=self._tls_port, is_ldaps=True, **options)  # type: ignore[arg-type]
        self._running = [plain, protected]
        self._port, self._tls_port = plain.port, protected.port
        for server in self._running:
            server.start()

    def stop(self) -> None:
        for server in self._running:
            server.stop()
        self._running = []

    def settings(self) -> ConnectionSettings:
        return _plain(self._port)

    @property
    def _tls_url(self) -> str:
        return f"ldaps://localhost:{self._tls_port}"

    @contextlib.contextmanager
    def blind(self, attribute: str) -> Iterator[ConnectionSettings]:
        self.mock.faults.unreadable = {attribute}
        yield self.settings()
        self.mock.faults.clear()

    @contextlib.contextmanager
    def blind_in(self) -> Iterator[ConnectionSettings]:
        self.mock.faults.unreadable_in = {dn: {"hsaSystemRole"} for dn in oddities.VEILED_DNS}
        yield self.settings()
        self.mock.faults.clear()

    @contextlib.contextmanager
    def limited(self) -> Iterator[ConnectionSettings]:
        self.mock.faults.size_limit = oddities.LIMIT
        yield self.settings()
        self.mock.faults.clear()


class SlapdServer(_Standin):
    """OpenLDAP: three databases, and an account for each thing an account may lack."""

    def _build(self, folder: Path, *, misnamed: bool, demands_certificate: bool) -> None:
        blind = {
            oddities.blind_dn(attribute): attribute for attribute in oddities.BLIND_TO + oddities.BLIND_BESIDE
        }
        reader = oddities.READER
        suffixes = [
            Suffix(
                oddities.DEMO_TOP,
                ldif.write(oddities.demo_and_oddities()),
                readers=[reader],
                writers=[oddities.WRITER],
                blind=blind,
                blind_in={oddities.blind_in_dn(): ("hsaSystemRole", oddities.VEILED_DNS)},
                limited={oddities.limited_dn(): oddities.LIMIT},
            ),
            Suffix(oddities.FOREIGN_TOP, ldif.write(oddities.foreign_region()), readers=[reader]),
            Suffix(oddities.REFERRAL_TOP, ldif.write(oddities.referring_top()), readers=[reader]),
        ]
        self._slapd = Slapd(
            folder / "slapd",
            suffixes,
            self.certificates,
            misnamed=misnamed,
            demands_certificate=demands_certificate,
        )

    @property
    def port(self) -> int:
        return self._slapd.port

    def start(self) -> None:
        self._slapd.start()

    def stop(self) -> None:
        self._slapd.stop()

    def settings(self) -> ConnectionSettings:
        return _plain(self._slapd.port)

    @property
    def _tls_url(self) -> str:
        return self._slapd.tls_url

    @contextlib.contextmanager
    def blind(self, attribute: str) -> Iterator[ConnectionSettings]:
        yield self._as(oddities.blind_dn(attribute))

    @contextlib.contextmanager
    def blind_in(self) -> Iterator[ConnectionSettings]:
        yield self._as(oddities.blind_in_dn())

    @contextlib.contextmanager
    def limited(self) -> Iterator[ConnectionSettings]:
        yield self._as(oddities.limited_dn())

    def _as(self, dn: str) -> ConnectionSettings:
        name = dn.partition(",")[0].removeprefix("cn=")
        return dataclasses.replace(self.settings(), bind_dn=dn, bind_password=name)


KINDS: dict[str, Callable[..., Server]] = {"mock": MockServer, "slapd": SlapdServer}


class Wire:
    """A TCP relay to a server, whose connections can be cut, frozen or counted."""

    def __init__(self, port: int):
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self._may_flow = threading.Event()
        self._may_flow.set()
        self._forgotten: set[socket.socket] = set()
        self._drip_seconds = 0.0
        self._taken = 0
        self.answered_octets = 0
        self._most_octets: int | None = None
        self._hanging_up = threading.Lock()
        self.port = int(self._listener.getsockname()[1])
        self._listen()

    @property
    def connections(self) -> int:
        """How many have connected, those included that a busy machine lets wait to be taken."""
        with contextlib.suppress(ValueError):  # closed: nobody waits
            while select.select([self._listener], [], [], 0)[0]:
                time.sleep(0.01)
        return self._taken

    def _listen(self) -> None:
        self._is_deaf = False
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def freeze(self) -> None:
        """Take what comes and say nothing: a black hole."""
        self._may_flow.clear()

    def forget(self) -> None:
        """As a firewall does: what comes over the connections there are is lost; new ones are relayed."""
        self._forgotten |= set(self._sockets)

    def drip(self, seconds: float) -> None:
        """From now on each octet of an answer comes so long after the one before."""
        self._drip_seconds = seconds

    def cut(self) -> None:
        """Close every connection now; new ones are relayed."""
        while self._sockets:
            with contextlib.suppress(OSError, IndexError):
                each = self._sockets.pop()
                with contextlib.closing(each):
                    each.shutdown(socket.SHUT_RDWR)

    def let_through(self, octets: int) -> None:
        """So much of what the server answers from now on; then every connection is cut, and none relayed."""
        with self._hanging_up:  # whoever was cut off knows it before we are done
            self.answered_octets, self._most_octets = 0, octets
            if self._is_deaf:
                self._listener = socket.create_server(("127.0.0.1", self.port))
                self._listen()

    def _hang_up(self) -> None:
        with self._hanging_up:
            self._is_deaf = True
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)  # wakes who waits for somebody to call
            self._listener.close()
            self.cut()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self._may_flow.set()
        self.cut()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            self._taken += 1
            server = socket.create_connection(("127.0.0.1", self._target))
            self._sockets += [client, server]
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._relay, args=(source, target, client), daemon=True).start()

    def _relay(self, source: socket.socket, target: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                self._may_flow.wait()
                if source in self._forgotten:
                    continue
                if target is client and self._drip_seconds:
                    for octet in chunk:
                        time.sleep(self._drip_seconds)
                        target.sendall(bytes([octet]))
                    continue
                if target is client and not self._lets_through(target, chunk):
                    return
                if target is not client:
                    target.sendall(chunk)
            target.shutdown(socket.SHUT_RDWR)

    def _lets_through(self, client: socket.socket, answer: bytes) -> bool:
        """Hand on what may come through of an answer; False, and all cut, where that is not all of it."""
        left = len(answer) if self._most_octets is None else self._most_octets - self.answered_octets
        self.answered_octets += len(answer)
        client.sendall(answer[: max(0, left)])
        if left < len(answer):
            self._hang_up()
            return False
        return True
