"""Where the entries of a case stand now. A DN is an address, not a person: what is stored under it may move.

An entry is known by its HSA-id. When a look finds it elsewhere, the new address is taken over inside the
operation that records the look, with an event that holds the old one and the new.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases.evidence import Seen
from provisioning.directory import Directory
from provisioning.models import Case, Finding, Grant, Removal
from provisioning.rules import names
from provisioning.rules.hsa import HsaId, Level, Reading


def place_dn(case: Case, reading: Reading) -> str:
    """Where the unit (or provider) stands in the tree now: whose administrators carry it out.

    As before, where the directory does not have it.
    """
    return _place_dn(case.unit_id, reading) or case.unit_dn


def look_up_place_dn(directory: Directory, case: Case) -> str:
    """The same by a question of its own. Raises DirectoryError."""
    look_up = directory.provider if case.level == Level.PROVIDER.value else directory.unit
    entry = look_up(case.unit_id)
    return entry.dn if entry is not None else case.unit_dn


def take_over(case: Case, moved: Mapping[str, str]) -> None:
    """Take over where the entries of its values stand now: new names by old ones. Inside its operation."""
    moved = {old: new for old, new in moved.items() if not names.is_same(old, new)}
    fields = ["changes", "asked"] if isinstance(case, Removal) else ["changes"]
    before = [getattr(case, name) for name in fields]
    for name in fields:
        setattr(case, name, [_at_new_address(data, moved) for data in getattr(case, name)])
    if isinstance(case, Removal) and case.person_dn in moved:
        case.person_dn = moved[case.person_dn]
        fields.append("person_dn")
    if [getattr(case, name) for name in fields[: len(before)]] != before:
        case.save(update_fields=fields)
        _record(case, moved)


def earlier(case: Case, dn: str, seen: Seen | None = None) -> tuple[str, ...]:
    """Where the entry of that stored name stood before, as far as is known here.

    The stored name, too, where `seen` shows that the entry stands elsewhere now.
    """
    stored: dict[str, Any] = next((data for data in case.changes if data["dn"] == dn), {})
    moved = (dn,) if seen is not None and dn in seen.moved else ()
    return (*stored.get("was", []), *moved)


def take_over_place(case: Case, dn: str) -> None:
    """Take over where its unit (or provider) stands now. Inside its operation."""
    old, case.unit_dn = case.unit_dn, dn or case.unit_dn
    if case.unit_dn != old:
        case.save(update_fields=["unit_dn"])
        if not names.is_same(old, dn):
            _record(case, {old: dn})


@transaction.atomic
def follow(row: Grant | Finding, reading: Reading) -> None:
    """Take over where the person and the unit of a right or a finding stand now, by this reading."""
    moved: dict[str, str] = {}
    fields = []
    for name, dn in addresses_of(row, reading).items():
        if name == "unit_dn" or not row.subject_is_protected:  # a person's DN may hold the name
            moved |= {getattr(row, name): dn}
        setattr(row, name, dn)
        fields.append(name)
    if fields:
        row.save(update_fields=fields)
        action = Action.GRANT_MOVED if isinstance(row, Grant) else Action.FINDING_MOVED
        events.record(action, actor=None, about=row, moved=_as_data(moved))


def addresses_of(row: Grant | Finding, reading: Reading) -> dict[str, str]:
    """The columns of the row whose address is another one now. What was not read changes nothing."""
    now = {"unit_dn": _place_dn(row.unit_id, reading)}
    person_column = "person_dn" if isinstance(row, Grant) else "dn"
    now[person_column] = reading.person.dn if reading.person is not None else ""
    return {
        name: dn
        for name, dn in now.items()
        if dn and getattr(row, name) and not names.is_same(getattr(row, name), dn)
    }


def _place_dn(unit_id: HsaId, reading: Reading) -> str:
    entry = reading.units.get(unit_id) or reading.providers.get(unit_id)
    return entry.dn if entry is not None else ""


def _at_new_address(data: dict[str, Any], moved: Mapping[str, str]) -> dict[str, Any]:
    """The stored change under its new address; where it was before stands beside it."""
    new = moved.get(data["dn"])
    return data if new is None else data | {"dn": new, "was": [*data.get("was", []), data["dn"]]}


def _record(case: Case, moved: Mapping[str, str]) -> None:
    events.record(Action.MOVED.of(case), actor=None, case=case, moved=_as_data(moved))


def _as_data(moved: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"old": old, "new": new} for old, new in moved.items()]
