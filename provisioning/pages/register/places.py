"""A unit with what stands below it, asked of the directory in one search."""

from __future__ import annotations

from provisioning.directory import open_directory
from provisioning.errors import DirectoryError
from provisioning.rules.hsa import HsaId

MOST = 4000


def keys(place_id: HsaId, *, below: bool) -> tuple[list[str], bool]:
    """The keys of the place and, if asked for, of all below it; and whether that could be found out."""
    if not below:
        return [place_id.folded], True
    try:
        directory = open_directory()
        unit = directory.unit(place_id)
        entry = unit or directory.provider(place_id)
        if entry is None:
            return [place_id.folded], True
        found = [place_id, *(unit.member_ids if unit else ()), *directory.units_below(entry.dn)]
    except DirectoryError:
        return [place_id.folded], False
    return list(dict.fromkeys(one.folded for one in found))[:MOST], True
