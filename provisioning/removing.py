"""The KIV administrator's task of a removal: reported, seen gone, or impossible.

Each operation is one transaction; none asks the directory: what it showed is an argument, and only that
ends the task. Source: domain §7 (never the person), §8 (proof: gone).
"""

from __future__ import annotations

import enum

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning import (
    audit,
    evidence,
    four_eyes,
    handlers,
    mandates,
    outbox,
    removal_looks,
    silences,
    watching,
)
from provisioning import removal_moves as moves
from provisioning.audit import Action
from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.evidence import SeenUnwanted
from provisioning.grant_models import Removal
from provisioning.mandates import Mandates
from provisioning.models import Evidence, HandlerRole, User
from provisioning.notifications import Kind
from provisioning.rules.mandates import Act
from provisioning.rules.right_lifecycle import RemovalState


class Cannot(enum.StrEnum):
    """Why a KIV administrator cannot remove a value."""

    NOT_MINE = "not_mine"  # the others keep the task
    OTHER = "other"  # ends, with the text; it is tried again later


@transaction.atomic
def report_done(
    row: Removal, *, by: User, held: Mandates, seen: SeenUnwanted | None, already: bool, note: str
) -> bool:
    """The KIV administrator says it is gone. Returns whether the task is over.

    So it is when the directory agrees, or when a right that was given meanwhile needs the value after all.
    `seen` is what the directory showed just now; None when it did not answer: then the task stays and is
    polled soon. Raises NotAllowed, WrongState.
    """
    _require_administrator(row, by, held)
    moves.lock_grant(row)
    how = "already_gone" if already else "done"
    is_gone = seen is not None and seen.is_gone
    audit.record(Action.REMOVAL_REPORTED_DONE, actor=by, about=row, how=how, gone=is_gone)
    row.carried_out_by, row.carried_out_how, row.carried_out_note = by, how, note.strip()
    row.reported_done_at = timezone.now()
    kept = ["carried_out_by", "carried_out_how", "carried_out_note", "reported_done_at"]
    if is_gone and seen is not None:
        _values_are_gone(row, seen, *kept)
        return True
    if removal_looks.is_needed_again(row):
        _look_again(row, *kept)
        return True
    row.next_poll_at, row.poll_count = timezone.now() + watching.poll_delay(row, 0), 0
    if seen is not None:
        _bring_back(row, seen)
    row.save(update_fields=[*kept, "next_poll_at", "poll_count", "seen_instead"])
    return False


@transaction.atomic
def cannot(row: Removal, *, by: User, held: Mandates, why: Cannot, text: str) -> None:
    """The KIV administrator cannot remove it. Raises NotAllowed, WrongState, Invalid."""
    _require_administrator(row, by, held)
    if not text.strip():
        raise Invalid(_("Write what stands in the way, so that the next person knows."), field="note")
    if why is Cannot.NOT_MINE:
        _pass_on(row, by, text)
        return
    moves.give_up(row, code=why.value, reason=text, actor=by)


@transaction.atomic
def record_values(row: Removal, *, seen: SeenUnwanted) -> bool:
    """What a poll saw. Returns whether the task is over: the values are gone, or must stay after all."""
    moves.lock_grant(row)
    silences.end(row)
    if seen.is_gone:
        row.carried_out_how = row.carried_out_how or "seen"
        _values_are_gone(row, seen, "carried_out_how")
        return True
    if removal_looks.is_needed_again(row):
        _look_again(row)
        return True
    return False


def _look_again(row: Removal, *fields: str) -> None:
    """Nobody may remove it any more: the next look says why."""
    audit.record(Action.REMOVAL_LOOKED_AGAIN, actor=None, about=row)
    moves.move(row, RemovalState.VERIFYING, *fields)
    handlers.release(row)


def _values_are_gone(row: Removal, seen: SeenUnwanted, *fields: str) -> None:
    row.values_gone_at, row.seen_instead = seen.read_at, {}
    evidence.keep(row, Evidence.Moment.AFTER, seen.read_at, values=seen.as_data())
    audit.record(
        Action.REMOVAL_VALUES_GONE, actor=None, about=row, how=row.carried_out_how, changes=row.changes
    )
    moves.move(row, RemovalState.VERIFYING, "values_gone_at", "seen_instead", *fields)
    handlers.release(row)


def _bring_back(row: Removal, seen: SeenUnwanted) -> None:
    """ "Done" with the value still there: the task comes back with what was seen."""
    row.seen_instead = {"read_at": seen.read_at.isoformat(), "values": seen.as_data()}
    evidence.keep(row, Evidence.Moment.INSTEAD, seen.read_at, values=seen.as_data())
    entry = audit.record(Action.REMOVAL_STILL_THERE, actor=None, about=row)
    recipients = [row.carried_out_by.identity] if row.carried_out_by else []
    outbox.enqueue(entry, Kind.REMOVAL_KIV_RETURNED, recipients, removal=row)


def _pass_on(row: Removal, by: User, text: str) -> None:
    others = handlers.leave_to_others(row, by)
    entry = audit.record(Action.REMOVAL_PASSED_ON, actor=by, about=row, reason=text.strip())
    outbox.enqueue(entry, Kind.REMOVAL_REMINDER, others, removal=row)


def _require_administrator(row: Removal, by: User, held: Mandates) -> None:
    if row.current_state is not RemovalState.AWAITING_KIV:
        raise WrongState
    four_eyes.require(Act.CARRY_OUT, by=by, held=held, subject_id=row.subject_id)
    handlers.require_asked(row, by, HandlerRole.KIV_ADMINISTRATOR)
    if not held.administers(row.unit_dn):
        raise NotAllowed(mandates.ENDED)
