"""Entries that get another place in the directory, and keep their HSA-ids."""

from __future__ import annotations

from provisioning.demo.directory.make_demo import PERSONS, person_dn
from provisioning.demo.directory.server import MockDirectory

OLD_DN = person_dn(1005)
NEW_BASE = PERSONS.replace("ou=Personal", "ou=Flyttade")
NEW_DN = OLD_DN.replace(PERSONS, NEW_BASE)


def move(directory: MockDirectory, old: str, new: str) -> None:
    """The entry with all that stands below it gets another name, and keeps its HSA-id."""
    store = directory.store
    below = [entry.record() for entry in store._entries.values() if entry.dn.lower().endswith(old.lower())]
    for dn, _pairs in sorted(below, key=lambda record: -len(record[0])):
        store.delete(dn)
    for dn, pairs in sorted(below, key=lambda record: len(record[0])):
        store.add(dn[: len(dn) - len(old)] + new, pairs)


def open_another_place(directory: MockDirectory) -> None:
    """Where persons can move to."""
    if directory.store.get(NEW_BASE) is None:
        directory.store.add(NEW_BASE, [("objectClass", b"organizationalUnit"), ("ou", b"Flyttade")])
