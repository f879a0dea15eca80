"""The entries of the mock directory: kept in memory, indexed on first use, changed under a lock.

Schema is not enforced: an arbitrary LDIF loads. Entries above those in the file are implied.
"""

from __future__ import annotations

import bisect
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from provisioning.demo.directory import matching
from provisioning.demo.directory.filters import Filter, FilterKind, matches
from provisioning.demo.directory.ldif import Record
from provisioning.rules import names

BASE, ONE_LEVEL, SUBTREE = 0, 1, 2

Hidden = Callable[[names.Key], frozenset[str]]  # an entry's attributes that the asker may not read


class Failed(Exception):
    """The operation ends with an LDAP result code other than success."""

    def __init__(self, code: int, text: str = ""):
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(eq=False, slots=True)
class StoredEntry:
    """One entry: its name, its attributes as written, and their values in comparable form."""

    dn: str
    key: names.Key
    attributes: dict[str, tuple[str, list[bytes]]] = field(default_factory=dict)  # plain name → as written
    normalised: dict[str, list[str]] = field(default_factory=dict)

    def set_values(self, name: str, values: list[bytes]) -> None:
        plain = matching.plain_name(name)
        if not values:
            self.attributes.pop(plain, None)
            self.normalised.pop(plain, None)
            return
        written = self.attributes[plain][0] if plain in self.attributes else name
        self.attributes[plain] = (written, values)
        self.normalised[plain] = [matching.normalise(plain, value) for value in values]

    def values(self, plain: str) -> list[bytes]:
        return self.attributes[plain][1] if plain in self.attributes else []

    def copy(self) -> StoredEntry:
        """Another entry alike. The lists of values are shared: a change puts a new one in their place."""
        return StoredEntry(self.dn, self.key, dict(self.attributes), dict(self.normalised))

    def record(self) -> Record:
        return self.dn, [(name, value) for name, values in self.attributes.values() for value in values]


class Store:
    """All entries. Reading is safe beside a change: every public method holds the lock."""

    def __init__(self, records: Iterable[Record]):
        self._lock = threading.RLock()
        self._entries: dict[names.Key, StoredEntry] = {}
        self._children: dict[names.Key, dict[names.Key, StoredEntry]] = {}
        self._equal: dict[str, dict[str, dict[names.Key, StoredEntry]]] = {}
        self._sorted: dict[str, list[tuple[str, names.Key]]] = {}
        for dn, pairs in records:
            self.add(dn, pairs)

    def __len__(self) -> int:
        return len(self._entries)

    def copy(self) -> Store:
        """Another store with the same entries, far sooner than from their text."""
        made = Store(())
        with self._lock:
            for key, entry in self._entries.items():
                made._entries[key] = made._children.setdefault(key[1:], {})[key] = entry.copy()
        return made

    def suffixes(self) -> list[str]:
        """The tops of the trees, as the root DSE's namingContexts."""
        with self._lock:
            tops: dict[names.Key, str] = {}
            for entry in self._entries.values():
                top = names.split(entry.dn)[-1:]
                tops.setdefault(entry.key[-1:], top[0] if top else "")
            return list(tops.values())

    def get(self, dn: str) -> StoredEntry | None:
        with self._lock:
            return self._entries.get(names.key(dn))

    def search(self, base_dn: str, scope: int, wanted: Filter, hidden: Hidden) -> list[StoredEntry]:
        """The matching entries in the order they were loaded. Raises Failed(32) for an unknown base."""
        with self._lock:
            base = names.key(base_dn)
            if not self._exists(base):
                raise Failed(32, "no such object")
            return [
                entry
                for entry in self._candidates(base, scope, wanted)
                if _in_scope(entry.key, base, scope) and matches(wanted, entry.normalised, hidden(entry.key))
            ]

    def referrals(self, base_dn: str, scope: int) -> list[StoredEntry]:
        """Referral entries in scope: they answer every search, whatever its filter (RFC 3296)."""
        base = names.key(base_dn)
        with self._lock:
            held = self._equality_index("objectclass").get("referral", {})
            return [entry for entry in held.values() if _in_scope(entry.key, base, scope)]

    def referral_above(self, dn: str) -> StoredEntry | None:
        """The referral at or above this name, if the name is served elsewhere."""
        wanted = names.key(dn)
        with self._lock:
            held = self._equality_index("objectclass").get("referral", {})
            return next((entry for entry in held.values() if names.is_within(wanted, entry.key)), None)

    def records(self) -> list[Record]:
        with self._lock:
            return [entry.record() for entry in self._entries.values()]

    def add(self, dn: str, pairs: Iterable[tuple[str, bytes]]) -> None:
        """A new entry. Raises Failed(68) when one has the name."""
        key = names.key(dn)
        with self._lock:
            if key in self._entries:
                raise Failed(68, f"entry already exists: {dn}")
            entry = StoredEntry(dn, key)
            grouped: dict[str, list[bytes]] = {}
            for name, value in pairs:
                grouped.setdefault(name, []).append(value)
            for name, values in grouped.items():
                entry.set_values(name, entry.values(matching.plain_name(name)) + values)
            entry.normalised["entrydn"] = [",".join(key)]
            self._entries[key] = entry
            self._children.setdefault(key[1:], {})[key] = entry
            self._forget_indexes(entry.normalised)

    def delete(self, dn: str) -> None:
        """Raises Failed(32) for no entry, Failed(66) when something stands below it."""
        key = names.key(dn)
        with self._lock:
            if key not in self._entries:
                raise Failed(32, "no such object")
            if self._children.get(key):
                raise Failed(66, "entries stand below")
            entry = self._entries.pop(key)
            del self._children[key[1:]][key]
            self._forget_indexes(entry.normalised)

    def modify(self, dn: str, changes: list[tuple[int, str, list[bytes]]]) -> None:
        """All changes or none: (0 add, 1 delete, 2 replace; attribute; values)."""
        with self._lock:
            entry = self._entries.get(names.key(dn))
            if entry is None:
                raise Failed(32, "no such object")
            outcome: dict[str, tuple[str, list[bytes]]] = {}
            for operation, name, values in changes:
                plain = matching.plain_name(name)
                current = outcome[plain][1] if plain in outcome else entry.values(plain)
                outcome[plain] = (name, _changed(operation, plain, current, values))
            for name, values in outcome.values():
                entry.set_values(name, values)
            self._forget_indexes(outcome)

    def compare(self, dn: str, attribute: str, value: bytes, hidden: Hidden) -> bool:
        """Raises Failed: 32 no entry, 50 not readable, 16 no such attribute (in slapd's order)."""
        plain = matching.plain_name(attribute)
        with self._lock:
            entry = self._entries.get(names.key(dn))
            if entry is None:
                raise Failed(32, "no such object")
            if plain in hidden(entry.key):
                raise Failed(50, "insufficient access rights")
            if plain not in entry.normalised:
                raise Failed(16, "no such attribute")
            return matching.normalise(plain, value) in entry.normalised[plain]

    def _exists(self, key: names.Key) -> bool:
        if not key or key in self._entries or key in self._children:
            return True
        return any(names.is_within(entry_key, key) for entry_key in self._entries)

    def _candidates(self, base: names.Key, scope: int, wanted: Filter) -> Iterable[StoredEntry]:
        if scope == BASE:
            entry = self._entries.get(base)
            return [entry] if entry else []
        found = self._by_index(wanted)
        if scope == ONE_LEVEL:
            children = self._children.get(base, {})
            if found is None or len(children) < len(found):
                return list(children.values())
        return list(self._entries.values() if found is None else found.values())

    def _by_index(self, wanted: Filter) -> dict[names.Key, StoredEntry] | None:
        """Entries that may match; None when only a walk through all can tell."""
        if wanted.kind is FilterKind.EQUAL:
            return self._equality_index(wanted.attribute).get(wanted.value, {})
        if wanted.kind is FilterKind.SUBSTRINGS and wanted.pieces[0]:
            return self._by_prefix(wanted.attribute, wanted.pieces[0].lstrip())
        if wanted.kind is FilterKind.AND:
            sets = [found for part in wanted.parts if (found := self._by_index(part)) is not None]
            return min(sets, key=len) if sets else None
        if wanted.kind is FilterKind.OR:
            union: dict[names.Key, StoredEntry] = {}
            for part in wanted.parts:
                found = self._by_index(part)
                if found is None:
                    return None
                union |= found
            return union
        return None

    def _equality_index(self, attribute: str) -> dict[str, dict[names.Key, StoredEntry]]:
        index = self._equal.get(attribute)
        if index is None:
            index = self._equal[attribute] = {}
            for entry in self._entries.values():
                for value in entry.normalised.get(attribute, ()):
                    index.setdefault(value, {})[entry.key] = entry
        return index

    def _by_prefix(self, attribute: str, prefix: str) -> dict[names.Key, StoredEntry]:
        ordered = self._sorted.get(attribute)
        if ordered is None:
            ordered = self._sorted[attribute] = sorted(_pairs(self._entries.values(), attribute))
        found = {}
        for position in range(bisect.bisect_left(ordered, (prefix, ())), len(ordered)):
            value, key = ordered[position]
            if not value.startswith(prefix):
                break
            found[key] = self._entries[key]
        return found

    def _forget_indexes(self, attributes: Iterable[str]) -> None:
        for attribute in attributes:
            self._equal.pop(attribute, None)
            self._sorted.pop(attribute, None)


def _pairs(entries: Iterable[StoredEntry], attribute: str) -> Iterator[tuple[str, names.Key]]:
    for entry in entries:
        for value in entry.normalised.get(attribute, ()):
            yield value, entry.key


def _in_scope(key: names.Key, base: names.Key, scope: int) -> bool:
    if scope == ONE_LEVEL:
        return key[1:] == base
    return key == base if scope == BASE else names.is_within(key, base)


def _changed(operation: int, plain: str, current: list[bytes], values: list[bytes]) -> list[bytes]:
    """The attribute's values after one change. Raises Failed(20) and Failed(16) as slapd does."""
    if operation == 2:
        return list(values)
    held = [matching.normalise(plain, value) for value in current]
    given = [matching.normalise(plain, value) for value in values]
    if operation == 0:
        if set(held) & set(given) or len(set(given)) < len(given):
            raise Failed(20, f"{plain}: value exists")
        return current + values
    if operation != 1:
        raise Failed(2, "unknown kind of modification")
    if not current or not set(given) <= set(held):
        raise Failed(16, f"{plain}: no such value")
    if not values:
        return []
    return [value for value, text in zip(current, held, strict=True) if text not in given]
