"""Giving, revoking and ending delegations: a head of unit lets somebody else order or attest there.

`look_up` asks the directory and writes nothing; the operations write delegation, audit and messages in
one transaction and ask nobody. Source: domain §7 (only the head; per unit and kind; from and to; at most
one year; lapses by itself; visible and revocable).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
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
from provisioning.mandates import current
from provisioning.mandates.current import Mandates
from provisioning.messages import kinds as messages_kinds
from provisioning.messages import outbox
from provisioning.models import Delegation, Handler, User
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import HsaId, Person, Unit
from provisioning.rules.mandates import (
    Delegable,
    DelegatedMandate,
    DelegationProblem,
    delegation_problem,
    has_left,
)


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


def look_up(wish: Wish, *, by: User) -> LookedUp:
    """Ask the directory what `give` needs. Raises DirectoryError: then nothing can be delegated."""
    directory = open_directory()
    mandates = current.read(by.identity)
    return LookedUp(
        mandates=mandates,
        own_ids=mandates.ids_of(by.identity),
        delegate=directory.person(wish.delegate_id),
        unit=directory.unit(wish.unit_id),
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
    reason_error = statements.error_in(wish.reason)
    if reason_error is not None:
        raise Invalid(reason_error, field="reason")
    for kind in wish.kinds:
        _require_limits(wish, kind, delegate, by)
    receiver = User.objects.seen(delegate.hsa_id, name=delegate.name, is_protected=delegate.is_protected)
    User.objects.select_for_update(no_key=True).get(pk=by.pk)  # two windows at once give no twins
    return [_give_one(wish, kind, receiver, unit, by) for kind in wish.kinds]


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


def sweep(directory: Directory) -> None:
    """End what has lapsed or lost its giver's mandate, and remind of what ends soon; one transaction each.

    Raises DirectoryError when the directory does not tell: that ends nothing. What has lapsed is ended first.
    """
    for pk in _open_keys(ends_on__lt=dates.today()):
        _end_open(pk, Delegation.End.LAPSED)
    for pk in _open_keys(ends_on__gte=dates.today()):
        _remind(pk)
    giving = Delegation.objects.filter(ended_at=None).values_list("principal_id", flat=True).distinct()
    for key in list(giving):
        headed = directory.units_headed_by(HsaId(key))
        units = {unit_id.folded for unit in headed for unit_id in (unit.hsa_id, *unit.member_ids)}
        for pk, unit_key in list(
            Delegation.objects.filter(ended_at=None, principal_id=key).values_list("pk", "unit_key")
        ):
            if unit_key not in units:
                _end_open(pk, Delegation.End.NOT_HEAD)


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


def _give_one(wish: Wish, kind: Delegable, receiver: User, unit: Unit, by: User) -> Delegation:
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
    )
    entry = events.record(Action.DELEGATED, actor=by, principal=by, reason=row.reason, **_facts(row))
    outbox.enqueue(entry, messages_kinds.MessageKind.DELEGATED, [receiver.identity])
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
        Action.DELEGATION_ENDED, actor=by, principal=row.principal, why=str(why.value), **_facts(row)
    )
    if why is not Delegation.End.LAPSED:  # its last day was known to both, and they were reminded of it
        parties = [person.identity for person in (row.principal, row.delegate) if person != by]
        outbox.enqueue(entry, messages_kinds.MessageKind.DELEGATION_ENDED, parties)
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
    outbox.enqueue(entry, messages_kinds.MessageKind.DELEGATION_ENDS_SOON, parties)
