"""The start of a removal, from any of its causes.

Each operation is one transaction that writes state, audit entry and messages together, or nothing. None of
them asks the directory: what it said is an argument. Source: domain §8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning import dates, statements
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.errors import NotAllowed, WrongState
from provisioning.mandates.current import Mandates
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import Grant, Removal, User
from provisioning.removals import moves
from provisioning.rights import find, may
from provisioning.rules.hsa import HsaId, Level, Person, Service, Unit
from provisioning.rules.removal import StoredValue
from provisioning.rules.states.right import EndCause, GrantState

Start = Callable[[Removal], object]


@transaction.atomic
def begin_by_head(grant: Grant, *, by: User, mandates: Mandates, reason: str, start: Start) -> Removal:
    """The head of unit ends somebody's right. Raises NotAllowed, WrongState, Invalid (no reason)."""
    if not may.may_manage(grant, mandates, by):
        raise NotAllowed(_("Only the head of the unit can end this access."))
    return begin(grant, EndCause.HEAD_OF_UNIT, by=by, reason=_stated(reason), start=start)


@transaction.atomic
def begin_by_person(grant: Grant, *, by: User, reason: str, start: Start) -> Removal:
    """The person gives an own right back. Raises NotAllowed, WrongState, Invalid (no reason)."""
    if by.pk != grant.subject_key:
        raise NotAllowed
    return begin(grant, EndCause.PERSON, by=by, reason=_stated(reason), start=start)


@transaction.atomic
def begin(
    grant: Grant,
    cause: EndCause,
    *,
    by: User | None,
    reason: str = "",
    tell: Iterable[HsaId] = (),
    start: Start,
) -> Removal:
    """End a right for this cause and start its removal; `start` begins the flow, in this transaction.

    `tell`: who else is told, beside the person and the orderer. The caller has checked that it
    may be done: expiry, review, finding and leaver have rules of their own. Raises WrongState when the right
    is already being taken away, or has ended.
    """
    row = find.lock(grant.pk)
    if not row.is_living or row.removals.open().exists():
        raise WrongState
    row.state, row.end_cause, row.state_since = GrantState.ENDING.value, cause.value, timezone.now()
    row.save(update_fields=["state", "end_cause", "state_since"])
    latest = row.requests.order_by("-pk").first() or row.origin
    named = ("subject_key", "subject_hsa_id", "subject_name", "subject_is_protected", "service", "level")
    placed = ("unit_key", "unit_hsa_id", "unit_name", "unit_dn", "wanted_unit_hsa_id", "wanted_unit_name")
    made = Removal(grant=row, **{name: getattr(row, name) for name in (*named, *placed, "person_dn")})
    return _begin(made, cause, by, reason, start, tell=[latest.order.orderer.identity, *tell])


@dataclass(frozen=True, slots=True)
class Loose:
    """Values that belong to no grant: whose they are, and what they seem to be about."""

    person: Person
    service: Service
    level: Level
    unit: Unit | None  # the unit they name or lead to, where there is one
    unit_id: HsaId
    values: tuple[StoredValue, ...]


@transaction.atomic
def begin_for_values(
    loose: Loose,
    cause: EndCause,
    *,
    by: User | None,
    reason: str,
    administered_dn: str,
    tell: Iterable[HsaId] = (),
    start: Start,
) -> Removal:
    """Start removing values that belong to no right. `administered_dn`: whose KIV administrators do it.

    Whoever calls this has checked that it may be done. Raises WrongState while one of the values is being
    removed already.
    """
    taken = [
        moves.held_from(data)
        for row in Removal.objects.open().filter(subject_key=loose.person.hsa_id.folded).select_for_update()
        for data in [*row.asked, *row.changes]
    ]
    if any(one.is_same(held) for one in taken for held in loose.values):
        raise WrongState
    made = Removal(
        subject_key=loose.person.hsa_id.folded,
        subject_hsa_id=loose.person.hsa_id.text,
        subject_name=loose.person.name,
        subject_is_protected=loose.person.is_protected,
        service=loose.service.value,
        level=loose.level.value,
        unit_key=loose.unit_id.folded,
        unit_hsa_id=loose.unit_id.text,
        unit_name=loose.unit.name if loose.unit else "",
        unit_dn=administered_dn,
        person_dn=loose.person.dn,
        asked=[moves.held_data(held) for held in loose.values],
    )
    return _begin(made, cause, by, reason, start, tell=tell)


def _begin(
    made: Removal, cause: EndCause, by: User | None, reason: str, start: Start, *, tell: Iterable[HsaId]
) -> Removal:
    made.cause, made.started_by, made.reason = cause.value, by, reason.strip()
    made.save(force_insert=True)
    made.case_number = f"R{dates.today(made.started_at).year}-{made.pk:06d}"
    made.save(update_fields=["case_number"])
    entry = events.record(
        Action.REMOVAL_STARTED,
        actor=by,
        about=made,
        also=[made.grant] if made.grant else [],
        reason=made.reason,
        cause=cause.value,
        grant=str(made.grant.public_id) if made.grant else None,
    )
    concerned = [made.subject_id, *tell]
    told = [person for person in concerned if by is None or person != by.identity]
    outbox.enqueue(entry, MessageKind.REMOVAL_STARTED, told, case=made)
    start(made)
    return made


def _stated(reason: str) -> str:
    return statements.stated(reason, missing=_("Write why the access is to end. Those concerned read it."))
