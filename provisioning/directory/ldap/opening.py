"""Opening a connection: which address, how it is protected, which account it binds as; and letting go of one.

`DIRECTORY_URL` may name several servers of one directory, with commas between them. The one that answered
last is asked first; the others follow in their order.
"""

from __future__ import annotations

import contextlib
import ipaddress
import math
import os
import ssl
import time
import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from provisioning.directory.layout import ConnectionSettings
from provisioning.directory.ldap.library import Connection, VerifiedTls, ldap3, results
from provisioning.directory.ldap.library import exceptions as ldap3_errors
from provisioning.directory.ldap.outcomes import Answered, Dead, error_of, require_success, translated
from provisioning.directory.ldap.troubles import Trouble, marked, trouble_of
from provisioning.errors import DirectoryError, DirectoryRefused, DirectoryUnavailable

# Of one of several servers only: the next one may be in order.
_TROUBLES_OF_ONE = frozenset(
    {Trouble.NO_CONNECTION, Trouble.SILENT, Trouble.BUSY, Trouble.CERTIFICATE, Trouble.CLIENT_CERTIFICATE}
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where one server listens."""

    url: str
    host: str
    port: int
    is_ldaps: bool


def addresses(settings: ConnectionSettings) -> tuple[Address, ...]:
    """Raises DirectoryRefused for what is no LDAP address, or would send the password in the clear."""
    urls = [url.strip() for url in settings.url.split(",") if url.strip()]
    if not urls:
        raise marked(DirectoryRefused(), Trouble.ADDRESS)
    return tuple(_address(url, settings) for url in urls)


def _address(url: str, settings: ConnectionSettings) -> Address:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        raise marked(DirectoryRefused(), Trouble.ADDRESS) from None
    if parts.scheme not in ("ldap", "ldaps") or not parts.hostname:
        raise marked(DirectoryRefused(), Trouble.ADDRESS)
    is_ldaps = parts.scheme == "ldaps"
    if not is_ldaps and not settings.uses_starttls and not _is_loopback(parts.hostname):
        raise marked(DirectoryRefused(), Trouble.UNPROTECTED)
    return Address(url, parts.hostname, port or (636 if is_ldaps else 389), is_ldaps)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_ip(host) and ipaddress.ip_address(host).is_loopback)


class Opener:
    """Opens connections to one directory. Shared by all threads."""

    def __init__(self, settings: ConnectionSettings, *, reads_only: bool):
        self._settings = settings
        self._reads_only = reads_only
        self._addresses = addresses(settings)
        self._first = 0  # the address that is tried first
        self._tls: ssl.SSLContext | None = None

    @property
    def count(self) -> int:
        """How many addresses there are."""
        return len(self._addresses)

    @property
    def url(self) -> str:
        """The address that answered last, or is asked first."""
        return self._addresses[self._first].url

    def pass_over(self, link: Any) -> None:
        """This connection's server has fallen silent: another one is asked first from now on."""
        if self._addresses[self._first].url == link.url:
            self._first = (self._first + 1) % self.count

    def open(self, until: float) -> Any:
        """A connection that is open, protected and bound. Raises Dead or DirectoryError.

        `until`: the moment (monotonic) at which the question has to be answered.
        """
        order = [(self._first + step) % self.count for step in range(self.count)]
        for number in order[:-1]:
            soon = min(until, time.monotonic() + self._settings.connect_timeout_seconds)
            with contextlib.suppress(_NextPlease):
                return self._opened(number, soon, is_last=False)
        return self._opened(order[-1], until, is_last=True)

    def _opened(self, number: int, until: float, *, is_last: bool) -> Any:
        try:
            with translated():
                link = self._bound(self._addresses[number], until)
        except Answered as answered:
            # Never to be mistaken for the answer to the question that made us connect.
            error = _error_of_bind(answered.code)
            if not is_last and trouble_of(error) in _TROUBLES_OF_ONE:
                raise _NextPlease from answered
            raise error from answered.__cause__
        except Dead as dead:
            if not is_last:
                raise _NextPlease from dead
            raise
        except (DirectoryRefused, DirectoryUnavailable) as error:
            if not is_last and trouble_of(error) in _TROUBLES_OF_ONE:
                raise _NextPlease from error
            raise
        self._first = number
        return link

    def _bound(self, address: Address, until: float) -> Any:
        settings = self._settings
        if settings.bind_dn and not settings.bind_password.strip():
            # A server may take it for an anonymous log-in and tell us nothing. Source: RFC 4513 5.1.2.
            raise marked(DirectoryRefused(), Trouble.BLANK_SECRET)
        link = Connection(
            ldap3.Server(
                address.host,
                port=address.port,
                use_ssl=address.is_ldaps,
                get_info=ldap3.NONE,
                connect_timeout=max(0.01, min(settings.connect_timeout_seconds, until - time.monotonic())),
                tls=self._tls_for(address),
                # One address refused leaves a socket open in ldap3: the likelier one goes first.
                mode=ldap3.IP_V4_PREFERRED,
            ),
            user=settings.bind_dn or None,
            password=settings.bind_password or None,
            authentication=ldap3.SIMPLE if settings.bind_dn else ldap3.ANONYMOUS,
            raise_exceptions=True,
            read_only=self._reads_only,
            auto_referrals=False,
            check_names=False,
            auto_encode=False,
            auto_escape=False,  # filters.py has done it
            auto_range=False,
            return_empty_attributes=False,
            # ldap3 takes whole seconds only; sharpened by `answer_by`.
            receive_timeout=math.ceil(settings.receive_timeout_seconds),
        )
        link.url = address.url
        try:
            link.open(read_server_info=False)
            link.answer_by(min(until, time.monotonic() + settings.receive_timeout_seconds))
            if settings.uses_starttls:
                link.start_tls(read_server_info=False)
            with _told_of_certificate() if self._is_protected(address) else contextlib.nullcontext():
                require_success(link.bind(read_server_info=False))
        except BaseException:
            abandon(link)
            raise
        return link

    def _is_protected(self, address: Address) -> bool:
        return address.is_ldaps or self._settings.uses_starttls

    def _tls_for(self, address: Address) -> VerifiedTls | None:
        return VerifiedTls(self._tls_context()) if self._is_protected(address) else None

    def _tls_context(self) -> ssl.SSLContext:
        settings = self._settings
        if self._tls is None:
            try:
                context = ssl.create_default_context(cafile=settings.ca_file or None)
            except OSError as exc:
                raise marked(DirectoryRefused(), Trouble.CERTIFICATE) from exc
            if settings.cert_file:
                try:
                    # Never ask at the terminal for a key's password.
                    context.load_cert_chain(settings.cert_file, settings.key_file or None, password="")
                except (OSError, ValueError) as exc:
                    raise marked(DirectoryRefused(), Trouble.OWN_CERTIFICATE) from exc
            self._tls = context
        return self._tls


class _NextPlease(Exception):
    """This address does not answer, and there is another one."""


def _error_of_bind(code: int) -> DirectoryError:
    if code == results.RESULT_INVALID_DN_SYNTAX:
        return marked(DirectoryRefused(), Trouble.BIND_NAME)
    return error_of(code)


@contextlib.contextmanager
def _told_of_certificate() -> Iterator[None]:
    """A server that ends TLS instead of answering the log-in wants a certificate of ours, as a rule.

    In TLS 1.3 our side has finished its handshake before the server looks: some say then what they miss, and
    others just hang up. So does a balancer with nobody behind it, hence "unavailable" and not "refused".
    """
    try:
        with translated():
            yield
    except Dead as dead:
        if dead.is_timeout:
            raise
        raise marked(DirectoryUnavailable(), Trouble.CLIENT_CERTIFICATE) from dead.__cause__


class OpenLink:
    """An open connection, used by one thread at a time; never by a forked child."""

    def __init__(self, link: Any):
        self.link = link
        self._process_id = os.getpid()
        self._used_at = time.monotonic()
        # Not `__del__`: garbage with a circle in it is finalised in any order, the socket perhaps before us.
        self._closing = weakref.finalize(self, _let_go, link, self._process_id)
        self._closing.atexit = False

    @property
    def is_ours(self) -> bool:
        return self._process_id == os.getpid()

    @property
    def rested_seconds(self) -> float:
        """How long ago it was last known to work."""
        return time.monotonic() - self._used_at

    def rest(self) -> None:
        """It has answered, and nobody uses it now."""
        self._used_at = time.monotonic()

    def close(self) -> None:
        """Also done when nobody holds this any more; a second time does nothing."""
        self._closing()


def _let_go(link: Any, process_id: int) -> None:
    if process_id == os.getpid():
        abandon(link)
    elif link.socket is not None:
        # The parent still talks over it: let go of our end without saying goodbye.
        link.socket.close()


def abandon(link: Any) -> None:
    """Close without ceremony, also what never got as far as being open."""
    with contextlib.suppress(OSError, ldap3_errors.LDAPException):
        link.strategy.close()
    if link.socket is not None:
        link.socket.close()
