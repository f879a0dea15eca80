"""Giving, revoking and ending delegations: a head of unit lets somebody else order or attest there.

`look_up` asks the directory and writes nothing; the operations write delegation, audit and messages in
one transaction and ask nobody. Source: domain §7 (only the head; per unit and kind; from and to; at most
one year; lapses by itself; visible and revocable).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from provisioning import dates, statements, worker
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.directory import Directory, open_directory
from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.mandates import current, grounds
from provisioning.mandates.current import Mandates
from provisioning.mandates.grounds import Marks
from provisioning.messages import not_believed, outbox, texts
from provisioning.models import Delegation, Handler, User
from provisioning.rules.dates import deadlines
from provisioning.rules.drift.share import is_too_much
from provisioning.rules.hsa import HsaId, Person, Unit
from provisioning.rules.mandates import (
    Delegable,
    DelegatedMandate,
    DelegationProblem,
    delegation_problem,
    has_left,
)

FEW = 5  # so many givers or delegates that have lost their ground are never beyond the share


@dataclass(frozen=True, slots=True)
class Wish:
    """What a head of unit filled in."""

    delegate_id: HsaId
    unit_id: HsaId
    kinds: tuple[Delegable, ...]
    starts_on: date
    ends_on: date
    reason: str


@dataclass(frozen=True, slots=True)
class LookedUp:
    """What the directory says just now about the head, the wished delegate and the unit."""

    mandates: Mandates
    own_ids: frozenset[HsaId]  # every HSA-id of the human who delegates
    delegate: Person | None
    unit: Unit | None
    marks: Marks = field(default_factory=dict)  # by which the delegate is known again


def look_up(wish: Wish, *, by: User) -> LookedUp:
    """Ask the directory what `give` needs. Raises DirectoryError: then nothing can be delegated."""
    directory = open_directory()
    mandates = current.read(by.identity)
    delegate = directory.person(wish.delegate_id)
    marks = grounds.marks_of([delegate]) if delegate is not None else {}
    return LookedUp(
        mandates=mandates,
        own_ids=mandates.ids_of(by.identity),
        delegate=delegate,
        unit=directory.unit(wish.unit_id),
        marks=marks[delegate.hsa_id] if delegate is not None else {},
    )


@transaction.atomic
def give(wish: Wish, looked: LookedUp, *, by: User) -> list[Delegation]:
    """Delegate each kind of act; it takes over what waits already. Raises NotAllowed (not head), Invalid."""
    delegate, unit = looked.delegate, looked.unit
    if unit is None or unit.hsa_id not in looked.mandates.unit_ids:
        raise NotAllowed(
            _("Only the head of the unit can delegate there, and the directory names somebody else.")
        )
    if delegate is None or has_left(delegate, on=dates.today()):
        raise Invalid(_("The directory has nobody employed with this HSA-id."), field="who")
    if delegate.hsa_id in looked.own_ids:
        raise Invalid(_("You cannot delegate to yourself."), field="who")
    if not wish.kinds:
        raise Invalid(_("Choose what you delegate."), field="kinds")
    statements.said_in_a_word(wish.reason, missing=_("Write why you delegate."))
    for kind in wish.kinds:
        _require_limits(wish, kind, delegate, by)
    receiver = User.objects.seen(delegate.hsa_id, name=delegate.name, is_protected=delegate.is_protected)
    User.objects.select_for_update(no_key=True).get(pk=by.pk)  # two windows at once give no twins
    return [_give_one(wish, kind, receiver, unit, by, looked.marks) for kind in wish.kinds]


@transaction.atomic
def revoke(delegation: Delegation, *, by: User, mandates: Mandates) -> None:
    """End the delegation at once: who gave it, who has it, or who is head of the unit now.

    Raises NotAllowed, WrongState (it has ended already).
    """
    row = _lock(delegation.pk)
    is_party = by.pk in (row.principal_id, row.delegate_id)
    if not is_party and row.unit_id not in mandates.unit_ids:
        raise NotAllowed(_("Only who gave the delegation, who has it, or the head of the unit can end it."))
    if row.ended_at is not None:
        raise WrongState
    _end(row, Delegation.End.REVOKED, by=by)


def sweep(directory: Directory, *, believes_losses: bool = False) -> None:
    """End what has lapsed or lost its ground, and remind of what ends soon; one transaction each.

    Raises DirectoryError when the directory does not tell: that ends nothing. What has lapsed is ended first.
    What the directory does not show ends only by a second look that is some time later, and nothing ends
    where so many have lost their ground at once that the answer is doubted.
    `believes_losses`: an operator has looked, and it is true that so much is gone; it ends now.
    """
    for pk in _open_keys(ends_on__lt=dates.today()):
        _end_open(pk, Delegation.End.LAPSED)
    for pk in _open_keys(ends_on__gte=dates.today()):
        _remind(pk)
    rows = list(Delegation.objects.filter(ended_at=None).select_related("principal", "delegate"))
    if not rows:
        return
    lost, marks = grounds.lost(directory, rows)
    if not believes_losses and _is_doubted(rows, lost):
        return
    for row in rows:
        _settle(row.pk, lost.get(row.pk), marks.get(row.delegate.identity), at_once=believes_losses)


# -- private -------------------------------------------------------------------------------------------------


def _require_limits(wish: Wish, kind: Delegable, delegate: Person, by: User) -> None:
    wanted = DelegatedMandate(
        by.identity, delegate.hsa_id, wish.unit_id, kind, start=wish.starts_on, end=wish.ends_on
    )
    messages = {
        DelegationProblem.TO_ONESELF: ("who", _("You cannot delegate to yourself.")),
        DelegationProblem.BEFORE_START: ("ends_on", _("The last day is before the first day.")),
        DelegationProblem.PASSED: ("ends_on", _("The last day has already passed.")),
        DelegationProblem.TOO_LONG: (
            "ends_on",
            _("A delegation can last for at most one year. The latest possible last day is %(date)s.")
            % {"date": dates.in_words(deadlines.latest_end(wish.starts_on))},
        ),
    }
    problem = delegation_problem(wanted, is_head=True, on=dates.today())
    if problem is not None:
        field, message = messages[problem]
        raise Invalid(message, code=f"delegation.{problem.value}", field=field)


def _give_one(wish: Wish, kind: Delegable, receiver: User, unit: Unit, by: User, marks: Marks) -> Delegation:
    overlapping = Delegation.objects.filter(
        principal=by,
        delegate=receiver,
        unit_key=unit.hsa_id.folded,
        kind=kind.value,
        ended_at=None,
        starts_on__lte=wish.ends_on,
        ends_on__gte=wish.starts_on,
    )
    if overlapping.exists():
        message = _("You have already delegated this to the same person during those days.")
        raise Invalid(message, code="delegation.overlaps", field="ends_on")
    row = Delegation.objects.create(
        principal=by,
        delegate=receiver,
        unit_key=unit.hsa_id.folded,
        unit_hsa_id=unit.hsa_id.text,
        unit_name=unit.name,
        kind=kind.value,
        starts_on=wish.starts_on,
        ends_on=wish.ends_on,
        reason=wish.reason.strip(),
        delegate_marks=marks,
    )
    entry = events.record(
        Action.DELEGATED, actor=by, principal=by, reason=row.reason, also=[row], **_facts(row)
    )
    outbox.enqueue(entry, texts.MessageKind.DELEGATED, [receiver.identity])
    _spread(row)
    return row


def _facts(row: Delegation) -> dict[str, Any]:
    """What the audit entry holds of a delegation: no names."""
    return {
        "delegation": str(row.public_id),
        "delegate": row.delegate_id,
        "unit": row.unit_hsa_id,
        "kind": row.kind,
        "starts_on": row.starts_on.isoformat(),
        "ends_on": row.ends_on.isoformat(),
    }


def _spread(row: Delegation) -> None:
    """Let what waits and what pages show follow at once; the sweeps do the same a little later."""
    pk = row.pk
    receiver = row.delegate
    transaction.on_commit(lambda: current.forget_copy(receiver), robust=True)
    worker.wake("workflows.refresh_delegated", pk)


def _lock(pk: int) -> Delegation:
    rows = Delegation.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("principal", "delegate").get(pk=pk)


def _open_keys(**conditions: Any) -> list[int]:
    return list(Delegation.objects.filter(ended_at=None, **conditions).values_list("pk", flat=True))


def _is_doubted(rows: Collection[Delegation], lost: Mapping[int, Delegation.End]) -> bool:
    """So many givers or delegates lost at once that the answer is not believed: the operators are told."""
    lost_rows = [row for row in rows if row.pk in lost]
    givers = {row.principal_id for row in lost_rows if lost[row.pk] is Delegation.End.NOT_HEAD}
    takers = {row.delegate_id for row in lost_rows if lost[row.pk] is not Delegation.End.NOT_HEAD}
    for gone, known in (
        (givers, {row.principal_id for row in rows}),
        (takers, {row.delegate_id for row in rows}),
    ):
        if is_too_much(len(gone), len(known), percent=settings.SWEEP_STOP_AT_PERCENT, few=FEW):
            not_believed.tell("delegations", lost=len(gone), of=len(known))
            return True
    return False


@transaction.atomic
def _settle(pk: int, why: Delegation.End | None, marks: Marks | None, *, at_once: bool) -> None:
    """What one look means: nothing, a doubt, a doubt that is over, or the end of it."""
    row = _lock(pk)
    if row.ended_at is not None:
        return
    if why is None:
        _confirm(row, marks or {})
    elif at_once or (row.doubt_code == why and _is_time_to_believe(row)):
        _end(row, why, by=None)
    elif row.doubt_code != why:
        row.doubt_code, row.doubted_at = why, timezone.now()
        row.save(update_fields=["doubt_code", "doubted_at"])
        events.record(
            Action.DELEGATION_DOUBTED, actor=None, principal=row.principal, why=str(why.value), **_facts(row)
        )


def _is_time_to_believe(row: Delegation) -> bool:
    after = timedelta(minutes=settings.DELEGATION_SECOND_LOOK_MINUTES)
    return row.doubted_at is not None and timezone.now() >= row.doubted_at + after


def _confirm(row: Delegation, marks: Marks) -> None:
    """It rests on what it did. Marks are kept anew where there are none as they are kept now."""
    if marks and not grounds.are_kept_as_now(row.delegate_marks, marks):
        row.delegate_marks = marks
        row.save(update_fields=["delegate_marks"])
    if row.doubt_code:
        row.doubt_code, row.doubted_at = "", None
        row.save(update_fields=["doubt_code", "doubted_at"])
        events.record(Action.DELEGATION_CONFIRMED, actor=None, principal=row.principal, **_facts(row))


@transaction.atomic
def _end_open(pk: int, why: Delegation.End) -> None:
    row = _lock(pk)
    if row.ended_at is None:
        _end(row, why, by=None)


def _end(row: Delegation, why: Delegation.End, *, by: User | None) -> None:
    """Take what waits from the delegate at once. The giver and the others who were asked keep it."""
    row.ended_at, row.ended_by, row.end_code = timezone.now(), by, why
    row.save(update_fields=["ended_at", "ended_by", "end_code"])
    Handler.objects.filter(delegation=row).delete()
    entry = events.record(
        Action.DELEGATION_ENDED,
        actor=by,
        principal=row.principal,
        also=[row],
        why=str(why.value),
        **_facts(row),
    )
    parties = [person.identity for person in (row.principal, row.delegate) if person != by]
    if why is Delegation.End.LAPSED:  # its last day was known to both, and they were reminded of it
        parties = []
    elif why in (Delegation.End.DELEGATE_LEFT, Delegation.End.ANOTHER_HUMAN):
        parties = [row.principal.identity]  # at the delegate's address is nobody, or somebody else
    outbox.enqueue(entry, texts.MessageKind.DELEGATION_ENDED, parties)
    _spread(row)


@transaction.atomic
def _remind(pk: int) -> None:
    """Tell both that it lapses soon, once for each notice day that has come since it was given."""
    row = _lock(pk)
    days: Collection[int] = settings.DELEGATION_NOTICE_DAYS
    come = [day for day in deadlines.notices(row.ends_on, days_before=days) if day <= dates.today()]
    known_since = row.reminded_on or dates.today(row.created_at)
    if row.ended_at is not None or not come or max(come) <= known_since:
        return
    row.reminded_on = dates.today()
    row.save(update_fields=["reminded_on"])
    entry = events.record(Action.DELEGATION_REMINDED, actor=None, principal=row.principal, **_facts(row))
    parties = [row.principal.identity, row.delegate.identity]
    outbox.enqueue(entry, texts.MessageKind.DELEGATION_ENDS_SOON, parties)
