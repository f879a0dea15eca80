"""One full reading for an assessment: a person, their commissions, and what these hang on.

Six or seven searches, whatever the number of commissions. A part that could not be read completely
becomes a Problem of the reading; a directory that does not answer at all raises.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime
from typing import TypeVar

from provisioning.directory.ldap import filters
from provisioning.directory.ldap.connection import Entry, Only
from provisioning.directory.reading import mapping
from provisioning.directory.reading.entries import EntryPlace, Lookups
from provisioning.directory.reading.readability import Readability
from provisioning.errors import DirectoryTruncated
from provisioning.rules import names
from provisioning.rules.hsa import Commission, HsaId, Part, Person, Problem, Provider, Reading, Unit
from provisioning.rules.services.catalogue import ids_named_in

T = TypeVar("T", Unit, Provider)

UNREADABLE = "directory.unreadable_attribute"


class Look:
    """A reading in the making. Made for one question and thrown away."""

    def __init__(self, lookups: Lookups, readability: Readability, person_id: HsaId):
        self._lookups = lookups
        self._layout = lookups.layout
        self._readability = readability
        self._person_id = person_id
        self._person: Person | None = None
        self._others: tuple[Person, ...] = ()
        self._units: dict[HsaId, Unit | None] = {}
        self._providers: dict[HsaId, Provider | None] = {}
        self._parents: dict[HsaId, tuple[Unit, ...]] = {}
        self._above: dict[names.Key, Entry] = {}  # entries of units and providers, by DN
        self._commissions: dict[names.Key, Entry] = {}
        self._problems: dict[Problem, None] = {}

    def reading(self, unit_ids: Collection[HsaId], provider_ids: Collection[HsaId]) -> Reading:
        """Look, in the order in which one answer leads to the next question."""
        read_at = datetime.now(UTC)
        self._read_person()
        self._read_couplings()
        named = {identity for role in self._roles() for identity in ids_named_in(role)}
        self._read_organisation({*unit_ids, *provider_ids, *named}, below={*unit_ids, *named})
        self._read_unit_commissions(unit_ids)
        self._read_commissions_above()
        self._read_providers()
        return Reading(
            read_at=read_at,
            person_id=self._person_id,
            person=self._person,
            other_identities=self._others,
            commissions=self._as_commissions(),
            units=self._units,
            providers=self._providers,
            parents=self._parents,
            problems=tuple(self._problems),
        )

    # The person

    def _read_person(self) -> None:
        with self._part(Part.PERSON, Part.SYSTEM_ROLES, Part.PROFESSION, Part.IDENTITIES):
            self._read_own_entry()

    def _read_own_entry(self) -> None:
        layout = self._layout
        wanted = [*mapping.person_attributes(layout), *layout.same_human]
        found = self._lookups.by_hsa_ids(EntryPlace.PERSONS, [self._person_id], wanted)
        entries = [entry for entry in found if mapping.is_person(entry, layout)]
        if not entries:
            if not self._readability.is_searchable(
                EntryPlace.PERSONS, layout.person_classes, layout.hsa_identity
            ):
                self._note(UNREADABLE, layout.hsa_identity, *Part)
            return
        if len(entries) > 1:
            # Two entries with one HSA-id: which of them the services would see, nobody can say.
            self._note(UNREADABLE, layout.hsa_identity, Part.PERSON, Part.SYSTEM_ROLES, Part.PROFESSION)
            return
        self._person = mapping.to_person(entries[0], layout)
        if self._person is not None:
            self._check_person(entries[0], self._person)
            self._read_other_identities(entries[0])

    def _check_person(self, entry: Entry, person: Person) -> None:
        layout = self._layout
        self._demand_classes(entry)
        profession = (layout.titles, layout.title_codes, layout.group_prescription_codes)
        groups = (
            (Part.SYSTEM_ROLES, (layout.system_roles,), True),
            (Part.PROFESSION, profession, person.is_protected),
            (Part.PERSON, layout.end, person.is_protected),
        )
        for part, attributes, afresh in groups:
            for attribute in self._readability.hidden(entry, "person", attributes, afresh=afresh):
                self._note(UNREADABLE, attribute, part)

    def _read_other_identities(self, entry: Entry) -> None:
        """Other person entries of the same human, by an attribute whose value stays in here."""
        layout = self._layout
        terms = [filters.equals(name, value) for name in layout.same_human for value in entry.values(name)]
        if not terms:
            return
        wanted = mapping.person_attributes(layout)
        with self._part(Part.IDENTITIES):
            found = self._lookups.by_terms(EntryPlace.PERSONS, terms, wanted)
            persons = mapping.persons_in(found, layout)
            self._others = tuple(person for person in persons if person.hsa_id != self._person_id)

    def _ids(self) -> list[HsaId]:
        """Every HSA-id of the human, the asked one first; a blank one would find everybody."""
        ids = [self._person_id, *(person.hsa_id for person in self._others)]
        return [identity for identity in ids if identity.bare]

    def _roles(self) -> Iterator[str]:
        for person in (self._person, *self._others):
            if person is not None:
                yield from person.system_roles

    # Commissions

    def _only_ours(self) -> Only:
        return Only(self._layout.commission_members, tuple(identity.bare for identity in self._ids()))

    def _read_couplings(self) -> None:
        """Every commission that names one of the human's ids; a longer id that begins so is no hit."""
        layout = self._layout
        terms = [filters.begins(layout.commission_members, identity.bare) for identity in self._ids()]
        if not terms:
            return
        with self._part(Part.COMMISSIONS):
            found = self._lookups.search(
                EntryPlace.UNITS,
                filters.any_of(terms),
                mapping.commission_attributes(layout),
                only=self._only_ours(),
                is_paged=True,
            )
            ids = set(self._ids())
            ours = [entry for entry in found if self._names_one_of(entry, ids)]
            self._keep_commissions(ours, Part.COMMISSIONS)
            if not ours and not self._readability.is_searchable(
                EntryPlace.UNITS, layout.commission_classes, layout.commission_members
            ):
                parts = (Part.COMMISSIONS, Part.UNIT_COMMISSIONS)
                self._note(UNREADABLE, layout.commission_members, *parts)

    def _names_one_of(self, entry: Entry, ids: Collection[HsaId]) -> bool:
        return any(
            mapping.to_coupling(value).person_id in ids
            for value in entry.values(self._layout.commission_members)
        )

    def _read_unit_commissions(self, unit_ids: Collection[HsaId]) -> None:
        """All commissions directly under the ordered units, and under the care units above sub-units."""
        layout = self._layout
        wanted = {unit.dn: None for identity in unit_ids if (unit := self._units.get(identity)) is not None}
        wanted |= {unit.dn: None for identity in unit_ids for unit in self._parents.get(identity, ())}
        for dn in wanted:
            with self._part(Part.UNIT_COMMISSIONS):
                found = self._lookups.below(
                    dn,
                    filters.class_is(layout.commission_classes),
                    mapping.commission_attributes(layout),
                    only=self._only_ours(),
                )
                self._keep_commissions(found, Part.UNIT_COMMISSIONS)

    def _keep_commissions(self, entries: Iterable[Entry], part: Part) -> None:
        """A commission without a purpose is a near miss; one whose purpose is hidden is unknown."""
        layout = self._layout
        for entry in entries:
            if names.key(entry.dn) in self._commissions:
                continue
            for attribute in mapping.commission_attributes(layout):
                entry.values(attribute)  # one of which only a part came spoils the part of the reading here
            self._commissions[names.key(entry.dn)] = entry
            required = (layout.commission_purpose, layout.hsa_identity)
            for attribute in self._readability.hidden(entry, "commission", required, afresh=True):
                self._note(UNREADABLE, attribute, part)

    def _read_commissions_above(self) -> None:
        """The entries above the commissions: their units, as a rule already known."""
        layout = self._layout
        above = {names.parent(entry.dn) for entry in self._commissions.values()}
        missing = [dn for dn in above if dn and names.key(dn) not in self._above]
        with self._part(Part.UNITS):
            found = self._lookups.by_dns(missing, mapping.organisation_attributes(layout))
            self._keep_organisation(found.values())

    def _as_commissions(self) -> tuple[Commission, ...]:
        ids = set(self._ids())
        return tuple(
            mapping.to_commission(
                entry, self._layout, above=self._above.get(names.key(names.parent(entry.dn))), person_ids=ids
            )
            for _, entry in sorted(self._commissions.items())
        )

    # Units and providers

    def _read_organisation(self, ids: Collection[HsaId], *, below: Collection[HsaId]) -> None:
        """Units and providers with these ids, and the care units that list the ids in `below`."""
        layout = self._layout
        terms = [filters.equals(layout.hsa_identity, identity.bare) for identity in ids]
        terms += [filters.equals(layout.unit_members, identity.bare) for identity in below]
        if not terms:
            return
        attributes = mapping.organisation_attributes(layout)
        with self._part(Part.UNITS, Part.PROVIDERS):
            self._keep_organisation(self._lookups.by_terms(EntryPlace.UNITS, terms, attributes))
            missing = [
                filters.equals(layout.hsa_identity, identity.bare)
                for identity in ids
                if self._units.get(identity) is None and self._providers.get(identity) is None
            ]
            if missing:
                self._keep_organisation(self._lookups.above_base(missing, attributes))
            self._conclude(ids, below)

    def _conclude(self, ids: Collection[HsaId], below: Collection[HsaId]) -> None:
        """What was asked for and not found is now known not to exist."""
        for identity in ids:
            self._units.setdefault(identity, None)
            self._providers.setdefault(identity, None)
        for identity in below:
            self._parents[identity] = tuple(
                unit
                for unit in self._units.values()
                if unit is not None and identity in unit.member_ids and unit.hsa_id != identity
            )
        nothing = not any(self._units.values()) and not any(self._providers.values())
        if nothing and ids and not self._is_identity_searchable():
            self._note(UNREADABLE, self._layout.hsa_identity, Part.UNITS, Part.PROVIDERS)

    def _is_identity_searchable(self) -> bool:
        layout = self._layout
        return self._readability.is_searchable(EntryPlace.UNITS, layout.unit_classes, layout.hsa_identity)

    def _keep_organisation(self, entries: Iterable[Entry]) -> None:
        layout = self._layout
        for entry in entries:
            if names.key(entry.dn) in self._above:
                continue
            self._above[names.key(entry.dn)] = entry
            self._demand_classes(entry)
            if mapping.is_unit(entry, layout):
                unit = mapping.to_unit(entry, layout)
                self._keep(self._units, unit, Part.UNITS)
                self._check_organisation(entry, "unit", Part.UNITS)
            if mapping.is_provider(entry, layout):
                provider = mapping.to_provider(entry, layout)
                self._keep(self._providers, provider, Part.PROVIDERS)
                self._check_organisation(entry, "provider", Part.PROVIDERS)

    def _keep(self, kept: dict[HsaId, T | None], value: T | None, part: Part) -> None:
        if value is None:
            return
        if kept.get(value.hsa_id) is not None:
            self._note(UNREADABLE, self._layout.hsa_identity, part)
        kept[value.hsa_id] = value

    def _check_organisation(self, entry: Entry, kind: str, part: Part) -> None:
        layout = self._layout
        attributes = [*layout.start, *layout.end]
        if kind == "unit":
            attributes += [layout.unit_provider, layout.unit_members]
        for attribute in self._readability.hidden(entry, kind, attributes):
            self._note(UNREADABLE, attribute, part)

    def _read_providers(self) -> None:
        """Providers of all units, and the care units above sub-units that only a commission led to."""
        below = {
            unit.hsa_id
            for unit in self._known_units()
            if not unit.is_care_unit and unit.hsa_id not in self._parents
        }
        # Care units found here have providers too, as a rule the same ones: hence at most twice.
        for unasked in (below, set[HsaId]()):
            wanted = {unit.provider_id for unit in self._known_units() if unit.provider_id is not None}
            self._read_organisation(wanted - self._providers.keys(), below=unasked)

    def _known_units(self) -> list[Unit]:
        return [unit for unit in self._units.values() if unit is not None]

    # What went wrong

    def _demand_classes(self, entry: Entry) -> None:
        """Every entry has classes: none seen means that they are hidden, and searches by class blind."""
        if not entry.values("objectClass"):
            self._note(UNREADABLE, "objectClass", *Part)

    @contextlib.contextmanager
    def _part(self, *parts: Part) -> Iterator[None]:
        """An answer cut short spoils these parts of the reading, not the rest."""
        try:
            yield
        except DirectoryTruncated as error:
            self._note(error.code, "", *parts)

    def _note(self, code: str, about: str, *parts: Part) -> None:
        for part in parts:
            self._problems[Problem(code, part, about)] = None
