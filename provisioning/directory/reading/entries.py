"""Finding entries by HSA-id, by name and by DN, many at a time, in the bases of the layout."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Collection, Iterable, Iterator

from provisioning.directory.layout import Layout
from provisioning.directory.ldap import filters
from provisioning.directory.ldap.connection import BASE, ONE_LEVEL, Connections, Entry, Found, Only
from provisioning.directory.ldap.troubles import Trouble, marked
from provisioning.errors import DirectoryRefused, DirectoryTruncated
from provisioning.rules import names
from provisioning.rules.hsa import HsaId

TERMS_PER_SEARCH = 100  # a filter of this length is read by every server, and quickly
NAMES_PER_SEARCH = 250  # where each finds one entry: half a page


class EntryPlace(enum.Enum):
    """Which part of the tree to search."""

    PERSONS = "persons"
    UNITS = "units"


class Lookups:
    """Searches by what entries are called. Shared by all threads."""

    def __init__(self, connections: Connections, layout: Layout):
        self.connections = connections
        self.layout = layout
        self._whole: tuple[str, ...] | None = None
        self._knows_entry_dn = True

    def bases(self, place: EntryPlace) -> tuple[str, ...]:
        """Where to search; everything the server holds when the layout names no base."""
        base = self.layout.person_base if place is EntryPlace.PERSONS else self.layout.unit_base
        if base:
            return (base,)
        if self._whole is None:
            contexts = self.connections.root_dse("namingContexts").values("namingContexts")
            self._whole = contexts or ("",)
        return self._whole

    def search_base(self, base_dn: str) -> None:
        """Raises DirectoryRefused when the base does not exist (or is not shown to us)."""
        if base_dn and self.by_dn(base_dn, ["objectClass"]) is None:
            raise marked(DirectoryRefused(), Trouble.NO_BASE)

    def search(
        self,
        place: EntryPlace,
        filter_text: str,
        attributes: Iterable[str],
        *,
        only: Only | None = None,
        is_paged: bool = False,
    ) -> list[Entry]:
        """All matching entries. A base that does not exist is a wrong setting: DirectoryRefused."""
        entries: list[Entry] = []
        for base_dn in self.bases(place):
            found = self.connections.search(base_dn, filter_text, attributes, only=only, is_paged=is_paged)
            if found is None:
                raise marked(DirectoryRefused(), Trouble.NO_BASE)
            entries += found
        return entries

    def search_some(
        self, place: EntryPlace, filter_text: str, attributes: Iterable[str], *, limit: int
    ) -> Found:
        """At most `limit` entries, and whether there are more."""
        entries: list[Entry] = []
        is_cut = False
        for base_dn in self.bases(place):
            found = self.connections.search_some(base_dn, filter_text, attributes, limit=limit)
            if found is None:
                raise marked(DirectoryRefused(), Trouble.NO_BASE)
            entries += found.entries
            is_cut = is_cut or found.is_cut
        return Found(entries[:limit], is_cut or len(entries) > limit)

    def by_terms(
        self,
        place: EntryPlace,
        terms: Iterable[str],
        attributes: Collection[str],
        *,
        at_once: int = TERMS_PER_SEARCH,
        only: Only | None = None,
    ) -> list[Entry]:
        """Entries that match any of the filters, each once, in as few searches as filters allow."""
        found: dict[names.Key, Entry] = {}
        for some in _batches(dict.fromkeys(terms), at_once):
            is_paged = len(some) > 1
            for entry in self.search(place, filters.any_of(some), attributes, only=only, is_paged=is_paged):
                found[names.key(entry.dn)] = entry
        return list(found.values())

    def by_hsa_ids(
        self,
        place: EntryPlace,
        ids: Iterable[HsaId],
        attributes: Collection[str],
        *,
        at_once: int = TERMS_PER_SEARCH,
        only: Only | None = None,
    ) -> list[Entry]:
        """Entries with one of the HSA-ids; an id may have none, one or (a fault) several."""
        attribute = self.layout.hsa_identity
        wanted = {identity for identity in ids if identity.bare}
        terms = (filters.equals(attribute, identity.bare) for identity in wanted)
        found = self.by_terms(place, terms, attributes, at_once=at_once, only=only)
        # A server's own idea of equality (blanks) may be wider than ours.
        return [entry for entry in found if HsaId((entry.first(attribute) or "").strip()) in wanted]

    def above_base(self, terms: Collection[str], attributes: Collection[str]) -> list[Entry]:
        """The same among the entries outside the units' base, nearest surroundings first.

        A provider may stand above its units. What we may not see there is as good as not there.
        """
        for base_dn in names.ancestors(self.layout.unit_base):
            try:
                found = self.connections.search(base_dn, filters.any_of(terms), attributes)
            except (DirectoryRefused, DirectoryTruncated):
                continue
            if found:
                return found
        return []

    def by_dn(self, dn: str, attributes: Iterable[str], *, only: Only | None = None) -> Entry | None:
        """The entry with this name, or None."""
        found = self.connections.search(dn, "(objectClass=*)", attributes, scope=BASE, only=only)
        return found[0] if found else None

    def below(
        self, dn: str, filter_text: str, attributes: Iterable[str], *, only: Only | None
    ) -> list[Entry]:
        """The matching entries directly below the name; none when the name does not exist."""
        return self.connections.search(dn, filter_text, attributes, scope=ONE_LEVEL, only=only) or []

    def at_or_below(self, dn: str, filter_text: str, attributes: Iterable[str]) -> list[Entry]:
        """The matching entries at the name and below it, at any depth; none when the name does not exist."""
        return self.connections.search(dn, filter_text, attributes, is_paged=True) or []

    def by_dns(
        self, dns: Iterable[str], attributes: Collection[str], *, only: Only | None = None
    ) -> dict[names.Key, Entry]:
        """The entries with these names, by key. Names without an entry are left out.

        Servers that answer filters on entryDN (RFC 5020) give hundreds in one search. For the
        others: one search per container that holds several, else one per name.
        """
        wanted = {names.key(dn): dn for dn in dns if dn}
        found: dict[names.Key, Entry] = {}
        if len(wanted) > 1 and self._knows_entry_dn:
            found = self._by_entry_dn(wanted, attributes, only)
        missing = {key: dn for key, dn in wanted.items() if key not in found}
        late = self._by_container(missing, attributes, only)
        if late and not found and len(wanted) > 1:
            self._knows_entry_dn = False
        return found | late

    def _by_entry_dn(
        self, wanted: dict[names.Key, str], attributes: Collection[str], only: Only | None
    ) -> dict[names.Key, Entry]:
        found: dict[names.Key, Entry] = {}
        bases = dict.fromkeys(self.bases(EntryPlace.UNITS) + self.bases(EntryPlace.PERSONS))
        for base_dn in bases:
            base = names.key(base_dn)
            terms = [
                filters.equals("entryDN", dn)
                for key, dn in wanted.items()
                if names.is_within(key, base) and key not in found
            ]
            for some in _batches(terms, NAMES_PER_SEARCH):
                entries = self.connections.search(
                    base_dn, filters.any_of(some), attributes, only=only, is_paged=True
                )
                found |= {names.key(entry.dn): entry for entry in entries or ()}
        return found

    def _by_container(
        self, wanted: dict[names.Key, str], attributes: Collection[str], only: Only | None
    ) -> dict[names.Key, Entry]:
        containers: dict[names.Key, list[str]] = {}
        for key, dn in wanted.items():
            containers.setdefault(key[1:], []).append(dn)
        found: dict[names.Key, Entry] = {}
        for dns in containers.values():
            found |= self._in_one_container(dns, attributes, only)
        return {key: entry for key, entry in found.items() if key in wanted}

    def _in_one_container(
        self, dns: list[str], attributes: Collection[str], only: Only | None
    ) -> dict[names.Key, Entry]:
        pairs = [names.first_pair(dn) for dn in dns]
        if len(dns) == 1 or None in pairs:
            entries = [self.by_dn(dn, attributes, only=only) for dn in dns]
            return {names.key(entry.dn): entry for entry in entries if entry is not None}
        found: dict[names.Key, Entry] = {}
        terms = [filters.equals(*pair) for pair in pairs if pair is not None]
        for some in _batches(terms):
            below = self.below(names.parent(dns[0]), filters.any_of(some), attributes, only=only)
            found |= {names.key(entry.dn): entry for entry in below}
        return found


def _batches(terms: Iterable[str], at_once: int = TERMS_PER_SEARCH) -> Iterator[list[str]]:
    remaining = iter(terms)
    while some := list(itertools.islice(remaining, at_once)):
        yield some
