"""The moves of a removal: locked, from one state to the next; and the values it is about, as data.

For its operations alone. Each of them locks the removal, then its grant, before it records anything.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils import timezone

from provisioning import audit, grants, handlers, outbox, watching
from provisioning.audit import Action
from provisioning.errors import WrongState
from provisioning.grant_models import Grant, Removal
from provisioning.models import User
from provisioning.notifications import Kind
from provisioning.operators import operator_ids
from provisioning.rules.hsa import Attribute, HsaId
from provisioning.rules.removal import Held
from provisioning.rules.right_lifecycle import RemovalState, may_move


def lock(pk: int) -> Removal:
    """The row, locked until the transaction ends."""
    return Removal.objects.select_for_update(of=("self",)).select_related("grant", "started_by").get(pk=pk)


def lock_grant(row: Removal) -> Grant | None:
    """The removal's grant, locked: before anything is recorded, or two writers wait for each other."""
    if row.grant_id is None:
        return None
    row.grant = grants.lock(row.grant_id)
    return row.grant


def move(row: Removal, target: RemovalState, *fields: str) -> None:
    """Go to this state, and save `fields` with it. Raises WrongState."""
    if not may_move(row.current_state, target):
        raise WrongState
    row.state, row.state_since = target.value, timezone.now()
    row.reminded_at, row.reminder_count, row.poll_count = None, 0, 0
    is_with_kiv = target is RemovalState.AWAITING_KIV
    row.next_poll_at = timezone.now() + watching.poll_delay(row, 0) if is_with_kiv else None
    always = ["state", "state_since", "reminded_at", "reminder_count", "next_poll_at", "poll_count"]
    row.save(update_fields=[*always, *fields])


def give_up(row: Removal, *, code: str, reason: str, actor: User | None) -> None:
    """It ends here, and the right still stands: operators are told, and the sweep tries again later."""
    row.end_code, row.end_reason = code, reason.strip()
    move(row, RemovalState.CANNOT_BE_DONE, "end_code", "end_reason", "changes", "kept")
    handlers.release(row)
    entry = audit.record(Action.REMOVAL_CANNOT, actor=actor, about=row, reason=row.end_reason, why=code)
    outbox.enqueue(entry, Kind.REMOVAL_STUCK, [*starters(row), *operator_ids()], removal=row)


def starters(row: Removal) -> list[HsaId]:
    """Whoever started it; where the tool did, whoever ordered the right."""
    if row.started_by is not None:
        return [row.started_by.identity]
    return [row.grant.origin.order.orderer.identity] if row.grant else []


def concerned(row: Removal) -> list[HsaId]:
    """The person, and who started it."""
    return [row.subject_id, *starters(row)]


def held_data(held: Held) -> dict[str, str]:
    """A value to remove as stored data."""
    return {
        "dn": held.dn,
        "attribute": held.attribute.value,
        "remove": held.value,
        "purpose": held.purpose,
        "unit": held.unit_id.text if held.unit_id else "",
    }


def held_from(data: Mapping[str, str]) -> Held:
    return Held(
        data["dn"],
        Attribute(data["attribute"]),
        data["remove"],
        data["purpose"],
        HsaId(data["unit"]) if data["unit"] else None,
    )


def changes_of(row: Removal) -> tuple[Held, ...]:
    return tuple(held_from(data) for data in row.changes)
