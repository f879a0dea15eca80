"""Who administers an entry in KIV, and what a person administers: two ways to say it.

Source: VGR's open code (hsatools): walk the DN and all its ancestors; persons with
`(vgrManagedObjects=<DN>)` and an admin type for units. Other regions keep groups.
"""

from __future__ import annotations

from collections.abc import Iterable

from provisioning.directory.layout import Administrators
from provisioning.directory.ldap import filters
from provisioning.directory.reading import mapping
from provisioning.directory.reading.entries import EntryPlace, Lookups
from provisioning.rules import names
from provisioning.rules.hsa import HsaId, Person


def administrators_of(lookups: Lookups, dn: str) -> tuple[Person, ...]:
    """The persons who administer this entry or one above it, each once, nearest entry first."""
    line = [dn, *names.ancestors(dn)]
    if lookups.layout.administrators is Administrators.GROUP:
        return _persons_in_groups(lookups, line)
    return _persons_with_objects(lookups, line)


def managed_dns(lookups: Lookups, hsa_id: HsaId) -> tuple[str, ...]:
    """The names of the entries this person administers; what stands below them is theirs, too."""
    layout = lookups.layout
    wanted = ["objectClass", layout.hsa_identity, layout.managed_objects, layout.admin_type]
    persons = [
        entry
        for entry in lookups.by_hsa_ids(EntryPlace.PERSONS, [hsa_id], wanted)
        if mapping.is_person(entry, layout)
    ]
    if layout.administrators is Administrators.GROUP:
        return tuple(dn for entry in persons for dn in _dns_of_groups(lookups, entry.dn))
    allowed = {letter.casefold() for letter in layout.admin_types}
    return tuple(
        names.tidy(dn)
        for entry in persons
        if allowed & {value.strip().casefold() for value in entry.values(layout.admin_type)}
        for dn in entry.values(layout.managed_objects)
    )


def _persons_with_objects(lookups: Lookups, line: list[str]) -> tuple[Person, ...]:
    layout = lookups.layout
    wanted = filters.all_of(
        # Where the attribute is text to the server, it compares how the name is written.
        filters.any_of(
            filters.equals(layout.managed_objects, written)
            for dn in line
            for written in names.ways_to_write(dn)
        ),
        filters.any_of(filters.equals(layout.admin_type, letter) for letter in layout.admin_types),
    )
    attributes = [*mapping.person_attributes(layout), layout.managed_objects]
    nearness = {names.key(dn): step for step, dn in enumerate(line)}
    found: list[tuple[int, Person]] = []
    for entry in lookups.search(EntryPlace.PERSONS, wanted, attributes, is_paged=True):
        person = mapping.to_person(entry, layout) if mapping.is_person(entry, layout) else None
        if person is not None:
            # Each person found administers one of them; a list that came in part does not say which.
            is_whole = entry.is_whole(layout.managed_objects)
            managed = map(names.key, entry.values(layout.managed_objects) if is_whole else ())
            found.append((min((nearness.get(key, len(line)) for key in managed), default=len(line)), person))
    return _each_once(person for _, person in sorted(found, key=lambda pair: (pair[0], pair[1].dn)))


def _group_filter(lookups: Lookups) -> str:
    layout = lookups.layout
    return filters.all_of(
        filters.class_is(layout.admin_group_classes), filters.equals("cn", layout.admin_group_name)
    )


def _persons_in_groups(lookups: Lookups, line: list[str]) -> tuple[Person, ...]:
    layout = lookups.layout
    members: dict[names.Key, str] = {}
    for dn in line:
        for group in lookups.below(dn, _group_filter(lookups), [layout.admin_group_members], only=None):
            members |= {names.key(member): member for member in group.values(layout.admin_group_members)}
    entries = lookups.by_dns(members.values(), mapping.person_attributes(layout))
    ordered = (entries[key] for key in members if key in entries)
    return _each_once(mapping.persons_in(ordered, layout))


def _dns_of_groups(lookups: Lookups, person_dn: str) -> list[str]:
    wanted = filters.all_of(
        _group_filter(lookups), filters.equals(lookups.layout.admin_group_members, person_dn)
    )
    return [
        names.parent(group.dn) for group in lookups.search(EntryPlace.UNITS, wanted, ["cn"], is_paged=True)
    ]


def _each_once(persons: Iterable[Person]) -> tuple[Person, ...]:
    return tuple({person.hsa_id: person for person in reversed(list(persons))}.values())[::-1]
