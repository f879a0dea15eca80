"""Telling “has no value” from “we may not read it”: to a search both look the same.

An LDAP Compare tells them apart: “no such attribute” is said only to those who may know it.
Source: RFC 4511 sections 4.5.1.7 and 4.10; checked against OpenLDAP 2.5, which answers
insufficientAccessRights for an attribute the account may not compare, whether or not it exists.
A server that says “no such attribute” for what it hides cannot be seen through.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable

from provisioning.directory import filters
from provisioning.directory.connection import Entry
from provisioning.directory.lookups import Lookups, Place

KEEP_SECONDS = 300.0  # access rules change seldom; an answer that decides is never taken from here

_NO_SUCH_ATTRIBUTE = 16
_UNKNOWN_TYPE = 17  # the server's schema has no such attribute: no entry can have it
_CANNOT_COMPARE = 18  # the attribute has no equality rule: nothing can be learned this way
_INVALID_SYNTAX = 21
_ABSENT = frozenset({_NO_SUCH_ATTRIBUTE, _UNKNOWN_TYPE, _CANNOT_COMPARE, _INVALID_SYNTAX})
# A Compare needs a value of the attribute's own syntax, which we do not know: text (and class), time,
# number, truth or name. Any will do, since only the kind of answer counts.
_PROBES = ("top", "20000101000000Z", "0", "TRUE", "cn=-")


class Readability:
    """What we found out about attributes being readable. Shared by all threads."""

    def __init__(self, lookups: Lookups):
        self._lookups = lookups
        self._found_at: dict[tuple[str, str], float] = {}
        self._probes: dict[str, str] = {}
        self._lock = threading.Lock()

    def forget(self) -> None:
        """What was found before does not count any more: the next answer decides."""
        with self._lock:
            self._found_at.clear()

    def is_absent(self, entry_dn: str, attribute: str) -> bool:
        """Say whether the entry truly lacks the attribute; False when it may only be hidden."""
        code = _INVALID_SYNTAX
        for probe in [self._probes[attribute]] if attribute in self._probes else _PROBES:
            code = self._lookups.connections.compare(entry_dn, attribute, probe)
            if code != _INVALID_SYNTAX:
                self._probes[attribute] = probe
                break
        return code in _ABSENT

    def hidden(
        self, entry: Entry, kind: str, attributes: Iterable[str], *, afresh: bool = False
    ) -> list[str]:
        """Which of these attributes, seen empty, may be hidden from us in entries of this kind.

        `afresh` asks about this very entry, whatever was found before: for answers that decide, and
        for entries with rules of their own (protected persons).
        """
        unreadable = []
        for attribute in attributes:
            if entry.values(attribute):
                self._note(kind, attribute)
            elif (afresh or not self._is_known(kind, attribute)) and not self.is_absent(entry.dn, attribute):
                unreadable.append(attribute)
            else:
                self._note(kind, attribute)
        return unreadable

    def is_searchable(self, place: Place, classes: Iterable[str], attribute: str) -> bool:
        """Say whether finding nothing by this attribute means that there is nothing."""
        kind = f"search:{place.value}"
        if self._is_known(kind, attribute):
            return True
        of_class = filters.class_is(classes)
        with_values = filters.all_of(of_class, filters.present(attribute))
        found = self._lookups.search_some(place, with_values, [attribute], limit=1).entries
        if not (found and found[0].values(attribute)):
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
