"""Whose commissions are whose, from going through all of them once: for reading very many persons.

A hundred prefixes in one filter keep a server busy for half a second; all commissions of a region come in
a few pages, and quickly. Kept are the commissions, each once, and the couplings of the persons asked
about: nobody else's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from provisioning.directory.ldap import filters
from provisioning.directory.ldap.connection import Entry
from provisioning.directory.ldap.troubles import Trouble, marked
from provisioning.directory.reading import mapping
from provisioning.directory.reading.entries import EntryPlace, Lookups
from provisioning.errors import DirectoryRefused
from provisioning.rules.hsa import HsaId

WORTH_IT_FROM = 1000  # persons: below that, ten searches by prefixes are quicker


class Register:
    """The couplings of these persons, as they stood at `read_at`."""

    def __init__(self, lookups: Lookups, person_ids: Iterable[HsaId]):
        """Goes through all commissions. Raises DirectoryError: a part of them would be of no use."""
        self.read_at = datetime.now(UTC)
        self._members = lookups.layout.commission_members.casefold()
        self._couplings: dict[str, list[tuple[Entry, str]]] = {each.folded: [] for each in person_ids}
        wanted = filters.present(lookups.layout.commission_members)
        attributes = mapping.commission_attributes(lookups.layout)
        for base_dn in lookups.bases(EntryPlace.UNITS):
            for page in lookups.connections.pages(base_dn, wanted, attributes):
                if page is None:
                    raise marked(DirectoryRefused(), Trouble.NO_BASE)
                for entry in page:
                    self._add(entry)

    def _add(self, entry: Entry) -> None:
        values = entry.values(self._members)
        entry.attributes.pop(self._members, None)
        for value in values:
            # As mapping.to_coupling reads it, without making anything of the many that are not asked about.
            couplings = self._couplings.get(value.partition(";")[0].strip().casefold())
            if couplings is not None:
                couplings.append((entry, value))

    def of(self, person_ids: Collection[HsaId]) -> list[Entry]:
        """The commissions that name one of these persons, with these values only."""
        found: dict[str, tuple[Entry, list[str]]] = {}
        for person_id in person_ids:
            for entry, value in self._couplings.get(person_id.folded, ()):
                found.setdefault(entry.dn, (entry, []))[1].append(value)
        return [entry.with_values(self._members, tuple(values)) for entry, values in found.values()]
