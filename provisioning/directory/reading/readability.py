"""Telling “has no value” from “we may not read it”: to a search both look the same.

An LDAP Compare tells them apart: “no such attribute” is said only to those who may know it. So does a
search for entries without a value: a filter on what may not be searched by is undefined, negated or not.
Source: RFC 4511 sections 4.5.1.7 and 4.10; checked against OpenLDAP 2.5, which answers
insufficientAccessRights for an attribute the account may not compare, whether or not it exists.
A server that says “no such attribute” for what it hides cannot be seen through.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Sequence

from provisioning.directory.ldap import filters
from provisioning.directory.ldap.connection import Entry
from provisioning.directory.reading.entries import EntryPlace, Lookups

KEEP_SECONDS = 300.0  # access rules change seldom; an answer that decides is never taken from here

_NO_SUCH_ATTRIBUTE = 16
_UNKNOWN_TYPE = 17  # the server's schema has no such attribute: no entry can have it
_CANNOT_COMPARE = 18  # the attribute has no equality rule: nothing can be learned this way
_INVALID_SYNTAX = 21
_ABSENT = frozenset({_NO_SUCH_ATTRIBUTE, _UNKNOWN_TYPE, _CANNOT_COMPARE, _INVALID_SYNTAX})
# A Compare needs a value of the attribute's own syntax, which we do not know: text (and class), time,
# number, truth or name. Any will do, since only the kind of answer counts.
_NOWHERE, _NEGATION = "nowhere", "negation"
_PROBES = ("top", "20000101000000Z", "0", "TRUE", "cn=-")


class Readability:
    """What we found out about attributes being readable. Shared by all threads."""

    def __init__(self, lookups: Lookups):
        self._lookups = lookups
        self._found_at: dict[tuple[str, str], float] = {}
        self._probes: dict[str, str] = {}
        self._lock = threading.Lock()

    def is_absent(self, entry_dn: str, attribute: str) -> bool:
        """Say whether the entry truly lacks the attribute; False when it may only be hidden."""
        return self._compare(entry_dn, attribute) in _ABSENT

    def _compare(self, entry_dn: str, attribute: str) -> int:
        code = _INVALID_SYNTAX
        for probe in [self._probes[attribute]] if attribute in self._probes else _PROBES:
            code = self._lookups.connections.compare(entry_dn, attribute, probe)
            if code != _INVALID_SYNTAX:
                self._probes[attribute] = probe
                break
        return code

    def lacking(self, entries: Sequence[Entry], attributes: Collection[str]) -> frozenset[str]:
        """The names of those persons' entries that truly lack all of these attributes, asked about afresh.

        One search for all of them, each by its own access rules. An entry that is not named here may have
        a value or hide it: `hidden` tells which. Where a Compare on the first entry contradicts the search,
        nothing is taken from the search.
        """
        layout, first = self._lookups.layout, entries[0].dn
        is_first_absent: dict[str, bool] = {}
        asked = [attribute for attribute in attributes if not self._is_known(_NOWHERE, attribute)]
        for attribute in asked:
            if not self._is_known(_NEGATION, attribute):
                code = self._compare(first, attribute)
                is_first_absent[attribute] = code in _ABSENT
                if code == _UNKNOWN_TYPE:
                    self._note(_NOWHERE, attribute)
        asked = [attribute for attribute in asked if not self._is_known(_NOWHERE, attribute)]
        if not asked:
            return frozenset(entry.dn for entry in entries)
        ids = (
            filters.equals(layout.hsa_identity, value)
            for e in entries
            for value in e.values(layout.hsa_identity)
        )
        without = filters.all_of(filters.any_of(ids), *map(filters.lacks, asked))
        found = self._lookups.search(EntryPlace.PERSONS, without, [layout.hsa_identity], is_paged=True)
        named = frozenset(entry.dn for entry in found)
        if first in named:
            if not all(is_first_absent.values()):
                return frozenset()
            for attribute in is_first_absent:
                self._note(_NEGATION, attribute)
        return named

    def hidden(
        self, entry: Entry, kind: str, attributes: Iterable[str], *, afresh: bool = False
    ) -> list[str]:
        """Which of these attributes, seen empty, may be hidden from us in entries of this kind.

        Also those with a value whose bytes are no text: nobody can say what it means.

        `afresh` asks about this very entry, whatever was found before: for answers that decide, and
        for entries with rules of their own (protected persons).
        """
        unreadable = []
        for attribute in attributes:
            if not entry.is_legible(attribute):
                unreadable.append(attribute)
            elif entry.has(attribute):
                self._note(kind, attribute)
            elif (afresh or not self._is_known(kind, attribute)) and not self.is_absent(entry.dn, attribute):
                unreadable.append(attribute)
            else:
                self._note(kind, attribute)
        return unreadable

    def is_searchable(self, place: EntryPlace, classes: Iterable[str], attribute: str) -> bool:
        """Say whether finding nothing by this attribute means that there is nothing."""
        kind = f"search:{place.value}"
        if self._is_known(kind, attribute):
            return True
        of_class = filters.class_is(classes)
        with_values = filters.all_of(of_class, filters.present(attribute))
        found = self._lookups.search_some(place, with_values, [attribute], limit=1).entries
        if not (found and found[0].has(attribute)):
            samples = self._lookups.search_some(place, of_class, ["objectClass"], limit=1).entries
            if samples and not self.is_absent(samples[0].dn, attribute):
                return False
        self._note(kind, attribute)
        return True

    def _note(self, kind: str, attribute: str) -> None:
        with self._lock:
            self._found_at[(kind, attribute)] = time.monotonic()

    def _is_known(self, kind: str, attribute: str) -> bool:
        with self._lock:
            found_at = self._found_at.get((kind, attribute))
        return found_at is not None and time.monotonic() - found_at < KEEP_SECONDS
