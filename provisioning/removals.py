"""The start of a removal, from any of its causes, and taking it back.

Each operation is one transaction that writes state, audit entry and messages together, or nothing. None of
them asks the directory: what it said is an argument. Its other acts: `removal_looks` (what is to be removed,
and whether it is gone) and `removing` (the KIV administrator's task). Source: domain §8.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from provisioning import audit, case_moves, dates, four_eyes, grants, handlers, mandates, outbox, statements
from provisioning import removal_moves as moves
from provisioning.audit import Action
from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.evidence import SeenUnwanted
from provisioning.grant_models import Grant, Removal
from provisioning.mandates import Mandates
from provisioning.models import User
from provisioning.notifications import Kind
from provisioning.rules import deadlines
from provisioning.rules.hsa import HsaId, Level, Person, Service, Unit
from provisioning.rules.mandates import Act
from provisioning.rules.removal import Held
from provisioning.rules.right_lifecycle import EndCause, GrantState, RemovalState

Start = Callable[[Removal], object]


@transaction.atomic
def begin_by_head(grant: Grant, *, by: User, held: Mandates, reason: str, start: Start) -> Removal:
    """The head of unit ends somebody's right. Raises NotAllowed, WrongState, Invalid (no reason)."""
    if not grants.may_manage(grant, held, by):
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

    `tell`: who else is told, beside the person and whoever ordered. Whoever calls this has checked that it
    may be done: expiry, review, finding and leaver have rules of their own. Raises WrongState when the right
    is already being taken away, or has ended.
    """
    row = grants.lock(grant.pk)
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
    values: tuple[Held, ...]


@transaction.atomic
def begin_for_values(
    loose: Loose, cause: EndCause, *, by: User | None, reason: str, administered_dn: str, start: Start
) -> Removal:
    """Start removing values found outside the tool. `administered_dn`: whose KIV administrators do it.

    Whoever calls this has checked that it may be done. Raises WrongState while one of the values is being
    removed already.
    """
    taken = {
        (data["dn"].casefold(), data["attribute"], data["remove"])
        for row in Removal.objects.open().filter(subject_key=loose.person.hsa_id.folded).select_for_update()
        for data in [*row.asked, *row.changes]
    }
    if taken & {held.place for held in loose.values}:
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
    return _begin(made, cause, by, reason, start, tell=[])


def _begin(
    made: Removal, cause: EndCause, by: User | None, reason: str, start: Start, *, tell: Iterable[HsaId]
) -> Removal:
    made.cause, made.started_by, made.reason = cause.value, by, reason.strip()
    made.save(force_insert=True)
    made.case_number = f"R{dates.today(made.started_at).year}-{made.pk:06d}"
    made.save(update_fields=["case_number"])
    entry = audit.record(
        Action.REMOVAL_STARTED,
        actor=by,
        about=made,
        reason=made.reason,
        cause=cause.value,
        grant=str(made.grant.public_id) if made.grant else None,
    )
    concerned = [made.subject_id, *tell]
    told = [person for person in concerned if by is None or person != by.identity]
    outbox.enqueue(entry, Kind.REMOVAL_STARTED, told, case=made)
    start(made)
    return made


def _stated(reason: str) -> str:
    return statements.stated(reason, missing=_("Write why the access is to end. Those concerned read it."))


@transaction.atomic
def withdraw(row: Removal, *, by: User, held: Mandates, seen: SeenUnwanted | None, reason: str = "") -> None:
    """Take the removal back, while nothing has been removed: whoever started it, with or without a reason.

    Whoever ended somebody else's right must still hold a mandate there. Where the comparison with the
    directory started it, because the person seemed to have left or moved, the head of unit with a reason:
    what differs then stays as a finding, and with people. A right whose last day has passed is not kept in
    this way but ordered anew. `held`: mandates read just now; `seen`: what the directory shows now, where the
    task is with the KIV administrator. Raises NotAllowed, WrongState, Invalid (no reason).
    """
    grant = moves.lock_grant(row)
    if by.pk != row.subject_key:
        four_eyes.require(Act.KEEP, by=by, held=held, subject_id=row.subject_id)
    if not grants.may_take_back(row, held, by):
        raise NotAllowed(_why_not_taken_back(row, by))
    if grants.is_a_leavers(row) and not reason.strip():
        raise Invalid(_("Write why the person is to keep the access."), field="reason")
    if row.current_state is RemovalState.AWAITING_KIV and (seen is None or any(seen.gone)):
        raise WrongState(
            _("It cannot be said that nothing has been removed yet, so it is too late to take it back.")
        )
    waiting = row.handler_ids
    row.end_reason = reason.strip()
    case_moves.move(row, RemovalState.WITHDRAWN, "end_reason")
    handlers.release(row)
    entry = audit.record(Action.REMOVAL_WITHDRAWN, actor=by, about=row, reason=row.end_reason)
    if grant is not None:
        grants.keep(grant, by=by)
    told = [person for person in (*row.concerned, *waiting) if person != by.identity]
    outbox.enqueue(entry, Kind.REMOVAL_ENDED, told, case=row)


def _why_not_taken_back(row: Removal, by: User) -> Promise:
    if grants.is_a_leavers(row):
        return _("Only the head of the unit can keep this access.")
    if row.started_by_id == by.pk:
        return mandates.ENDED
    return _("Only the one who started the removal can take it back.")


def may_be_tried_again(grant: Grant) -> bool:
    """Say whether a right that is to end, with no removal under way, is due for one."""
    return dates.today() >= tried_again_on(grant)


def tried_again_on(grant: Grant) -> date:
    """The day from which the removal is begun: some working days after one that could not be done."""
    last = grant.removals.order_by("-pk").first()
    if last is None or last.current_state is not RemovalState.CANNOT_BE_DONE:
        return dates.today()
    since = dates.today(last.state_since)
    return deadlines.add_working_days(since, settings.REMOVAL_RETRY_WORKING_DAYS)
