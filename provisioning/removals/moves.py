"""What only a removal's moves need: its grant locked, its giving up, and the values it is about, as data.

For its operations alone. Each of them locks the removal, then its grant, before it records anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioning.assessments.reading import entry_from
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import moves
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import Grant, Removal, User
from provisioning.operators import operator_ids
from provisioning.rights import find
from provisioning.rules.hsa import Attribute, HsaId
from provisioning.rules.removal import StoredValue
from provisioning.rules.states.right import RemovalState


def lock_grant(row: Removal) -> Grant | None:
    """The removal's grant, locked: before anything is recorded, or two writers wait for each other."""
    if row.grant_id is None:
        return None
    row.grant = find.lock(row.grant_id)
    return row.grant


def give_up(row: Removal, *, code: str, reason: str, actor: User | None) -> None:
    """It ends here, and the right still stands: operators are told, and the sweep tries again later."""
    moves.end(row, RemovalState.CANNOT_BE_DONE, "changes", "kept", reason=reason, code=code)
    entry = events.record(Action.REMOVAL_CANNOT, actor=actor, about=row, reason=row.end_reason, why=code)
    outbox.enqueue(entry, MessageKind.REMOVAL_STUCK, [*row.starters, *operator_ids()], case=row)


def held_data(held: StoredValue) -> dict[str, str]:
    """A value to remove as stored data."""
    data = {
        "dn": held.dn,
        "attribute": held.attribute.value,
        "remove": held.value,
        "purpose": held.purpose,
        "unit": held.unit_id.text if held.unit_id else "",
    }
    if held.entry_id is not None and held.attribute is Attribute.COMMISSION_MEMBER:
        data["entry"] = held.entry_id.text
    return data


def held_from(data: Mapping[str, Any]) -> StoredValue:
    return StoredValue(
        data["dn"],
        Attribute(data["attribute"]),
        data["remove"],
        data["purpose"],
        HsaId(data["unit"]) if data["unit"] else None,
        entry_from(data),
    )


def changes_of(row: Removal) -> tuple[StoredValue, ...]:
    return tuple(held_from(data) for data in row.changes)
