"""Everybody at one unit: who they are, and readings that tell whether each of them gets in there.

Of commissions, only those are read that an assessment at the unit rests on: on the unit itself, on the care
units above it, and on units that a system role of the person names. Somebody with two hundred commissions
elsewhere costs no more than anybody else, and one there that cannot be read leaves nothing open here. Such a
reading tells neither where else a service lets the person in nor which commission elsewhere is odd.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from provisioning.directory.ldap import filters
from provisioning.directory.ldap.connection import Entry
from provisioning.directory.reading import mapping
from provisioning.directory.reading.entries import EntryPlace, Lookups
from provisioning.directory.reading.many import BY_ID_AT_ONCE, Batches, Couplings
from provisioning.directory.reading.members import Register
from provisioning.directory.reading.readability import Readability
from provisioning.rules import names
from provisioning.rules.hsa import HsaId, Reading, Unit


@dataclass(frozen=True, slots=True)
class PersonName:
    """How a person is called, and whether nobody may be told."""

    text: str
    is_protected: bool


class UnitPeople:
    """The people of one unit, each question asked once. Made for one page and thrown away."""

    def __init__(self, lookups: Lookups, readability: Readability, unit_id: HsaId):
        self._unit_id = unit_id
        self._batches = _AtUnit(lookups, readability, unit_id)

    @property
    def unit(self) -> Unit | None:
        """The unit; None where there certainly is none. Raises DirectoryError."""
        return self._batches.unit()

    @property
    def coupled(self) -> tuple[HsaId, ...]:
        """Everybody whom a commission directly below the unit names, whatever it is for and until when."""
        return self._batches.coupled()

    def names(self, persons: Iterable[HsaId]) -> dict[HsaId, PersonName]:
        """What these are called, to put very many in order; whoever has no entry or two is left out.

        Raises DirectoryError.
        """
        return self._batches.names(persons)

    def readings(self, persons: Iterable[HsaId]) -> Iterator[Reading]:
        """A reading of each person about this unit, in the order given. Raises DirectoryError."""
        return self._batches.readings((person, (self._unit_id,)) for person in persons)


class _AtUnit(Batches):
    """Readings whose commissions begin at the unit, and not at the person."""

    def __init__(self, lookups: Lookups, readability: Readability, unit_id: HsaId):
        super().__init__(lookups, readability)
        self._unit_id = unit_id
        self._below: dict[names.Key, list[Entry]] = {}  # commissions, by the unit that they stand under

    def unit(self) -> Unit | None:
        self._look_up({self._unit_id}, with_parents=True)
        return self._unit(self._unit_id)

    def coupled(self) -> tuple[HsaId, ...]:
        self.unit()
        values = (
            value
            for dn in self._dns({self._unit_id})
            for entry in self._commissions_below(dn)
            for value in entry.values(self._layout.commission_members)
        )
        ids = (mapping.to_coupling(value).person_id for value in values)
        return tuple(dict.fromkeys(one for one in ids if one.bare))

    def names(self, persons: Iterable[HsaId]) -> dict[HsaId, PersonName]:
        layout = self._layout
        entries = self._lookups.by_hsa_ids(
            EntryPlace.PERSONS, persons, mapping.name_attributes(layout), at_once=BY_ID_AT_ONCE
        )
        found = list(mapping.persons_in(entries, layout))
        counts = Counter(person.hsa_id for person in found)
        return {
            person.hsa_id: PersonName(person.name, person.is_protected)
            for person in found
            if counts[person.hsa_id] == 1
        }

    def _go_through_all(self, ids: Collection[HsaId]) -> Register | None:
        return None

    def _couplings(self, wanted: Mapping[HsaId, Collection[HsaId]]) -> list[Couplings]:
        self._read_places({self._unit_id}.union(*wanted.values()))
        elsewhere = {person_id for person_id, ids in wanted.items() if self._names_another_unit(ids)}
        here = wanted.keys() - elsewhere
        ours = [
            (entry, named)
            for dn in self._dns(self._with_above({self._unit_id}))
            for entry in self._commissions_below(dn)
            if (named := self._members(entry, here))
        ]
        if not elsewhere:
            return ours
        there = {names.key(dn) for dn in self._dns(self._with_above(set().union(*wanted.values())))}
        return ours + [
            (entry, named)
            for entry in self._naming(elsewhere)
            if names.key(names.parent(entry.dn)) in there and (named := self._members(entry, elsewhere))
        ]

    def _names_another_unit(self, ids: Collection[HsaId]) -> bool:
        return any(one != self._unit_id and self._unit(one) is not None for one in ids)

    def _with_above(self, ids: set[HsaId]) -> set[HsaId]:
        return ids.union(*(self._parents.get(one, ()) for one in ids))

    def _dns(self, ids: Iterable[HsaId]) -> list[str]:
        """The names of the units with these ids, in a steady order."""
        places = (place for one in ids for place in self._places.get(one, ()))
        return sorted({place.unit.dn for place in places if place.unit is not None})

    def _commissions_below(self, dn: str) -> list[Entry]:
        key = names.key(dn)
        if key not in self._below:
            layout = self._layout
            wanted = filters.all_of(
                filters.class_is(layout.commission_classes), filters.present(layout.commission_members)
            )
            self._below[key] = self._lookups.below(
                dn, wanted, mapping.commission_attributes(layout), only=None
            )
        return self._below[key]
