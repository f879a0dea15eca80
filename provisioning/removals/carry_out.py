"""The KIV administrator's task of a removal: reported, seen gone, or impossible.

Each operation is one transaction; none asks the directory: what it showed is an argument, and only that
ends the task. Source: domain §7 (never the person), §8 (proof: gone).
"""

from __future__ import annotations

import enum

from django.db import transaction

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import handlers, kiv_answers, moved_entries, silence
from provisioning.cases import moves as cases_moves
from provisioning.cases.evidence import SeenUnwanted
from provisioning.mandates.current import Mandates
from provisioning.models import Removal, User
from provisioning.removals import look
from provisioning.removals import moves as removals_moves
from provisioning.rules.states.right import RemovalState


class CannotRemove(enum.StrEnum):
    """Why a KIV administrator cannot remove a value."""

    NOT_MINE = "not_mine"  # the others keep the task
    OTHER = "other"  # ends, with the text; it is tried again later


@transaction.atomic
def report_done(
    row: Removal, *, by: User, mandates: Mandates, seen: SeenUnwanted | None, already: bool, note: str
) -> bool:
    """The KIV administrator says it is gone. Returns whether the task is over.

    So it is when the directory agrees, or when a right that was given meanwhile needs the value after all.
    `seen` is what the directory showed just now; None when it did not answer: then the task stays and is
    polled soon. Raises NotAllowed, WrongState.
    """
    kiv_answers.require_administrator(row, by, mandates)
    removals_moves.lock_grant(row)
    is_gone = seen is not None and seen.is_settled
    how = "already_gone" if already else "done"
    kiv_answers.note_report(row, by=by, how=how, note=note, gone=is_gone)
    moved_entries.take_over(row, seen.moved if seen is not None else {})
    if is_gone and seen is not None:
        _values_are_gone(row, seen)
        return True
    if look.is_needed_again(row):
        _look_again(row)
        return True
    kiv_answers.keep_waiting(row, seen)
    return False


@transaction.atomic
def cannot(row: Removal, *, by: User, mandates: Mandates, why: CannotRemove, text: str) -> None:
    """The KIV administrator cannot remove it. Raises NotAllowed, WrongState, Invalid."""
    kiv_answers.require_administrator(row, by, mandates)
    reason = kiv_answers.stated(text)
    if why is CannotRemove.NOT_MINE:
        kiv_answers.pass_on(row, by=by, reason=reason)
        return
    removals_moves.give_up(row, code=why.value, reason=reason, actor=by)


@transaction.atomic
def record_values(row: Removal, *, seen: SeenUnwanted) -> bool:
    """What a poll saw. Returns whether the task is over: the values are gone, or must stay after all."""
    removals_moves.lock_grant(row)
    silence.end(row)
    moved_entries.take_over(row, seen.moved)
    if seen.is_settled:
        row.carried_out_how = row.carried_out_how or "seen"
        _values_are_gone(row, seen, "carried_out_how")
        return True
    if look.is_needed_again(row):
        _look_again(row)
        return True
    return False


def _look_again(row: Removal) -> None:
    """Nobody may remove it any more: the next look says why."""
    cases_moves.move(row, RemovalState.VERIFYING)
    handlers.release(row)
    events.record(Action.REMOVAL_LOOKED_AGAIN, actor=None, about=row)


def _values_are_gone(row: Removal, seen: SeenUnwanted, *fields: str) -> None:
    row.values_gone_at = seen.read_at
    kiv_answers.settle(row, seen, "values_gone_at", *fields)
