"""The connection to an LDAP server: the only code that calls ldap3, and where its errors are translated.

A thread takes a connection for one question and gives it back; there are at most so many, opened when they
are first needed, kept, and reopened once when they turn out dead.
Absence is an empty answer. Everything else that is not an answer raises DirectoryUnavailable (try
later), DirectoryRefused (tell the operators) or DirectoryTruncated (there is more than was given).
"""

from __future__ import annotations

import contextlib
import math
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypedDict, TypeVar, Unpack

from provisioning import measures
from provisioning.directory.layout import ConnectionSettings
from provisioning.directory.ldap import filters, one_silence, pacing
from provisioning.directory.ldap.library import encoded_filters, ldap3, results
from provisioning.directory.ldap.opening import Opener, OpenLink
from provisioning.directory.ldap.outcomes import Answered, Dead, error_of, require_success, translated
from provisioning.directory.ldap.pool import Pool
from provisioning.directory.ldap.troubles import Trouble, marked
from provisioning.errors import DirectoryRefused, DirectoryTruncated, DirectoryUnavailable

T = TypeVar("T")

BASE, ONE_LEVEL, SUBTREE = str(ldap3.BASE), str(ldap3.LEVEL), str(ldap3.SUBTREE)
_MATCHED_VALUES = "1.2.826.0.1.3344810.2.3"
_PAGED_RESULTS = "1.2.840.113556.1.4.319"
# A part of a long attribute: from where to where, `*` where it is the last one ([MS-ADTS] 3.1.1.3.1.3.3).
_RANGE = re.compile(r"range=(\d+)-(\d+|\*)", re.ASCII | re.IGNORECASE)
_MAX_PARTS = 1000  # of one attribute: a server that never comes to the last one is not followed for ever
# A connection that answered so lately has not been forgotten by a firewall: its silence is the server's.
_FRESH_SECONDS = 1.0
# A server may send empty pages on the way (RFC 2696); one that sends nothing new so often never ends.
_MOST_PAGES_WITHOUT_NEWS = 10


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it came: attribute names folded, values as text.

    `partial`: attributes (folded) of which only a part came, or under an option that we do not know.
    `illegible`: attributes (folded) with a value whose bytes are no text.
    """

    dn: str
    attributes: dict[str, tuple[str, ...]]
    partial: frozenset[str] = frozenset()
    illegible: frozenset[str] = frozenset()

    def values(self, name: str) -> tuple[str, ...]:
        """Raises DirectoryTruncated where what came is not all there is: a part is not the whole."""
        folded = name.casefold()
        if folded in self.partial:
            raise marked(DirectoryTruncated(), Trouble.CUT_SHORT)
        return self.attributes.get(folded, ())

    def has(self, name: str) -> bool:
        """Say whether it has a value of this attribute, be it all of them or not."""
        return name.casefold() in self.attributes

    def is_whole(self, name: str) -> bool:
        """Say whether all values of this attribute came."""
        return name.casefold() not in self.partial

    def is_legible(self, name: str) -> bool:
        """Say whether the bytes of all its values are text."""
        return name.casefold() not in self.illegible

    def with_values(self, name: str, values: tuple[str, ...]) -> Entry:
        """The same entry with these values of one attribute."""
        return replace(self, attributes=self.attributes | {name.casefold(): values})

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


_Question = dict[str, Any]  # a search, in the words of ldap3
_Control = tuple[str, bool, bytes]


@dataclass(frozen=True, slots=True)
class _Part:
    """Which part of a long attribute came: from which value, and where the rest begins, if there is any."""

    begin: int
    next: int | None


@dataclass(frozen=True, slots=True)
class _Received:
    """An entry as one answer had it, and which of its attributes came in part."""

    entry: Entry
    parts: dict[str, _Part]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of a search: result code, entries, and where to go on."""

    code: int
    entries: list[_Received]
    is_elsewhere: bool  # the server refers to another
    cookie: bytes


@dataclass(frozen=True, slots=True)
class Only:
    """Of this attribute, only the values that begin so (RFC 3876): spares the other members' values."""

    attribute: str
    beginnings: tuple[str, ...]


class _Bounds(TypedDict, total=False):
    """What a search may be bounded by: how deep below its base, and which entries of one branch."""

    scope: str
    only: Only | None


class Connections:
    """The connections to one directory, at most `max_connections`. Safe to share between threads."""

    def __init__(
        self,
        settings: ConnectionSettings,
        *,
        reads_only: bool = True,
    ):
        self._settings = settings
        self._opener = Opener(settings, reads_only=reads_only)
        self._own = threading.local()
        self._pool: Pool[OpenLink] = Pool(settings.max_connections)
        self._pace: pacing.Pace | None = None
        if settings.background_per_second:
            self._pace = pacing.pace_towards(settings.url, settings.background_per_second, settings.pace_url)

    def search(
        self,
        base_dn: str,
        filter_text: str,
        attributes: Iterable[str],
        *,
        is_paged: bool = False,
        **bounds: Unpack[_Bounds],
    ) -> list[Entry] | None:
        """All matching entries; None when the base does not exist."""
        pages = self.pages(base_dn, filter_text, attributes, is_paged=is_paged, **bounds)
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
        is_paged: bool = True,
        **bounds: Unpack[_Bounds],
    ) -> Iterator[list[Entry] | None]:
        """The same a page at a time, so that a long answer need not be held whole."""
        question = self._question(base_dn, bounds.get("scope", SUBTREE), filter_text, attributes)
        question["controls"] = self._controls(bounds.get("only"), attributes)
        if is_paged:
            question["paged_size"] = self._settings.page_size
        with self._lease():  # a page belongs to the connection that began it
            yield from self._pages(question)

    def _pages(self, question: _Question) -> Iterator[list[Entry] | None]:
        cookie = b""
        seen: set[int] = set()
        without_news = 0
        while True:
            # No second try in the middle: it would be another connection.
            answer = self._answer({**question, "paged_cookie": cookie}, may_retry=not cookie)
            if answer is None:
                yield None
                return
            yield [self._whole(entry) for entry in answer.entries]
            cookie = answer.cookie
            if not cookie:
                return
            # Not by the cookie alone: there are servers that give every page of a search the same.
            new = {hash(received.entry.dn) for received in answer.entries} - seen
            without_news = 0 if new else without_news + 1
            if without_news >= _MOST_PAGES_WITHOUT_NEWS:
                self._drop()
                raise marked(DirectoryRefused(), Trouble.OTHER)
            seen |= new

    def _whole(self, received: _Received) -> Entry:
        """The entry with the rest of its long attributes. What the server keeps to itself stays partial."""
        entry = received.entry
        for name, part in received.parts.items():
            values: tuple[str, ...] | None = entry.attributes.get(name, ())
            if part.begin != 0 or name in entry.partial:
                values = None
            elif values is not None and part.next is not None:
                rest = self._rest(entry.dn, name, part.next)
                values = None if rest is None else values + rest
            if values is None:
                entry = replace(entry, partial=entry.partial | {name})
            else:
                entry = entry.with_values(name, values)
        return entry

    def _rest(self, dn: str, name: str, begin: int | None) -> tuple[str, ...] | None:
        """The attribute's values from this one on; None where the server does not give all of them."""
        values: tuple[str, ...] = ()
        for _part in range(_MAX_PARTS):
            if begin is None:
                return values
            question = self._question(dn, BASE, "(objectClass=*)", [f"{name};range={begin}-*"])
            # No second try: it would be another connection, and the page that this is part of is lost.
            answer = self._answer(question, may_retry=False)
            received = answer.entries[0] if answer is not None and len(answer.entries) == 1 else None
            part = received.parts.get(name) if received is not None else None
            if received is None or part is None or part.begin != begin or name in received.entry.partial:
                return None
            values += received.entry.attributes.get(name, ())
            begin = part.next
        return None

    def search_some(
        self, base_dn: str, filter_text: str, attributes: Iterable[str], *, limit: int
    ) -> Found | None:
        """The first entries, at most `limit`; never an error for there being more."""
        question = self._question(base_dn, SUBTREE, filter_text, attributes)
        answer = self._answer({**question, "size_limit": limit + 1}, may_be_cut=True)
        if answer is None:
            return None
        is_cut = answer.code == results.RESULT_SIZE_LIMIT_EXCEEDED or len(answer.entries) > limit
        return Found([self._whole(entry) for entry in answer.entries[:limit]], is_cut)

    def compare(self, dn: str, attribute: str, value: str) -> int:
        """The result code: 6 true, 5 false, 16 no such attribute, 50 not allowed, 32 no such entry."""
        try:
            return self._ask(lambda link: _compared(link, dn, attribute, value))
        except Answered as answered:
            return answered.code

    def modify(self, dn: str, changes: dict[str, list[tuple[str, list[str]]]]) -> None:
        """Change an entry. Only for connections that do not merely read; never tried twice."""
        try:
            self._ask(lambda link: require_success(link.modify(dn, changes)), may_retry=False)
        except Answered as answered:
            raise error_of(answered.code) from answered.__cause__

    @property
    def url(self) -> str:
        """The address that answered last."""
        return self._opener.url

    @property
    def has_several_addresses(self) -> bool:
        return self._opener.count > 1

    def root_dse(self, *attributes: str) -> Entry:
        """What the server says of itself."""
        found = self.search("", "(objectClass=*)", attributes, scope=BASE)
        return found[0] if found else Entry("", {})

    def close(self) -> None:
        """Close this thread's connection, if it has one, and those that nobody uses now."""
        self._drop()
        self._pool.close_idle()

    def _drop(self) -> None:
        kept: OpenLink | None = getattr(self._own, "kept", None)
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
        with one_silence.asking(self._settings.url):
            if getattr(own, "depth", 0) == 0:
                own.kept = self._rested(self._pool.take(self._settings.connect_timeout_seconds))
            own.depth = getattr(own, "depth", 0) + 1
            try:
                yield
            finally:
                own.depth -= 1
                if own.depth == 0:
                    kept, own.kept = own.kept, None
                    if kept is not None:
                        kept.rest()
                    self._pool.give_back(kept)

    def _rested(self, kept: OpenLink | None) -> OpenLink | None:
        """The connection, unless it has rested so long that a firewall may have forgotten it."""
        if kept is None or kept.rested_seconds < self._settings.idle_seconds:
            return kept
        kept.close()
        self._pool.close_idle()  # they have rested longer
        return None

    def _question(self, base_dn: str, scope: str, filter_text: str, attributes: Iterable[str]) -> _Question:
        return {
            "search_base": base_dn,
            "search_filter": filter_text,
            "search_scope": scope,
            "attributes": list(attributes),
            "time_limit": math.ceil(self._settings.receive_timeout_seconds),
        }

    def _answer(
        self, question: _Question, *, may_retry: bool = True, may_be_cut: bool = False
    ) -> _Answer | None:
        """A search's answer when it is one; None when the base does not exist."""
        try:
            answer = self._ask(lambda link: _found(link, question), may_retry=may_retry)
        except Answered as answered:
            if answered.code == results.RESULT_NO_SUCH_OBJECT:
                return None
            raise error_of(answered.code) from answered.__cause__
        if answer.is_elsewhere:
            # Not followed: another server has another account and other rules.
            raise marked(DirectoryTruncated(), Trouble.ELSEWHERE)
        if may_be_cut and answer.code == results.RESULT_SIZE_LIMIT_EXCEEDED:
            return answer
        if answer.code != results.RESULT_SUCCESS:
            # ldap3 raises for most codes, but not for a size or time limit: what came before is not all.
            raise error_of(answer.code)
        return answer

    def _ask(self, operate: Callable[[Any], T], *, may_retry: bool = True) -> T:
        """Run one operation when its time has come, on a new connection where the one at hand is dead."""
        if self._pace is not None:
            self._pace.wait()
        with measures.question_to_the_directory(), self._lease():
            return self._try(operate, may_retry=may_retry)

    def _try(self, operate: Callable[[Any], T], *, may_retry: bool, until: float | None = None) -> T:
        """One deadline for the question, new tries and other addresses included, whatever arrives."""
        settings = self._settings
        if until is None:
            seconds = settings.connect_timeout_seconds + settings.receive_timeout_seconds
            until = time.monotonic() + seconds * self._opener.count
        is_new = self._is_unopened()
        may_be_forgotten = not is_new and may_retry and self._own.kept.rested_seconds >= _FRESH_SECONDS
        try:
            with translated():
                link = self._link(until)
                seconds = min(settings.receive_timeout_seconds, until - time.monotonic())
                link.answer_by(
                    time.monotonic() + seconds, begin_seconds=seconds / 2 if may_be_forgotten else 0
                )
                return operate(link)
        except Answered:
            raise
        except Dead as dead:
            if self._may_try_again(dead, is_new, may_be_forgotten) and may_retry:
                self.close()  # the idle ones as well: what ended this one has most likely ended them
                return self._try(operate, may_retry=False, until=until)
            self.close()
            raise marked(DirectoryUnavailable(), dead.trouble) from dead.__cause__
        except BaseException:
            # Interrupted half-way, by a time limit of our own perhaps: the rest of the answer would be
            # taken for the next question's.
            self._drop()
            raise

    def _may_try_again(self, dead: Dead, is_new: bool, may_be_forgotten: bool) -> bool:
        """A dead connection once more on a new one; a silent server only where another one may answer."""
        if not dead.is_timeout:
            return not is_new
        kept: OpenLink | None = getattr(self._own, "kept", None)
        if may_be_forgotten:
            return True
        if kept is None or self._opener.count == 1:
            return False
        self._opener.pass_over(kept.link)
        return True

    def _is_unopened(self) -> bool:
        kept: OpenLink | None = getattr(self._own, "kept", None)
        return kept is None or not kept.is_ours

    def _link(self, until: float) -> Any:
        if self._is_unopened():
            self._own.kept = OpenLink(self._opener.open(until))
        return self._own.kept.link

    def _controls(self, only: Only | None, attributes: Iterable[str]) -> list[_Control]:
        if only is None or not self._settings.uses_matched_values:
            return []
        folded = only.attribute.casefold()
        whole = [filters.present(name) for name in attributes if name.casefold() != folded]
        pieces = [filters.begins(only.attribute, beginning) for beginning in only.beginnings]
        # Not critical: a server that does not know it sends all values, and we choose among them.
        return [(_MATCHED_VALUES, False, encoded_filters([*whole, *pieces]))]


def _found(link: Any, question: _Question) -> _Answer:
    """Search, and read what ldap3 hands back. Raises ValueError for an answer to something else."""
    _, result, response, _ = link.search(**question)
    if result["type"] != "searchResDone":
        raise ValueError("not the end of a search")
    kinds = {each["type"] for each in response}
    page = result.get("controls", {}).get(_PAGED_RESULTS)
    return _Answer(
        result["result"],
        [_entry(each) for each in response if each["type"] == "searchResEntry"],
        "searchResRef" in kinds or result["result"] == results.RESULT_REFERRAL,
        page["value"]["cookie"] if page else b"",
    )


def _entry(found: dict[str, Any]) -> _Received:
    """From the bytes: ldap3's own text leaves out empty values and guesses at encodings."""
    attributes: dict[str, tuple[str, ...]] = {}
    unknown: set[str] = set()
    illegible: set[str] = set()
    parts: dict[str, _Part] = {}
    for name, values in found["raw_attributes"].items():
        if not values:
            continue
        plain, _, options = name.casefold().partition(";")
        attributes[plain] = attributes.get(plain, ()) + tuple(map(_text, values))
        if not all(map(_is_text, values)):
            illegible.add(plain)
        part = _RANGE.fullmatch(options)
        if part is not None:
            begin, end = int(part[1]), None if part[2] == "*" else int(part[2])
            # A part that ends before it begins leads nowhere.
            parts[plain] = _Part(
                begin if end is None or end >= begin else -1, None if end is None else end + 1
            )
        elif not all(option.startswith("lang-") for option in options.split(";") if option):
            unknown.add(plain)  # `cn;lang-sv` is a cn as good as any; of other options we do not know
    dn = found["dn"].replace("\0", "\\00")  # the same name, as RFC 4514 writes it
    return _Received(Entry(dn, attributes, frozenset(unknown), frozenset(illegible)), parts)


def _is_text(value: bytes) -> bool:
    """A value of several parts, as a coupling or a role, is judged part by part: it counts as text.

    What stands for the undecodable part in it is a sign that no right value has.
    """
    try:
        value.decode()
    except UnicodeDecodeError:
        return b";" in value
    return True


def _text(value: bytes) -> str:
    """No table holds a NUL. What stands for it is no blank: the value must not look like a right one."""
    return str(value, "utf-8", "replace").replace("\0", "\ufffd")


def _compared(link: Any, dn: str, attribute: str, value: str) -> int:
    _, result, _, _ = link.compare(dn, attribute, value)
    if result["type"] != "compareResponse":
        raise ValueError("not the end of a comparison")
    return int(result["result"])
