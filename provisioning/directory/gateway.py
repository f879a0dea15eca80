"""The door to the directory: every question the tool asks of HSA or KIV, and nothing that changes it.

Vocabulary: an identifier that ends in `_dn` or is called `dn` is a distinguished name as text, as the
directory wrote it; `_id` is an HSA-id; an *entry* is what LDAP returned, a person, unit, provider or
commission is a value of `rules.hsa`. Absence is None or empty; anything else that is not an answer
raises DirectoryUnavailable, DirectoryRefused or DirectoryTruncated. Never a False for “don't know”.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from provisioning.directory.check import CheckReport, check
from provisioning.directory.layout import ConnectionSettings, Layout
from provisioning.directory.ldap import filters
from provisioning.directory.ldap.connection import Connections, Entry
from provisioning.directory.ldap.troubles import Trouble, marked
from provisioning.directory.reading import administrators, changed, identities, mapping, values_now
from provisioning.directory.reading import values as reading_values
from provisioning.directory.reading.changed import Changed
from provisioning.directory.reading.entries import EntryPlace, Lookups
from provisioning.directory.reading.many import Batches, Wanted
from provisioning.directory.reading.person import Look
from provisioning.directory.reading.readability import Readability
from provisioning.directory.reading.unit_people import UnitPeople
from provisioning.directory.reading.values_now import ValuePlace, ValuesNow
from provisioning.errors import DirectoryRefused
from provisioning.rules import names
from provisioning.rules.hsa import Attribute, HsaId, Person, Provider, Reading, Unit, typed

T = TypeVar("T")
E = TypeVar("E", Person, Unit, Provider)


@dataclass(frozen=True, slots=True)
class Matches(Generic[T]):
    """The first hits of a search by name, and whether there are more."""

    items: tuple[T, ...]
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class Headed:
    """The units whose head of unit somebody is, and the care providers whose mandate the same entry gives."""

    units: tuple[Unit, ...]
    providers: tuple[Provider, ...]


class Directory:
    """One directory. Cheap to make. Threads may share it; each gets a connection."""

    def __init__(
        self,
        settings: ConnectionSettings,
        layout: Layout | None = None,
    ):
        self._connections = Connections(settings)
        self._lookups = Lookups(self._connections, layout or Layout())
        self._readability = Readability(self._lookups)

    @property
    def layout(self) -> Layout:
        return self._lookups.layout

    @property
    def url(self) -> str:
        """The address that answered last; before that, the one that is asked first."""
        return self._connections.url

    def close(self) -> None:
        """Close the calling thread's connection; the next question opens a new one."""
        self._connections.close()

    def read(
        self,
        person_id: HsaId,
        *,
        unit_ids: Collection[HsaId] = (),
        provider_ids: Collection[HsaId] = (),
        afresh: bool = False,
    ) -> Reading:
        """Everything an assessment of this person and these ordered units or providers takes.

        `afresh`: nothing is taken for readable because it was a moment ago. For a look that decides by
        something not being there.
        Two entries with the person's HSA-id give `person=None` and a problem of the part PERSON:
        none is chosen. Raises DirectoryError when the directory does not answer; what merely could
        not be read stands in `problems`.
        """
        readability = Readability(self._lookups) if afresh else self._readability
        return Look(self._lookups, readability, person_id).reading(unit_ids, provider_ids)

    # Many persons, for sweeps

    def read_many(self, wanted: Iterable[Wanted]) -> Iterator[Reading]:
        """A reading of each person, with the units and providers named beside it, in the order given.

        A hundred persons in a few searches, units and providers once; bounded memory. Other HSA-ids of the
        same human and the units' other commissions are not asked for. Raises DirectoryError.
        """
        return Batches(self._lookups, self._readability).readings(wanted)

    def read_again(self, wanted: Iterable[Wanted]) -> Iterator[Reading]:
        """The same, as a second look that decides: few persons in a search, and every answer from now.

        Nothing is taken for readable because it was a moment ago. Raises DirectoryError.
        """
        return Batches(self._lookups, Readability(self._lookups), decides=True).readings(wanted)

    def role_holders(self) -> list[HsaId]:
        """Everybody with a system role that names one of our services, near misses included.

        Raises DirectoryTruncated when that is not everybody, DirectoryRefused when it cannot be searched.
        """
        return changed.role_holders(self._lookups, self._readability)

    def holders_naming(self, hsa_id: HsaId) -> list[HsaId]:
        """Everybody with a role of our services that names this unit or provider, near misses included.

        Raises as `role_holders`.
        """
        return changed.holders_naming(self._lookups, self._readability, hsa_id)

    def changed_since(self, moment: datetime) -> Changed | None:
        """What has been written since that moment (aware); None when the server does not tell.

        What has been deleted, or has ended by its own date, is never among it.
        """
        return changed.changed_since(self._lookups, moment)

    # Persons

    def person(self, hsa_id: HsaId) -> Person | None:
        """The person with this HSA-id. Raises DirectoryRefused when two entries claim it."""
        return self.persons([hsa_id]).get(hsa_id)

    def persons(self, ids: Iterable[HsaId]) -> dict[HsaId, Person]:
        """The persons among these ids, a hundred in one search.

        An empty attribute of theirs may be one we may not read: ask `read` where that decides.
        """
        found = self._lookups.by_hsa_ids(EntryPlace.PERSONS, ids, mapping.person_attributes(self.layout))
        return _unambiguous(mapping.persons_in(found, self.layout))

    def identities(self, ids: Iterable[HsaId]) -> dict[HsaId, frozenset[HsaId]]:
        """For each id, every HSA-id of the same human, itself included: as far as the directory shows it."""
        return identities.of_humans(self._lookups, ids)

    def find_persons(self, text: str, *, limit: int = 20) -> Matches[Person]:
        """Persons whose name holds every word of the text, or whose HSA-id begins with it."""
        layout = self.layout
        named = (*layout.person_name, *layout.given_name, *layout.surname)
        return self._find(
            EntryPlace.PERSONS,
            text,
            named,
            limit,
            classes=filters.class_is(layout.person_classes),
            attributes=mapping.person_attributes(layout),
            read=lambda entries: mapping.persons_in(entries, layout),
        )

    def persons_by_mail(self, address: str, *, limit: int = 20) -> Matches[Person]:
        """Persons with exactly this mail address."""
        layout = self.layout
        wanted = filters.all_of(
            filters.class_is(layout.person_classes),
            filters.present(layout.hsa_identity),
            filters.any_of(filters.equals(name, address) for name in layout.mail),
        )
        found = self._lookups.search_some(
            EntryPlace.PERSONS, wanted, mapping.person_attributes(layout), limit=limit
        )
        return Matches(tuple(mapping.persons_in(found.entries, layout)), found.is_cut)

    # Units and providers

    def unit(self, hsa_id: HsaId) -> Unit | None:
        return self.units([hsa_id]).get(hsa_id)

    def units(self, ids: Iterable[HsaId]) -> dict[HsaId, Unit]:
        """The units among these ids. Raises DirectoryRefused when two entries claim one."""
        return _unambiguous(self._units_in(self._organisation(ids)))

    def find_units(self, text: str, *, limit: int = 20) -> Matches[Unit]:
        """Units whose name holds every word of the text, or whose HSA-id begins with it."""
        layout = self.layout
        return self._find(
            EntryPlace.UNITS,
            text,
            layout.unit_name,
            limit,
            classes=filters.class_is((*layout.unit_classes, *layout.care_unit_classes)),
            attributes=mapping.organisation_attributes(layout),
            read=lambda entries: self._units_in(entries),
        )

    def find_providers(self, text: str, *, limit: int = 20) -> Matches[Provider]:
        """Care providers whose name holds every word of the text, or whose HSA-id begins with it."""
        layout = self.layout
        return self._find(
            EntryPlace.UNITS,
            text,
            layout.provider_name,
            limit,
            classes=filters.class_is(layout.provider_classes),
            attributes=mapping.organisation_attributes(layout),
            read=lambda entries: self._providers_in(entries),
        )

    def provider(self, hsa_id: HsaId) -> Provider | None:
        return self.providers([hsa_id]).get(hsa_id)

    def providers(self, ids: Iterable[HsaId]) -> dict[HsaId, Provider]:
        """The care providers among these ids, also those that stand above the units' base."""
        wanted = list(ids)
        found = _unambiguous(self._providers_in(self._organisation(wanted)))
        missing = [identity for identity in wanted if identity not in found]
        if missing:
            terms = [filters.equals(self.layout.hsa_identity, identity.bare) for identity in missing]
            above = self._lookups.above_base(terms, mapping.organisation_attributes(self.layout))
            found |= _unambiguous(self._providers_in(above))
        return found

    def headed_by(self, hsa_id: HsaId) -> Headed:
        """What this person is head of; asked once where one attribute names the head of both."""
        of_units, of_providers = (self.layout.unit_manager,), self.layout.provider_manager
        found = {attributes: self._headed_by(hsa_id, attributes) for attributes in {of_units, of_providers}}
        return Headed(tuple(self._units_in(found[of_units])), tuple(self._providers_in(found[of_providers])))

    def id_at(self, dn: str) -> HsaId | None:
        """The HSA-id of the entry with this name; None where there is none, or it shows none."""
        identity = self.layout.hsa_identity
        entry = self._lookups.by_dns([dn], ["objectClass", identity]).get(names.key(dn))
        text = entry.first(identity) if entry is not None else None
        return HsaId(text.strip()) if text and text.strip() else None

    def units_above(self, dn: str) -> tuple[Unit, ...]:
        """What stands above a unit, nearest first: care units that list it as a sub-unit, then by name.

        A provider above counts here as a unit: its head is a head above.
        """
        layout = self.layout
        attributes = mapping.organisation_attributes(layout)
        line = [dn, *names.ancestors(dn)]
        entries = self._lookups.by_dns(line, attributes)
        own = entries.get(names.key(dn))
        listing: list[Entry] = []
        if own is not None and (own_id := own.first(layout.hsa_identity)) is not None:
            listing = self._lookups.search(
                EntryPlace.UNITS, filters.equals(layout.unit_members, own_id), attributes
            )
        above = [entries[names.key(name)] for name in line[1:] if names.key(name) in entries]
        units = (
            mapping.to_unit(entry, layout) for entry in [*listing, *above] if self._is_organisation(entry)
        )
        own_key = names.key(dn)
        nearest = {unit.dn: unit for unit in units if unit is not None and names.key(unit.dn) != own_key}
        return tuple(nearest.values())

    def units_below(self, dn: str) -> tuple[HsaId, ...]:
        """The HSA-ids of the units below this entry, at any depth; none where there is no entry."""
        layout = self.layout
        wanted = filters.all_of(
            filters.class_is((*layout.unit_classes, *layout.care_unit_classes)),
            filters.present(layout.hsa_identity),
        )
        found = self._lookups.at_or_below(dn, wanted, ["objectClass", layout.hsa_identity])
        own = names.key(dn)
        ids = (entry.first(layout.hsa_identity) for entry in found if names.key(entry.dn) != own)
        return tuple(HsaId(text.strip()) for text in ids if text)

    def care_units(self) -> tuple[Unit, ...]:
        """Every care unit, sub-units left out unless they are one themselves. One paged search of each base.

        Raises DirectoryTruncated where that is not all of them.
        """
        layout = self.layout
        kind = filters.any_of(
            [
                filters.class_is(layout.care_unit_classes),
                filters.present(layout.unit_provider),
                filters.present(layout.unit_members),
            ]
        )
        wanted = filters.all_of(kind, filters.present(layout.hsa_identity))
        attributes = mapping.organisation_attributes(layout)
        found = self._lookups.search(EntryPlace.UNITS, wanted, attributes, is_paged=True)
        return tuple({unit.hsa_id: unit for unit in self._units_in(found) if unit.is_care_unit}.values())

    def people_of(self, unit_id: HsaId) -> UnitPeople:
        """Everybody at a unit, to be read in one go; asks nothing yet."""
        return UnitPeople(self._lookups, self._readability, unit_id)

    def _is_organisation(self, entry: Entry) -> bool:
        return mapping.is_unit(entry, self.layout) or mapping.is_provider(entry, self.layout)

    def _organisation(self, ids: Iterable[HsaId]) -> list[Entry]:
        return self._lookups.by_hsa_ids(EntryPlace.UNITS, ids, mapping.organisation_attributes(self.layout))

    def _headed_by(self, hsa_id: HsaId, attributes: Iterable[str]) -> list[Entry]:
        terms = [filters.equals(attribute, hsa_id.bare) for attribute in attributes]
        wanted = mapping.organisation_attributes(self.layout)
        found = self._lookups.by_terms(EntryPlace.UNITS, terms, wanted)
        known = {names.key(entry.dn) for entry in found}
        above = self._lookups.above_base(terms, wanted)
        return found + [entry for entry in above if names.key(entry.dn) not in known]

    def _units_in(self, entries: Iterable[Entry]) -> Iterator[Unit]:
        for entry in entries:
            if mapping.is_unit(entry, self.layout):
                unit = mapping.to_unit(entry, self.layout)
                if unit is not None:
                    yield unit

    def _providers_in(self, entries: Iterable[Entry]) -> Iterator[Provider]:
        for entry in entries:
            if mapping.is_provider(entry, self.layout):
                provider = mapping.to_provider(entry, self.layout)
                if provider is not None:
                    yield provider

    # KIV administrators

    def managed_dns(self, hsa_id: HsaId) -> tuple[str, ...]:
        """The entries this person is KIV administrator of; what stands below them is theirs, too."""
        return administrators.managed_dns(self._lookups, hsa_id)

    def administrators_of(self, dn: str) -> tuple[Person, ...]:
        """The KIV administrators of this entry or of one above it, nearest first, each once."""
        return administrators.administrators_of(self._lookups, dn)

    # Proof

    def values(
        self,
        wanted: Collection[tuple[str, Attribute]],
        *,
        only: HsaId | Collection[HsaId] | None = None,
    ) -> dict[tuple[str, Attribute], tuple[str, ...] | None]:
        """What these attributes of the entries with these names hold now; None where there is no such entry.

        With `only`, of hsaCommissionMember just the values that name these persons: a commission can
        have hundreds of members. Raises DirectoryRefused (`directory.unreadable_attribute`) when an empty
        attribute may merely be hidden from us.
        """
        return reading_values.values(
            self._lookups,
            self._readability,
            wanted,
            only=(only,) if isinstance(only, HsaId) else only,
        )

    def held_at(
        self, places: Collection[ValuePlace], *, only: Collection[HsaId] | None = None, is_poll: bool = False
    ) -> dict[ValuePlace, ValuesNow]:
        """The same of entries that may have moved: one that is not under its name is found by its HSA-id.

        What could not be read of one entry is unknown of that one only. `is_poll`: asked again and again,
        so that an attribute known to be readable in other entries is not asked about afresh where it is
        empty. Raises DirectoryError when nothing is known.
        """
        return values_now.find(self._lookups, self._readability, places, only=only, is_poll=is_poll)

    def check(self, *, person_id: HsaId | None = None, unit_id: HsaId | None = None) -> CheckReport:
        """Try everything the tool needs of the directory, and say in plain words what does not work."""
        return check(self._lookups, self._readability, person_id=person_id, unit_id=unit_id)

    # Searching by name

    def _find(
        self,
        place: EntryPlace,
        text: str,
        named: Iterable[str],
        limit: int,
        *,
        classes: str,
        attributes: Collection[str],
        read: Callable[[Iterable[Entry]], Iterator[T]],
    ) -> Matches[T]:
        words = typed(text).split()
        if not words:
            return Matches(())
        by_name = [filters.any_of(filters.contains(name, word) for name in named) for word in words]
        by_id = filters.begins(self.layout.hsa_identity, words[0])
        who = (
            filters.any_of([filters.all_of(*by_name), by_id]) if len(words) == 1 else filters.all_of(*by_name)
        )
        wanted = filters.all_of(classes, filters.present(self.layout.hsa_identity), who)
        found = self._lookups.search_some(place, wanted, attributes, limit=limit)
        return Matches(tuple(read(found.entries)), found.is_cut)


def _unambiguous(values: Iterable[E]) -> dict[HsaId, E]:
    """By id. Raises DirectoryRefused when two entries claim one: none is chosen, and neither is absent."""
    found: dict[HsaId, E] = {}
    for value in values:
        if value.hsa_id in found:
            raise marked(DirectoryRefused(code="directory.unreadable_attribute"), Trouble.DUPLICATE)
        found[value.hsa_id] = value
    return found
