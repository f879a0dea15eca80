"""What given attributes hold right now: the proof that a change was made, many entries at a time."""

from __future__ import annotations

from collections.abc import Collection

from provisioning.directory.ldap.connection import Entry, Only
from provisioning.directory.ldap.troubles import Trouble, marked
from provisioning.directory.reading import fitting, mapping, names
from provisioning.directory.reading.lookups import EntryPlace, Lookups
from provisioning.directory.reading.readability import Readability
from provisioning.errors import DirectoryRefused
from provisioning.rules.hsa import Attribute, HsaId

FEW = 10  # so many are a proof, asked about afresh; more are a poll, which asks again anyway

Wanted = tuple[str, Attribute]


def values(
    lookups: Lookups,
    readability: Readability,
    wanted: Collection[Wanted],
    *,
    only: Collection[HsaId] | None,
    is_poll: bool = False,
) -> dict[Wanted, tuple[str, ...] | None]:
    """Current values by (DN, attribute); None where no entry has the DN. See `Directory.values`."""
    found: dict[Wanted, tuple[str, ...] | None] = {}
    for attribute in Attribute:
        dns = [dn for dn, name in wanted if name is attribute]
        if not dns:
            continue
        name = _name_of(attribute, lookups)
        ours = only if attribute is Attribute.COMMISSION_MEMBER else None
        beginnings = tuple(identity.bare for identity in ours or ())
        entries = lookups.by_dns(dns, [name], only=Only(name, beginnings) if beginnings else None)
        afresh = len(dns) <= FEW and not is_poll
        for dn in dns:
            entry = entries.get(names.key(dn))
            if entry is not None and _is_hidden(entry, attribute, name, lookups, readability, afresh=afresh):
                raise marked(DirectoryRefused(code="directory.unreadable_attribute"), Trouble.HIDDEN)
            found[dn, attribute] = None if entry is None else _held(entry, attribute, name, only=only)
    return found


def _name_of(attribute: Attribute, lookups: Lookups) -> str:
    layout = lookups.layout
    return layout.system_roles if attribute is Attribute.SYSTEM_ROLE else layout.commission_members


def _is_hidden(
    entry: Entry, attribute: Attribute, name: str, lookups: Lookups, readability: Readability, *, afresh: bool
) -> bool:
    if entry.values(name):
        return False
    if attribute is Attribute.COMMISSION_MEMBER:
        # Empty may mean that the server spared us the others' values: a Compare would mislead.
        return not readability.is_searchable(EntryPlace.UNITS, lookups.layout.commission_classes, name)
    return bool(readability.hidden(entry, attribute.value, [name], afresh=afresh))


def _held(
    entry: Entry, attribute: Attribute, name: str, *, only: Collection[HsaId] | None
) -> tuple[str, ...]:
    held = entry.values(name)
    if attribute is Attribute.COMMISSION_MEMBER and only is not None:
        held = tuple(value for value in held if mapping.to_coupling(value).person_id in only)
    return fitting.values(held)
