"""What attributes of given entries hold now: each found by its DN, and by its HSA-id where it has moved.

A DN is an address: another person may be there now, and the person who was there may be elsewhere.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from provisioning.directory.ldap.connection import Entry, Only
from provisioning.directory.reading import fitting, mapping
from provisioning.directory.reading.entries import EntryPlace, Lookups
from provisioning.directory.reading.readability import Readability
from provisioning.errors import DirectoryTruncated
from provisioning.rules import names
from provisioning.rules.hsa import Attribute, HsaId

UNREADABLE = "directory.unreadable_attribute"
FEW = 10  # so many are a proof, asked about afresh; more are a poll, which asks again anyway


@dataclass(frozen=True, slots=True)
class ValuePlace:
    """An attribute of an entry: under the name it was last seen with, and by its HSA-id where it has one."""

    dn: str
    attribute: Attribute
    entry_id: HsaId | None = None  # None: known by its name alone


@dataclass(frozen=True, slots=True)
class ValuesNow:
    """What stands there now. `dn` is where the entry is now; `values` None: there is no such entry."""

    dn: str
    values: tuple[str, ...] | None = None
    code: str = ""  # why it is not known, where it is not; then nothing may follow from it

    @property
    def is_known(self) -> bool:
        return not self.code


def find(
    lookups: Lookups,
    readability: Readability,
    places: Collection[ValuePlace],
    *,
    only: Collection[HsaId] | None,
    is_poll: bool = False,
) -> dict[ValuePlace, ValuesNow]:
    """One search for a hundred names, and a second one by HSA-id for those only that are not under theirs."""
    found: dict[ValuePlace, ValuesNow] = {}
    for attribute in Attribute:
        wanted = [place for place in places if place.attribute is attribute]
        if wanted:
            look = _ValuesLook(
                lookups, readability, attribute, only, afresh=len(wanted) <= FEW and not is_poll
            )
            found |= look.find(wanted)
    return found


class _ValuesLook:
    """A look at one attribute of many entries. Made for one question and thrown away."""

    def __init__(
        self,
        lookups: Lookups,
        readability: Readability,
        attribute: Attribute,
        only: Collection[HsaId] | None,
        *,
        afresh: bool,
    ):
        layout = lookups.layout
        self._lookups, self._readability, self._layout = lookups, readability, layout
        self._is_role = attribute is Attribute.SYSTEM_ROLE
        self._attribute, self._afresh = attribute, afresh
        self._name = layout.system_roles if self._is_role else layout.commission_members
        self._place = EntryPlace.PERSONS if self._is_role else EntryPlace.UNITS
        self._classes = layout.person_classes if self._is_role else layout.commission_classes
        self._persons = None if self._is_role else only
        beginnings = tuple(one.bare for one in self._persons or ())
        self._only = Only(self._name, beginnings) if beginnings else None

    def find(self, places: Collection[ValuePlace]) -> dict[ValuePlace, ValuesNow]:
        attributes = [self._name, self._layout.hsa_identity]
        entries = self._lookups.by_dns([place.dn for place in places], attributes, only=self._only)
        found: dict[ValuePlace, ValuesNow] = {}
        missing: list[ValuePlace] = []
        for place in places:
            entry = entries.get(names.key(place.dn))
            if entry is not None and self._is_its(entry, place):
                found[place] = self._held(entry)
            elif place.entry_id is not None:
                missing.append(place)
            else:
                found[place] = ValuesNow(place.dn)
        return found | self._by_ids(missing) if missing else found

    def _is_its(self, entry: Entry, place: ValuePlace) -> bool:
        """Somebody else may have got the name meanwhile. An entry that shows no id is taken at its name."""
        text = entry.first(self._layout.hsa_identity) if entry.is_whole(self._layout.hsa_identity) else None
        return place.entry_id is None or text is None or HsaId(text) == place.entry_id

    def _by_ids(self, places: Collection[ValuePlace]) -> dict[ValuePlace, ValuesNow]:
        """Where the entries stand now. Of two with one id none is chosen."""
        identity = self._layout.hsa_identity
        attributes = ["objectClass", self._name, identity]
        ids = [place.entry_id for place in places if place.entry_id is not None]
        entries: dict[HsaId, list[Entry]] = {}
        for entry in self._lookups.by_hsa_ids(self._place, ids, attributes, only=self._only):
            is_one = mapping.is_person if self._is_role else mapping.is_commission
            if is_one(entry, self._layout):
                entries.setdefault(HsaId(entry.first(identity) or ""), []).append(entry)
        nowhere = self._nowhere() if len(entries) < len(set(ids)) else ""
        return {place: self._found(place, entries, nowhere) for place in places}

    def _nowhere(self) -> str:
        """Why somebody not found may be there all the same; empty where that is certain."""
        identity = self._layout.hsa_identity
        is_searchable = self._readability.is_searchable(self._place, self._classes, identity)
        return "" if is_searchable else UNREADABLE

    def _found(self, place: ValuePlace, entries: Mapping[HsaId, list[Entry]], nowhere: str) -> ValuesNow:
        theirs = entries.get(place.entry_id, []) if place.entry_id is not None else []
        if len(theirs) > 1:
            return ValuesNow(place.dn, code=UNREADABLE)
        return self._held(theirs[0]) if theirs else ValuesNow(place.dn, code=nowhere)

    def _held(self, entry: Entry) -> ValuesNow:
        """An entry of which only a part came is unknown, and no other entry with it."""
        try:
            if self._is_hidden(entry):
                return ValuesNow(entry.dn, code=UNREADABLE)
            held = entry.values(self._name)
        except DirectoryTruncated as error:
            return ValuesNow(entry.dn, code=error.code)
        if self._persons is not None:
            held = tuple(value for value in held if mapping.to_coupling(value).person_id in self._persons)
        return ValuesNow(entry.dn, fitting.values(held))

    def _is_hidden(self, entry: Entry) -> bool:
        if entry.has(self._name):
            return False
        if not self._is_role:
            # Empty may mean that the server spared us the others' values: a Compare would mislead.
            return not self._readability.is_searchable(self._place, self._classes, self._name)
        kind = self._attribute.value
        return bool(self._readability.hidden(entry, kind, [self._name], afresh=self._afresh))
