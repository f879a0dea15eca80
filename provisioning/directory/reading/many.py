"""Readings of many persons: hundreds in a few searches, their units and providers asked for once.

For sweeps, and for their second look at what was not there. What an assessment of an order takes besides
(all commissions of a unit, other HSA-ids of the same human) is not asked for and stands as a gap. Memory is
bounded by the organisation's size and by what is held of so many persons at once, never by their number.
"""

from __future__ import annotations

import itertools
import logging
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from provisioning.directory.ldap import filters
from provisioning.directory.ldap.connection import Entry, Only
from provisioning.directory.ldap.troubles import Trouble, trouble_of
from provisioning.directory.reading import mapping
from provisioning.directory.reading import members as reading_members
from provisioning.directory.reading.entries import EntryPlace, Lookups
from provisioning.directory.reading.members import Register
from provisioning.directory.reading.person import UNREADABLE
from provisioning.directory.reading.readability import Readability
from provisioning.errors import (
    DirectoryError,
    DirectoryRefused,
    DirectoryTruncated,
    DirectoryUnavailable,
)
from provisioning.rules import names as reading_names
from provisioning.rules.hsa import Commission, HsaId, Part, Person, Problem, Provider, Reading, Unit
from provisioning.rules.services.catalogue import ids_named_in

log = logging.getLogger(__name__)

NOT_ASKED = tuple(
    Problem("directory.truncated", part, "not asked") for part in (Part.IDENTITIES, Part.UNIT_COMMISSIONS)
)
AT_ONCE = 50_000  # persons whose ids, and couplings where all commissions are gone through, are held
AGAIN_AT_ONCE = 20  # persons in the searches of a second look
BY_ID_AT_ONCE = 250  # persons, or other ids, in one search: half a page where each is one entry
HIDDEN_IN = 3  # plain entries; few have a rule of their own, so what is hidden in so many is hidden in all
KEPT_AT_MOST = 50_000  # organisation entries remembered; more than any region has

# So many questions in a row without an answer: then it is not a few entries that the server fails about.
SILENCES, REFUSALS = 10, 300  # a batch halved down to one person takes nine
ENTRY_FAILED = "entry failed"  # instead of the attribute's name: nobody foresaw what stands there
# What reading an odd entry may raise. Not the end of the time a worker has, nor an error of the database.
UNFORESEEN = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
# No smaller question would be answered.
OF_THE_CONNECTION = frozenset(
    {
        Trouble.ADDRESS,
        Trouble.UNPROTECTED,
        Trouble.CERTIFICATE,
        Trouble.CLIENT_CERTIFICATE,
        Trouble.OWN_CERTIFICATE,
        Trouble.TLS,
        Trouble.CREDENTIALS,
        Trouble.BIND_NAME,
        Trouble.BLANK_SECRET,
        Trouble.PROTECTION,
        Trouble.NOT_ALLOWED,
        Trouble.NO_BASE,
    }
)

Wanted = tuple[HsaId, Collection[HsaId]]  # a person, and the units and providers to look up besides
Couplings = tuple[Entry, dict[HsaId, tuple[str, ...]]]  # a commission, and its couplings by person


@dataclass(frozen=True, slots=True)
class _Place:
    """What an organisational entry is, and what of it could not be read."""

    unit: Unit | None = None
    provider: Provider | None = None
    problems: tuple[Problem, ...] = ()


class Batches:
    """One sweep's readings. Made for one sweep and thrown away: what it remembers grows old.

    `decides`: what is not there decides something now. Then what is empty is asked about by the rules of
    each person's own entry, and every answer is from now: no register of all commissions.
    """

    def __init__(self, lookups: Lookups, readability: Readability, *, decides: bool = False):
        self._lookups = lookups
        self._layout = lookups.layout
        self._readability = readability
        self._decides = decides
        self._entries: dict[reading_names.Key, Entry | None] = {}  # organisation, by DN; None: there is none
        self._places: dict[HsaId, tuple[_Place, ...]] = {}  # by id; empty: there is none
        self._parents: dict[HsaId, tuple[HsaId, ...]] = {}
        self._hidden: Counter[tuple[str, str]] = Counter()  # in how many plain entries
        # What of a person decides something by being empty.
        self._decisive: dict[Part, tuple[str, ...]] = {
            Part.SYSTEM_ROLES: (self._layout.system_roles,),
            Part.PROFESSION: (
                self._layout.titles,
                self._layout.title_codes,
                self._layout.group_prescription_codes,
            ),
            Part.PERSON: self._layout.end,
        }
        self._register: Register | None = None
        self._in_a_row = 0  # questions without an answer

    def readings(self, wanted: Iterable[Wanted]) -> Iterator[Reading]:
        """One reading per person, in the order asked.

        What cannot be read of one person is unknown of that person alone. Raises DirectoryError where the
        directory itself does not answer: nothing is known any more.
        """
        remaining = iter(wanted)
        while some := list(itertools.islice(remaining, AT_ONCE)):
            self._register = self._go_through_all([person_id for person_id, _ in some])
            at_once = self._at_once
            for begin in range(0, len(some), at_once):
                if len(self._entries) > KEPT_AT_MOST:
                    self._entries, self._places, self._parents = {}, {}, {}
                yield from self._read(dict(some[begin : begin + at_once]))

    @property
    def _at_once(self) -> int:
        return AGAIN_AT_ONCE if self._decides else BY_ID_AT_ONCE

    def _go_through_all(self, ids: Collection[HsaId]) -> Register | None:
        """The commissions of very many persons; None where they are asked for a hundred persons at a time."""
        if self._decides or len(ids) < reading_members.WORTH_IT_FROM:
            return None
        try:
            return Register(self._lookups, ids)
        except (DirectoryTruncated, DirectoryRefused):
            return None  # all of them are more than this account gets, or one of them stands in the way

    def _read(self, batch: Mapping[HsaId, Collection[HsaId]]) -> Iterator[Reading]:
        """What fails is asked for again in halves; of one person alone it is a gap, and costs nobody else."""
        try:
            readings = self._read_whole(batch)
        except DirectoryError as error:
            self._bear(error)
            halves = self._halves(batch) if trouble_of(error) is not Trouble.ELSEWHERE else ()
            yield from self._in_halves(halves) if halves else _failed(batch, error.code, "")
        except UNFORESEEN as error:
            halves = self._halves(batch)
            if not halves:
                log.error("an entry could not be read: %s", type(error).__name__)
            yield from self._in_halves(halves) if halves else _failed(batch, UNREADABLE, ENTRY_FAILED)
        else:
            self._in_a_row = 0
            yield from readings

    def _bear(self, error: DirectoryError) -> None:
        """Raise it again where the directory does not answer others either."""
        if trouble_of(error) in OF_THE_CONNECTION:
            raise error
        if isinstance(error, DirectoryTruncated):
            return
        self._in_a_row += 1
        if self._in_a_row >= (SILENCES if isinstance(error, DirectoryUnavailable) else REFUSALS):
            raise error

    def _in_halves(self, halves: Iterable[Mapping[HsaId, Collection[HsaId]]]) -> Iterator[Reading]:
        for half in halves:
            yield from self._read(half)

    @staticmethod
    def _halves(
        batch: Mapping[HsaId, Collection[HsaId]],
    ) -> tuple[Mapping[HsaId, Collection[HsaId]], ...]:
        """Empty where there is only one."""
        items = list(batch.items())
        middle = len(items) // 2
        return (dict(items[:middle]), dict(items[middle:])) if middle else ()

    def _read_whole(self, batch: Mapping[HsaId, Collection[HsaId]]) -> list[Reading]:
        # A reading is as old as its oldest part.
        read_at = self._register.read_at if self._register is not None else datetime.now(UTC)
        persons, problems = self._read_persons(batch)
        wanted = {person_id: set(ids) for person_id, ids in batch.items()}
        for person_id, person in persons.items():
            wanted[person_id] |= {one for role in person.system_roles for one in ids_named_in(role)}
        commissions = self._read_commissions(wanted, problems)
        for person_id, found in commissions.items():
            wanted[person_id] |= {one.unit_id for one in found if one.unit_id is not None}
        self._read_places(itertools.chain.from_iterable(wanted.values()))
        return [
            self._reading(
                person_id,
                read_at,
                persons.get(person_id),
                commissions.get(person_id, []),
                wanted[person_id],
                problems[person_id],
            )
            for person_id in batch
        ]

    # Persons

    def _read_persons(
        self, ids: Collection[HsaId]
    ) -> tuple[dict[HsaId, Person], defaultdict[HsaId, list[Problem]]]:
        layout = self._layout
        problems: defaultdict[HsaId, list[Problem]] = defaultdict(list)
        persons: dict[HsaId, Person] = {}
        doubled: set[HsaId] = set()
        attributes = mapping.person_attributes(layout)
        found = [
            (entry, person)
            for entry in self._lookups.by_hsa_ids(EntryPlace.PERSONS, ids, attributes, at_once=BY_ID_AT_ONCE)
            if mapping.is_person(entry, layout) and (person := mapping.to_person(entry, layout)) is not None
        ]
        certain = self._lacking(found)
        for entry, person in found:
            person_id = HsaId(person.hsa_id.bare)
            if person_id in persons:
                doubled.add(person_id)
            persons[person_id] = person
            lacking = certain.get(entry.dn, ())
            problems[person_id] += self._person_problems(entry, self._by_own_rules(person), lacking)
        for person_id in doubled:
            del persons[person_id]
            parts = (Part.PERSON, Part.SYSTEM_ROLES, Part.PROFESSION)
            problems[person_id] += [Problem(UNREADABLE, part, layout.hsa_identity) for part in parts]
        missing = [person_id for person_id in ids if person_id not in persons and person_id not in doubled]
        if missing and not self._readability.is_searchable(
            EntryPlace.PERSONS, layout.person_classes, layout.hsa_identity
        ):
            for person_id in missing:
                problems[person_id] += [Problem(UNREADABLE, part, layout.hsa_identity) for part in Part]
        return persons, problems

    def _by_own_rules(self, person: Person) -> tuple[str, ...]:
        """Attributes that may be hidden in this entry though they are readable in others."""
        if person.is_protected:
            return tuple(itertools.chain.from_iterable(self._decisive.values()))
        return self._decisive[Part.SYSTEM_ROLES] + self._decisive[Part.PROFESSION] if self._decides else ()

    def _lacking(self, found: Collection[tuple[Entry, Person]]) -> dict[str, tuple[str, ...]]:
        """By name, which of these an entry truly lacks: one search for all that lack the same."""
        alike: defaultdict[tuple[str, ...], list[Entry]] = defaultdict(list)
        for entry, person in found:
            empty = tuple(name for name in self._by_own_rules(person) if not entry.values(name))
            if empty:
                alike[empty].append(entry)
        return {dn: names for names, some in alike.items() for dn in self._readability.lacking(some, names)}

    def _person_problems(
        self, entry: Entry, by_own_rules: Collection[str], lacking: Collection[str]
    ) -> Iterator[Problem]:
        yield from self._class_problems(entry)
        for part, attributes in self._decisive.items():
            for attribute in attributes:
                is_legible = entry.is_legible(attribute)
                if is_legible and (entry.has(attribute) or attribute in lacking):
                    continue
                if not is_legible or self._is_hidden(
                    entry, "person", attribute, afresh=attribute in by_own_rules
                ):
                    yield Problem(UNREADABLE, part, attribute)

    def _class_problems(self, entry: Entry) -> Iterator[Problem]:
        if not entry.values("objectClass"):
            yield from (Problem(UNREADABLE, part, "objectClass") for part in Part)

    def _unreadable(
        self, entry: Entry, kind: str, attributes: Iterable[str], *, afresh: bool = False
    ) -> Iterator[str]:
        """Which of those seen empty may be hidden from us."""
        for attribute in attributes:
            is_hidden = not entry.has(attribute) and self._is_hidden(entry, kind, attribute, afresh=afresh)
            if is_hidden or not entry.is_legible(attribute):
                yield attribute

    def _is_hidden(self, entry: Entry, kind: str, attribute: str, *, afresh: bool) -> bool:
        """Say so of one seen empty. What is hidden in several plain entries is not asked of the next."""
        if self._hidden[kind, attribute] >= HIDDEN_IN:
            return True
        is_hidden = bool(self._readability.hidden(entry, kind, [attribute], afresh=afresh))
        if is_hidden and not afresh:
            self._hidden[kind, attribute] += 1
        return is_hidden

    # Commissions

    def _read_commissions(
        self, wanted: Mapping[HsaId, Collection[HsaId]], problems: defaultdict[HsaId, list[Problem]]
    ) -> dict[HsaId, list[Commission]]:
        """The commissions that name these persons, each with the couplings of its person only.

        `wanted`: the units and providers asked about or named in a role, by person.
        """
        layout = self._layout
        ours = self._couplings(wanted)
        if not ours and not self._readability.is_searchable(
            EntryPlace.UNITS, layout.commission_classes, layout.commission_members
        ):
            for person_id in wanted:
                problems[person_id].append(Problem(UNREADABLE, Part.COMMISSIONS, layout.commission_members))
        commissions: defaultdict[HsaId, list[Commission]] = defaultdict(list)
        for entry, named in sorted(ours, key=lambda pair: pair[0].dn):
            required = (layout.commission_purpose, layout.hsa_identity)
            gaps = [
                Problem(UNREADABLE, Part.COMMISSIONS, attribute)
                for attribute in self._unreadable(entry, "commission", required, afresh=True)
            ]
            above = self._entries.get(reading_names.key(reading_names.parent(entry.dn)))
            for person_id, values in named.items():
                own = entry.with_values(layout.commission_members, values)
                commissions[person_id].append(
                    mapping.to_commission(own, layout, above=above, person_ids={person_id})
                )
                problems[person_id] += gaps
        return commissions

    def _couplings(self, wanted: Mapping[HsaId, Collection[HsaId]]) -> list[Couplings]:
        """The commissions of these persons; the entries that they stand under are read and remembered."""
        found = self._naming(wanted) if self._register is None else self._register.of(wanted)
        ours = [(entry, named) for entry in found if (named := self._members(entry, wanted))]
        self._read_entries(reading_names.parent(entry.dn) for entry, _ in ours)
        return ours

    def _naming(self, ids: Collection[HsaId]) -> list[Entry]:
        """Commissions with a member that begins with one of the ids."""
        layout = self._layout
        texts = tuple(person_id.bare for person_id in ids if person_id.bare)
        return self._lookups.search(
            EntryPlace.UNITS,
            filters.any_of(filters.begins(layout.commission_members, text) for text in texts),
            mapping.commission_attributes(layout),
            only=Only(layout.commission_members, texts),
            is_paged=True,
        )

    def _members(self, entry: Entry, ids: Collection[HsaId]) -> dict[HsaId, tuple[str, ...]]:
        """The values that name these persons, by person. A longer id that begins so is somebody else."""
        named: defaultdict[HsaId, tuple[str, ...]] = defaultdict(tuple)
        for value in entry.values(self._layout.commission_members):
            if (person_id := mapping.to_coupling(value).person_id) in ids:
                named[person_id] += (value,)
        return named

    # Units and providers

    def _read_entries(self, dns: Iterable[str]) -> None:
        """The entries with these names, remembered; also that there is none."""
        missing = {
            reading_names.key(dn): dn for dn in dns if dn and reading_names.key(dn) not in self._entries
        }
        if missing:
            attributes = mapping.organisation_attributes(self._layout)
            found = self._lookups.by_dns(missing.values(), attributes)
            self._entries |= dict.fromkeys(missing) | found

    def _read_places(self, ids: Iterable[HsaId]) -> None:
        """What these ids are, the care units above them, then the providers of all of them."""
        wanted = set(ids)
        self._look_up(wanted, with_parents=True)
        units = [unit for unit_id in wanted if (unit := self._unit(unit_id)) is not None]
        self._look_up({unit.provider_id for unit in units if unit.provider_id}, with_parents=False)

    def _look_up(self, ids: set[HsaId], *, with_parents: bool) -> None:
        layout = self._layout
        new = {one for one in ids if one not in self._places and one.bare}
        below = {one for one in ids if one not in self._parents and one.bare} if with_parents else set()
        terms = [filters.equals(layout.hsa_identity, one.bare) for one in new]
        terms += [filters.equals(layout.unit_members, one.bare) for one in below]
        if not terms:
            return
        attributes = mapping.organisation_attributes(layout)
        found = self._lookups.by_terms(EntryPlace.UNITS, terms, attributes, at_once=BY_ID_AT_ONCE)
        here = {HsaId((entry.first(layout.hsa_identity) or "").strip()) for entry in found}
        absent = [filters.equals(layout.hsa_identity, one.bare) for one in new - here]
        if absent:
            found += self._lookups.above_base(absent, attributes)
        self._entries |= {reading_names.key(entry.dn): entry for entry in found}
        places: defaultdict[HsaId, list[_Place]] = defaultdict(list)
        parents: defaultdict[HsaId, list[HsaId]] = defaultdict(list)
        for entry in found:
            place = self._to_place(entry)
            for value in (place.unit, place.provider):
                if value is not None and place not in places[value.hsa_id]:
                    places[value.hsa_id].append(place)
            for sub_id in place.unit.member_ids if place.unit else ():
                if place.unit is not None and sub_id in below and sub_id != place.unit.hsa_id:
                    parents[sub_id].append(place.unit.hsa_id)
        gaps = self._blindness(found)
        for one in new:
            self._places[one] = tuple(places.get(one, ())) or gaps
        for one in places:
            self._places.setdefault(one, tuple(places[one]))
        self._parents |= {one: tuple(parents.get(one, ())) for one in below}

    def _blindness(self, found: Collection[Entry]) -> tuple[_Place, ...]:
        """Where nothing was found: nothing there, or nothing shown?"""
        layout = self._layout
        if found or self._readability.is_searchable(
            EntryPlace.UNITS, layout.unit_classes, layout.hsa_identity
        ):
            return ()
        parts = (Part.UNITS, Part.PROVIDERS)
        return (_Place(problems=tuple(Problem(UNREADABLE, part, layout.hsa_identity) for part in parts)),)

    def _to_place(self, entry: Entry) -> _Place:
        layout = self._layout
        problems = list(self._class_problems(entry))
        unit = mapping.to_unit(entry, layout) if mapping.is_unit(entry, layout) else None
        provider = mapping.to_provider(entry, layout) if mapping.is_provider(entry, layout) else None
        dates = (*layout.start, *layout.end)
        if unit is not None:
            wanted = (*dates, layout.unit_provider, layout.unit_members)
            hidden = self._unreadable(entry, "unit", wanted)
            problems += [Problem(UNREADABLE, Part.UNITS, attribute) for attribute in hidden]
        if provider is not None:
            hidden = self._unreadable(entry, "provider", dates)
            problems += [Problem(UNREADABLE, Part.PROVIDERS, attribute) for attribute in hidden]
        return _Place(unit, provider, tuple(problems))

    def _unit(self, hsa_id: HsaId) -> Unit | None:
        return next((place.unit for place in self._places.get(hsa_id, ()) if place.unit is not None), None)

    # One reading

    def _reading(
        self,
        person_id: HsaId,
        read_at: datetime,
        person: Person | None,
        commissions: list[Commission],
        wanted: set[HsaId],
        problems: list[Problem],
    ) -> Reading:
        ids = set(wanted)
        for unit_id in wanted:
            unit = self._unit(unit_id)
            if unit is not None and unit.provider_id is not None:
                ids.add(unit.provider_id)
        units: dict[HsaId, Unit | None] = {}
        providers: dict[HsaId, Provider | None] = {}
        for one in ids:
            places = self._places.get(one, ())
            found_units = [place.unit for place in places if place.unit is not None]
            found_providers = [place.provider for place in places if place.provider is not None]
            units[one] = found_units[0] if found_units else None
            providers[one] = found_providers[0] if found_providers else None
            problems += [problem for place in places for problem in place.problems]
            if len(found_units) > 1:
                problems.append(Problem(UNREADABLE, Part.UNITS, self._layout.hsa_identity))
            if len(found_providers) > 1:
                problems.append(Problem(UNREADABLE, Part.PROVIDERS, self._layout.hsa_identity))
        parents = {
            one: tuple(unit for above in self._parents[one] if (unit := self._unit(above)) is not None)
            for one in wanted
            if one in self._parents
        }
        return Reading(
            read_at=read_at,
            person_id=person_id,
            person=person,
            commissions=tuple(commissions),
            units=units,
            providers=providers,
            parents=parents,
            problems=(*dict.fromkeys(problems), *NOT_ASKED),
        )


def _failed(batch: Iterable[HsaId], code: str, about: str) -> Iterator[Reading]:
    now = datetime.now(UTC)
    problems = tuple(Problem(code, part, about) for part in Part)
    return (Reading(read_at=now, person_id=person_id, problems=problems) for person_id in batch)
