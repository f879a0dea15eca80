"""The persons that a sweep looks at: holders of our roles, and those changed since the last sweep."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from provisioning.directory.ldap import filters
from provisioning.directory.ldap.connection import Entry
from provisioning.directory.ldap.troubles import Trouble, marked
from provisioning.directory.reading import mapping
from provisioning.directory.reading.entries import EntryPlace, Lookups
from provisioning.directory.reading.readability import Readability
from provisioning.errors import DirectoryRefused
from provisioning.rules import names
from provisioning.rules.hsa import HsaId
from provisioning.rules.services.catalogue import CATALOGUE, ids_named_in

MODIFIED = "modifyTimestamp"  # RFC 4512 3.4.2; operational, so it must be asked for by name


@dataclass(frozen=True, slots=True)
class Changed:
    """What was written in the directory: persons (also through a commission that names them), and units.

    Who was taken out of a commission is not named in it any more: hence the units of changed commissions.
    """

    person_ids: frozenset[HsaId]
    unit_ids: frozenset[HsaId]


def role_holders(lookups: Lookups, readability: Readability) -> list[HsaId]:
    """See `Directory.role_holders`."""
    words = [entitled.role_word for entitled in CATALOGUE.values()]
    return [holder for holder, _named in _holders(lookups, readability, words)]


def holders_naming(lookups: Lookups, readability: Readability, hsa_id: HsaId) -> list[HsaId]:
    """See `Directory.holders_naming`."""
    found = _holders(lookups, readability, [hsa_id.bare])
    return [holder for holder, named in found if hsa_id in named]


def _holders(
    lookups: Lookups, readability: Readability, words: Iterable[str]
) -> list[tuple[HsaId, frozenset[HsaId]]]:
    """Who has a role of ours with one of these words in it, and what those roles name."""
    layout = lookups.layout
    # A directory may compare roles byte for byte, as their services do: then case is asked for as well.
    forms = dict.fromkeys(form for word in words for form in (word, word.lower(), word.upper()))
    wanted = filters.any_of(filters.contains(layout.system_roles, form) for form in forms)
    attributes = ["objectClass", layout.hsa_identity, layout.system_roles]
    found: dict[HsaId, frozenset[HsaId]] = {}
    for entry in _entries(lookups, EntryPlace.PERSONS, wanted, attributes):
        text = (entry.first(layout.hsa_identity) or "").strip()
        named = frozenset(one for role in entry.values(layout.system_roles) for one in ids_named_in(role))
        if text and named:
            found[HsaId(text)] = named
    if not found and not readability.is_searchable(
        EntryPlace.PERSONS, layout.person_classes, layout.system_roles
    ):
        raise marked(DirectoryRefused(code="directory.unreadable_attribute"), Trouble.HIDDEN)
    return list(found.items())


def changed_since(lookups: Lookups, moment: datetime) -> Changed | None:
    """See `Directory.changed_since`."""
    if not (_tells(lookups, EntryPlace.PERSONS) and _tells(lookups, EntryPlace.UNITS)):
        return None
    layout = lookups.layout
    wanted = filters.at_least(MODIFIED, f"{moment.astimezone(UTC):%Y%m%d%H%M%SZ}")
    person_ids: set[HsaId] = set()
    unit_ids: set[HsaId] = set()
    above: set[str] = set()
    for entry in _entries(lookups, EntryPlace.PERSONS, wanted, ["objectClass", layout.hsa_identity]):
        if mapping.is_person(entry, layout):
            person_ids |= _id_of(entry, layout.hsa_identity)
    attributes = ["objectClass", layout.hsa_identity, layout.commission_members]
    for entry in _entries(lookups, EntryPlace.UNITS, wanted, attributes):
        if not mapping.is_commission(entry, layout):
            unit_ids |= _id_of(entry, layout.hsa_identity)
            continue
        above.add(names.parent(entry.dn))
        members = entry.values(layout.commission_members)
        person_ids |= {mapping.to_coupling(value).person_id for value in members}
    for entry in lookups.by_dns(above, ["objectClass", layout.hsa_identity]).values():
        unit_ids |= _id_of(entry, layout.hsa_identity)
    return Changed(frozenset(person_ids), frozenset(unit_ids))


def _tells(lookups: Lookups, place: EntryPlace) -> bool:
    """Whether entries have the moment of their last change, and it can be searched by."""
    found = lookups.search_some(place, filters.present(MODIFIED), [MODIFIED], limit=1).entries
    return bool(found and found[0].values(MODIFIED))


def _id_of(entry: Entry, attribute: str) -> set[HsaId]:
    text = (entry.first(attribute) or "").strip()
    return {HsaId(text)} if text else set()


def _entries(lookups: Lookups, place: EntryPlace, wanted: str, attributes: list[str]) -> Iterator[Entry]:
    """All matching entries, a page at a time."""
    for base_dn in lookups.bases(place):
        for page in lookups.connections.pages(base_dn, wanted, attributes):
            if page is None:
                raise marked(DirectoryRefused(), Trouble.NO_BASE)
            yield from page
