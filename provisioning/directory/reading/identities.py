"""All HSA-ids of a human: several person entries may be one and the same, and only a shared mark tells.

The mark (a personal identity number) is compared in here and goes nowhere else, sealed or not. Source: domain
§2 ("one human can have several HSA-ids").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from provisioning.directory.ldap import filters
from provisioning.directory.ldap.connection import Entry
from provisioning.directory.reading import mapping
from provisioning.directory.reading.entries import EntryPlace, Lookups
from provisioning.rules.hsa import HsaId

Mark = tuple[str, str]  # attribute and value


def of_humans(lookups: Lookups, ids: Iterable[HsaId]) -> dict[HsaId, frozenset[HsaId]]:
    """For each id, every id of the same human, itself included; two searches for a hundred of them.

    An attribute we may not read looks empty: then each id is a human of its own. Raises DirectoryError.
    """
    layout = lookups.layout
    wanted = list(dict.fromkeys(ids))
    attributes = ["objectClass", layout.hsa_identity, *layout.same_human]
    asked = lookups.by_hsa_ids(EntryPlace.PERSONS, wanted, attributes)
    terms = {filters.equals(name, value): None for entry in asked for name, value in _marks(lookups, entry)}
    others = lookups.by_terms(EntryPlace.PERSONS, terms, attributes) if terms else []
    marks = _marks_by_id(lookups, [*asked, *others])
    bearers: dict[Mark, set[HsaId]] = {}
    for one, theirs in marks.items():
        for mark in theirs:
            bearers.setdefault(mark, set()).add(one)
    return {one: frozenset({one}.union(*(bearers[mark] for mark in marks.get(one, ())))) for one in wanted}


def _marks_by_id(lookups: Lookups, entries: Iterable[Entry]) -> dict[HsaId, set[Mark]]:
    found: dict[HsaId, set[Mark]] = {}
    for entry in entries:
        identity = mapping.hsa_id(entry, lookups.layout)
        if identity is not None and mapping.is_person(entry, lookups.layout):
            marks = {(name, " ".join(value.split()).casefold()) for name, value in _marks(lookups, entry)}
            found.setdefault(identity, set()).update(marks)
    return found


def _marks(lookups: Lookups, entry: Entry) -> Iterator[Mark]:
    for name in lookups.layout.same_human:
        yield from ((name, value) for value in entry.values(name) if value.strip())
