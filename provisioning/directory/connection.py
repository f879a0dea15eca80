"""The connection to an LDAP server: the only code that calls ldap3, and the last stop of what goes wrong.

A thread takes a connection for one question and gives it back; there are at most so many, opened when they
are first needed, kept, and reopened once when they turn out dead.
Absence is an empty answer. Everything else that is not an answer raises DirectoryUnavailable (try
later), DirectoryRefused (tell the operators) or DirectoryTruncated (there is more than was given).
"""

from __future__ import annotations

import contextlib
import dataclasses
import ipaddress
import math
import os
import socket
import ssl
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from provisioning.directory import ber, pacing, patience, wire
from provisioning.directory.layout import ConnectionSettings
from provisioning.directory.library import VerifiedTls, ldap3, results
from provisioning.directory.library import exceptions as ldap3_errors
from provisioning.directory.pool import Pool
from provisioning.directory.troubles import Trouble, marked
from provisioning.errors import DirectoryError, DirectoryRefused, DirectoryTruncated, DirectoryUnavailable

T = TypeVar("T")

BASE, ONE_LEVEL, SUBTREE = wire.BASE, wire.ONE_LEVEL, wire.SUBTREE
_MATCHED_VALUES = "1.2.826.0.1.3344810.2.3"
_CUT_SHORT = {
    results.RESULT_SIZE_LIMIT_EXCEEDED,
    results.RESULT_ADMIN_LIMIT_EXCEEDED,
}
_TRY_LATER = {results.RESULT_BUSY, results.RESULT_UNAVAILABLE, results.RESULT_TIME_LIMIT_EXCEEDED}
_REFUSALS = {
    results.RESULT_INVALID_CREDENTIALS: Trouble.CREDENTIALS,
    results.RESULT_INAPPROPRIATE_AUTHENTICATION: Trouble.CREDENTIALS,
    results.RESULT_INSUFFICIENT_ACCESS_RIGHTS: Trouble.NOT_ALLOWED,
    results.RESULT_STRONGER_AUTH_REQUIRED: Trouble.NOT_ALLOWED,
    results.RESULT_CONFIDENTIALITY_REQUIRED: Trouble.NOT_ALLOWED,
    results.RESULT_PROTOCOL_ERROR: Trouble.TLS,  # in practice: StartTLS asked of a server without it
}
# A dead connection shows as one of these; a server that is merely silent as a TimeoutError.
_DEAD = (ldap3_errors.LDAPCommunicationError, OSError)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it came: attribute names folded, values as text."""

    dn: str
    attributes: dict[str, tuple[str, ...]]

    def values(self, name: str) -> tuple[str, ...]:
        return self.attributes.get(name.casefold(), ())

    def first(self, *names: str) -> str | None:
        """The first value of the first of these attributes that has one."""
        for name in names:
            for value in self.values(name):
                if value.strip():
                    return value
        return None


@dataclass(frozen=True, slots=True)
class Found:
    """Entries, and whether there are more than were asked for."""

    entries: list[Entry]
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Only:
    """Of this attribute, only the values that begin so (RFC 3876): spares the other members' values."""

    attribute: str
    beginnings: tuple[str, ...]


class Connections:
    """The connections to one directory, at most `max_connections`. Safe to share between threads."""

    def __init__(
        self,
        settings: ConnectionSettings,
        *,
        reads_only: bool = True,
    ):
        self._settings = settings
        self._reads_only = reads_only
        self._address = _address(settings)
        self._own = threading.local()
        self._pool: Pool[_Kept] = Pool(settings.max_connections)
        self._tls: ssl.SSLContext | None = None
        self._pace: pacing.Pace | None = None
        if settings.background_per_second:
            self._pace = pacing.pace_towards(settings.url, settings.background_per_second, settings.pace_url)

    def search(
        self,
        base_dn: str,
        filter_text: str,
        attributes: Iterable[str],
        *,
        scope: int = SUBTREE,
        only: Only | None = None,
        is_paged: bool = False,
    ) -> list[Entry] | None:
        """All matching entries; None when the base does not exist."""
        pages = self.pages(base_dn, filter_text, attributes, scope=scope, only=only, is_paged=is_paged)
        entries: list[Entry] = []
        for page in pages:
            if page is None:
                return None
            entries += page
        return entries

    def pages(
        self,
        base_dn: str,
        filter_text: str,
        attributes: Iterable[str],
        *,
        scope: int = SUBTREE,
        only: Only | None = None,
        is_paged: bool = True,
    ) -> Iterator[list[Entry] | None]:
        """The same a page at a time, so that a long answer need not be held whole."""
        wish = self._controls(only, attributes)
        request = self._search(base_dn, scope, filter_text, attributes)
        with self._lease():  # a page belongs to the connection that began it
            yield from self._pages(request, wish, is_paged=is_paged)

    def _pages(
        self, request: wire.Search, wish: tuple[wire.Control, ...], *, is_paged: bool
    ) -> Iterator[list[Entry] | None]:
        cookie = b""
        while True:
            page = (wire.paged(self._settings.page_size, cookie),) if is_paged else ()
            request = dataclasses.replace(request, controls=(*wish, *page))
            # No second try in the middle: it would be another connection.
            answer = self._answer(request, may_retry=not cookie)
            if answer is None:
                yield None
                return
            yield _entries(answer)
            cookie = answer.cookie
            if not cookie:
                return

    def search_some(
        self, base_dn: str, filter_text: str, attributes: Iterable[str], *, limit: int
    ) -> Found | None:
        """The first entries, at most `limit`; never an error for there being more."""
        request = self._search(base_dn, SUBTREE, filter_text, attributes, size_limit=limit + 1)
        answer = self._answer(request, may_be_cut=True)
        if answer is None:
            return None
        entries = _entries(answer)
        is_cut = answer.code == results.RESULT_SIZE_LIMIT_EXCEEDED or len(entries) > limit
        return Found(entries[:limit], is_cut)

    def compare(self, dn: str, attribute: str, value: str) -> int:
        """The result code: 6 true, 5 false, 16 no such attribute, 50 not allowed, 32 no such entry."""
        return self._ask(lambda link: wire.compare(*_line(link), dn, attribute, value))

    def modify(self, dn: str, changes: dict[str, list[tuple[str, list[str]]]]) -> None:
        """Change an entry. Only for connections that do not merely read; never tried twice."""
        try:
            self._ask(lambda link: link.modify(dn, changes), may_retry=False)
        except _Answered as answered:
            raise _error(answered.code) from answered.__cause__

    def root_dse(self, *attributes: str) -> Entry:
        """What the server says of itself."""
        found = self.search("", "(objectClass=*)", attributes, scope=BASE)
        return found[0] if found else Entry("", {})

    def close(self) -> None:
        """Close this thread's connection, if it has one, and those that nobody uses now."""
        self._drop()
        self._pool.close_idle()

    def _drop(self) -> None:
        kept: _Kept | None = getattr(self._own, "kept", None)
        self._own.kept = None
        if kept is not None:
            kept.close()

    @contextlib.contextmanager
    def _lease(self) -> Iterator[None]:
        """A connection for this thread, given back at the end. A thread that has one goes on with it.

        Raises DirectoryUnavailable when all are in use for as long as a new one may take, and at once where
        one silence of this directory is enough.
        """
        own = self._own
        with patience.asking(self._settings.url):
            if getattr(own, "depth", 0) == 0:
                own.kept = self._pool.take(self._settings.connect_timeout_seconds)
            own.depth = getattr(own, "depth", 0) + 1
            try:
                yield
            finally:
                own.depth -= 1
                if own.depth == 0:
                    kept, own.kept = own.kept, None
                    self._pool.give_back(kept)

    def _search(
        self,
        base_dn: str,
        scope: int,
        filter_text: str,
        attributes: Iterable[str],
        *,
        size_limit: int = 0,
    ) -> wire.Search:
        seconds = math.ceil(self._settings.receive_timeout_seconds)
        return wire.Search(base_dn, scope, filter_text, tuple(attributes), seconds, size_limit)

    def _answer(
        self, request: wire.Search, *, may_retry: bool = True, may_be_cut: bool = False
    ) -> wire.Answer | None:
        """A search's answer when it is one; None when the base does not exist."""
        answer = self._ask(lambda link: wire.search(*_line(link), request), may_retry=may_retry)
        if answer.is_elsewhere or answer.code == results.RESULT_REFERRAL:
            # Not followed: another server has another account and other rules.
            raise marked(DirectoryTruncated(), Trouble.ELSEWHERE)
        if answer.code == results.RESULT_NO_SUCH_OBJECT:
            return None
        if may_be_cut and answer.code == results.RESULT_SIZE_LIMIT_EXCEEDED:
            return answer
        if answer.code != results.RESULT_SUCCESS:
            # With or without entries: what came before a refusal or a time limit is not all there is.
            raise _error(answer.code)
        return answer

    def _ask(self, operate: Callable[[Any], T], *, may_retry: bool = True) -> T:
        """Run one operation when its time has come, on a new connection where the one at hand is dead."""
        if self._pace is not None:
            self._pace.wait()
        with self._lease():
            return self._try(operate, may_retry=may_retry)

    def _try(self, operate: Callable[[Any], T], *, may_retry: bool) -> T:
        is_new = self._is_unopened()
        try:
            with _translated():
                return operate(self._link())
        except _Answered:
            raise
        except _Dead as dead:
            self.close()  # the idle ones as well: what ended this one has most likely ended them
            if is_new or not may_retry or dead.is_timeout:
                trouble = Trouble.SILENT if dead.is_timeout else Trouble.NO_CONNECTION
                raise marked(DirectoryUnavailable(), trouble) from dead.__cause__
            return self._try(operate, may_retry=False)
        except BaseException:
            # Interrupted half-way, by a time limit of our own perhaps: the rest of the answer would be
            # taken for the next question's.
            self._drop()
            raise

    def _is_unopened(self) -> bool:
        kept: _Kept | None = getattr(self._own, "kept", None)
        return kept is None or not kept.is_ours

    def _link(self) -> Any:
        if self._is_unopened():
            self._own.kept = _Kept(self._open())
        return self._own.kept.link

    def _open(self) -> Any:
        """A connection that is open, protected and bound."""
        settings = self._settings
        link = ldap3.Connection(
            ldap3.Server(
                self._address.host,
                port=self._address.port,
                use_ssl=self._address.is_ldaps,
                get_info=ldap3.NONE,
                connect_timeout=settings.connect_timeout_seconds,
                tls=VerifiedTls(self._tls_context()) if self._is_protected else None,
                # One address refused leaves a socket open in ldap3: the likelier one goes first.
                mode=ldap3.IP_V4_PREFERRED,
            ),
            user=settings.bind_dn or None,
            password=settings.bind_password or None,
            authentication=ldap3.SIMPLE if settings.bind_dn else ldap3.ANONYMOUS,
            client_strategy=ldap3.SAFE_SYNC,
            raise_exceptions=True,
            read_only=self._reads_only,
            auto_referrals=False,
            check_names=False,
            auto_encode=False,
            return_empty_attributes=False,
            # ldap3 takes whole seconds only; sharpened below.
            receive_timeout=math.ceil(settings.receive_timeout_seconds),
        )
        try:
            link.open(read_server_info=False)
            link.socket.settimeout(settings.receive_timeout_seconds)
            if settings.uses_starttls:
                link.start_tls(read_server_info=False)
            with _translated():
                link.bind(read_server_info=False)
        except _Answered as answered:
            # Never to be mistaken for the answer to the question that made us connect.
            _abandon(link)
            raise _error(answered.code) from answered.__cause__
        except BaseException:
            _abandon(link)
            raise
        return link

    @property
    def _is_protected(self) -> bool:
        return self._address.is_ldaps or self._settings.uses_starttls

    def _tls_context(self) -> ssl.SSLContext:
        if self._tls is None:
            try:
                self._tls = ssl.create_default_context(cafile=self._settings.ca_file or None)
            except OSError as exc:
                raise marked(DirectoryRefused(), Trouble.CERTIFICATE) from exc
        return self._tls

    def _controls(self, only: Only | None, attributes: Iterable[str]) -> tuple[wire.Control, ...]:
        if only is None or not self._settings.uses_matched_values:
            return ()
        folded = only.attribute.casefold()
        whole = [ber.text(name, 0x87) for name in attributes if name.casefold() != folded]
        pieces = [
            ber.tlv(
                0xA4,
                ber.text(only.attribute),
                ber.tlv(ber.SEQUENCE, ber.text(beginning, 0x80)),
            )
            for beginning in only.beginnings
        ]
        # A server that does not know it sends all values, and we choose among them.
        return (wire.Control(_MATCHED_VALUES, ber.tlv(ber.SEQUENCE, *whole, *pieces)),)


class _Kept:
    """An open connection, used by one thread at a time; never by a forked child."""

    def __init__(self, link: Any):
        self.link = link
        self._process_id = os.getpid()
        # Not `__del__`: garbage with a circle in it is finalised in any order, the socket perhaps before us.
        self._closing = weakref.finalize(self, _let_go, link, self._process_id)
        self._closing.atexit = False

    @property
    def is_ours(self) -> bool:
        return self._process_id == os.getpid()

    def close(self) -> None:
        """Also done when nobody holds this any more; a second time does nothing."""
        self._closing()


@dataclass(frozen=True, slots=True)
class _Address:
    host: str
    port: int
    is_ldaps: bool


def _address(settings: ConnectionSettings) -> _Address:
    """Raises DirectoryRefused for what is no LDAP address, or would send the password in the clear."""
    parts = urlsplit(settings.url)
    try:
        port = parts.port
    except ValueError:
        raise marked(DirectoryRefused(), Trouble.ADDRESS) from None
    if parts.scheme not in ("ldap", "ldaps") or not parts.hostname:
        raise marked(DirectoryRefused(), Trouble.ADDRESS)
    is_ldaps = parts.scheme == "ldaps"
    if not is_ldaps and not settings.uses_starttls and not _is_loopback(parts.hostname):
        raise marked(DirectoryRefused(), Trouble.UNPROTECTED)
    return _Address(parts.hostname, port or (636 if is_ldaps else 389), is_ldaps)


def _is_ip(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_ip(host) and ipaddress.ip_address(host).is_loopback)


class _Dead(Exception):
    """The connection is of no use any more."""

    def __init__(self, *, is_timeout: bool):
        super().__init__()
        self.is_timeout = is_timeout


class _Answered(Exception):
    """The server answered ldap3 with a result code other than success."""

    def __init__(self, error: Any):
        super().__init__()
        self.code = int(error.result)


def _error(code: int) -> DirectoryError:
    """What a result code other than success means to a caller."""
    if code in _CUT_SHORT:
        return marked(DirectoryTruncated(), Trouble.CUT_SHORT)
    if code in _TRY_LATER:
        return marked(DirectoryUnavailable(), Trouble.BUSY)
    return marked(DirectoryRefused(), _REFUSALS.get(code, Trouble.OTHER))


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    """Turn ldap3's many exceptions into the few that say what the caller may do."""
    try:
        yield
    except ldap3_errors.LDAPOperationResult as error:
        raise _Answered(error) from error
    except (ldap3_errors.LDAPException, OSError) as error:
        if "CERTIFICATE" in str(error).upper():
            raise marked(DirectoryRefused(), Trouble.CERTIFICATE) from error
        if isinstance(error, _DEAD):
            raise _Dead(is_timeout=isinstance(error, TimeoutError)) from error
        raise marked(DirectoryRefused(), Trouble.OTHER) from error
    except (LookupError, ValueError, TypeError) as error:
        # Bytes that are no LDAP answer: something else listens there, or it is broken.
        raise marked(DirectoryRefused(), Trouble.OTHER) from error


def _let_go(link: Any, process_id: int) -> None:
    if process_id == os.getpid():
        _abandon(link)
    elif link.socket is not None:
        # The parent still talks over it: let go of our end without saying goodbye.
        link.socket.close()


def _abandon(link: Any) -> None:
    """Close without ceremony, also what never got as far as being open."""
    with contextlib.suppress(OSError, ldap3_errors.LDAPException):
        link.strategy.close()
    if link.socket is not None:
        link.socket.close()


def _line(link: Any) -> tuple[socket.socket, int]:
    """The open socket and the next message's number. Raises OSError when ldap3 has closed it."""
    if link.closed or link.socket is None:
        raise ConnectionResetError("closed")
    return link.socket, link.server.next_message_id()


def _entries(answer: wire.Answer) -> list[Entry]:
    return [Entry(dn, attributes) for dn, attributes in answer.entries]
