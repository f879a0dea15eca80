"""The operations on one removal: from its cause until the directory shows that the values are gone.

Each is one transaction that writes state, audit entry and messages together, or nothing; each locks
the removal, then its grant, before it records anything. None of them asks the directory: what it said
is an argument. What it did not say decides nothing. Sources: domain §7 (four eyes), §8 (proof: gone).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning import audit, grants, handlers, outbox, readings, requests
from provisioning.audit import Action
from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.grant_models import Grant, Removal
from provisioning.mandates import Mandates
from provisioning.models import Evidence, HandlerRole, User
from provisioning.notifications import Kind
from provisioning.rules import deadlines, removal
from provisioning.rules.hsa import Answer, Attribute, HsaId, Level, Person, Reading, Service, Unit
from provisioning.rules.removal import Held, Nothing, Plan, Right
from provisioning.rules.right_lifecycle import EndCause, GrantState, RemovalState, may_move

Start = Callable[[Removal], object]

RENEWED = "removal.renewed"  # the right was given anew before it was taken away
NO_ADMINISTRATOR = "removal.no_administrator"


class Cannot(enum.StrEnum):
    """Why a KIV administrator cannot remove a value."""

    NOT_MINE = "not_mine"  # the others keep the task
    OTHER = "other"  # ends, with the text; it is tried again later


@dataclass(frozen=True, slots=True)
class Seen:
    """The values that a removal concerns, as one look into the directory gave them."""

    read_at: datetime
    values: Mapping[tuple[str, str], Sequence[str] | None]  # (dn, attribute) → values; None: no such entry
    gone: tuple[bool, ...]  # of each change, in their order

    @property
    def is_gone(self) -> bool:
        return bool(self.gone) and all(self.gone)


def lock(pk: int) -> Removal:
    """The row, locked until the transaction ends."""
    return Removal.objects.select_for_update(of=("self",)).select_related("grant", "started_by").get(pk=pk)


# -- the start -----------------------------------------------------------------------------------------------


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
def begin(grant: Grant, cause: EndCause, *, by: User | None, reason: str = "", start: Start) -> Removal:
    """End a right for this cause and start its removal; `start` begins the flow, in this transaction.

    Whoever calls this has checked that it may be done: expiry, review, finding and leaver have rules of
    their own. Raises WrongState when the right is already being taken away, or has ended.
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
    return _begin(made, cause, by, reason, start, tell=[latest.order.orderer.identity])


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
        asked=[held_data(held) for held in loose.values],
    )
    return _begin(made, cause, by, reason, start, tell=[])


def _begin(
    made: Removal, cause: EndCause, by: User | None, reason: str, start: Start, *, tell: Iterable[HsaId]
) -> Removal:
    made.cause, made.started_by, made.reason = cause.value, by, reason.strip()
    made.save(force_insert=True)
    made.case_number = f"R{readings.today(made.started_at).year}-{made.pk:06d}"
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
    outbox.enqueue(entry, Kind.REMOVAL_STARTED, told, removal=made)
    start(made)
    return made


def _stated(reason: str) -> str:
    if not reason.strip():
        raise Invalid(_("Write why the access is to end. Those concerned read it."), field="reason")
    return reason.strip()


# -- what the directory holds --------------------------------------------------------------------------------


def plan_for(row: Removal, reading: Reading) -> Plan:
    """What is to be removed, by this reading and by the rights that go on at this moment."""
    others = living_rights(row)
    if row.grant is not None:
        return removal.plan(row.right, reading, living=others, at=reading.read_at)
    asked = [held_from(data) for data in row.asked]
    return removal.plan_for(asked, reading, living=others, at=reading.read_at)


def living_rights(row: Removal) -> tuple[Right, ...]:
    """The person's rights that go on; also the removal's own, if it has been given anew."""
    return tuple(grant.right for grant in Grant.objects.active().filter(subject_key=row.subject_key))


@transaction.atomic
def record_look(row: Removal, *, reading: Reading, administrators: Iterable[Person] = ()) -> None:
    """Settle what a look found: nothing left, nothing that may be removed, or work for the KIV administrator.

    Raises WrongState when the directory did not tell: that decides nothing.
    """
    grant = _lock_grant(row)
    if grant is not None and grant.current_state is GrantState.ACTIVE:
        directory_answers(row)
        _not_needed(row, grant, RENEWED)
        return
    found = plan_for(row, reading)
    if found.answer is Answer.UNKNOWN:
        raise WrongState(code="unknown_decides_nothing")
    directory_answers(row)
    row.kept = [held_data(held) for held in found.kept]
    if found.answer is Answer.YES:
        _to_kiv(row, reading, found, tuple(administrators))
    elif found.why_nothing is Nothing.ALREADY_GONE:
        _done(row, grant, reading)
    else:
        _not_needed(row, grant, str(found.why_nothing))


def _lock_grant(row: Removal) -> Grant | None:
    """The removal's grant, locked: before anything is recorded, or two writers wait for each other."""
    if row.grant_id is None:
        return None
    row.grant = grants.lock(row.grant_id)
    return row.grant


def _to_kiv(row: Removal, reading: Reading, found: Plan, administrators: tuple[Person, ...]) -> None:
    row.changes = [held_data(held) for held in found.remove]
    if not administrators:
        reason = _("The directory names no KIV administrator who may carry this out: the person may not.")
        _cannot(row, code=NO_ADMINISTRATOR, reason=str(reason), actor=None)
        return
    is_again = row.current_state is RemovalState.VERIFYING
    row.carried_out_by, row.carried_out_how, row.carried_out_note = None, "", ""
    row.reported_done_at, row.seen_instead = None, {}
    _move(
        row,
        RemovalState.AWAITING_KIV,
        *("changes", "kept", "carried_out_by", "carried_out_how", "carried_out_note"),
        *("reported_done_at", "seen_instead"),
    )
    handlers.assign(row, HandlerRole.KIV_ADMINISTRATOR, handlers.by_own_mandate(administrators))
    moment = Evidence.Moment.INSTEAD if is_again else Evidence.Moment.BEFORE
    _keep_evidence(row, moment, reading.read_at, _standing_values(row, reading))
    entry = audit.record(
        Action.REMOVAL_KIV_NEEDED, actor=None, about=row, changes=row.changes, kept=row.kept, again=is_again
    )
    kind = Kind.REMOVAL_KIV_RETURNED if is_again else Kind.REMOVAL_KIV
    outbox.enqueue(entry, kind, [person.hsa_id for person in administrators], removal=row)


def _done(row: Removal, grant: Grant | None, reading: Reading) -> None:
    row.verified_at = reading.read_at
    row.carried_out_how = row.carried_out_how or "already_gone"
    row.end_code = Nothing.ALREADY_GONE.value if row.carried_out_how == "already_gone" else ""
    _keep_evidence(row, Evidence.Moment.VERIFICATION, reading.read_at, _standing_values(row, reading))
    _move(row, RemovalState.DONE, "verified_at", "carried_out_how", "end_code", "kept")
    handlers.release(row)
    entry = audit.record(
        Action.REMOVAL_DONE, actor=None, about=row, how=row.carried_out_how, changes=row.changes
    )
    if grant is not None:
        grants.record_gone(grant)
    outbox.enqueue(entry, Kind.REMOVAL_DONE, _concerned(row), removal=row)


def _not_needed(row: Removal, grant: Grant | None, code: str) -> None:
    row.end_code = code
    _move(row, RemovalState.NOT_NEEDED, "end_code", "kept")
    handlers.release(row)
    entry = audit.record(Action.REMOVAL_NOT_NEEDED, actor=None, about=row, why=code, kept=row.kept)
    if grant is not None:
        grants.record_gone(grant)
    outbox.enqueue(entry, Kind.REMOVAL_ENDED, _concerned(row), removal=row)


def _standing_values(row: Removal, reading: Reading) -> list[dict[str, Any]]:
    """What stands where the removal is about, for this person only."""
    changes = [held_from(data) for data in row.changes]
    places = {(held.dn, held.attribute) for held in changes}
    if reading.person is not None:
        places.add((reading.person.dn, Attribute.SYSTEM_ROLE))
    found: dict[tuple[str, Attribute], list[str]] = {place: [] for place in sorted(places)}
    for held in removal.standing(reading, at=reading.read_at):
        if (held.dn, held.attribute) in found:
            found[held.dn, held.attribute].append(held.value)
    return [
        {"dn": dn, "attribute": attribute.value, "values": values}
        for (dn, attribute), values in found.items()
    ]


# -- the KIV administrator's task ----------------------------------------------------------------------------


@transaction.atomic
def report_done(
    row: Removal, *, by: User, held: Mandates, seen: Seen | None, already: bool, note: str
) -> bool:
    """The KIV administrator says it is gone. Returns whether the directory agrees: only then it is over.

    `seen` is what the directory showed just now; None when it did not answer: then the task stays and is
    polled soon. Raises NotAllowed, WrongState.
    """
    _require_administrator(row, by, held)
    _lock_grant(row)
    how = "already_gone" if already else "done"
    is_gone = seen is not None and seen.is_gone
    audit.record(Action.REMOVAL_REPORTED_DONE, actor=by, about=row, how=how, gone=is_gone)
    row.carried_out_by, row.carried_out_how, row.carried_out_note = by, how, note.strip()
    row.reported_done_at = timezone.now()
    kept = ["carried_out_by", "carried_out_how", "carried_out_note", "reported_done_at"]
    if is_gone and seen is not None:
        _values_are_gone(row, seen, *kept)
        return True
    row.next_poll_at, row.poll_count = timezone.now() + requests.poll_delay(row, 0), 0
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
    _cannot(row, code=why.value, reason=text, actor=by)


@transaction.atomic
def record_values(row: Removal, *, seen: Seen) -> bool:
    """What a poll saw. Returns whether the task is over: the values are gone, or must stay after all."""
    _lock_grant(row)
    directory_answers(row)
    if seen.is_gone:
        row.carried_out_how = row.carried_out_how or "seen"
        _values_are_gone(row, seen, "carried_out_how")
        return True
    if is_needed_again(row):
        audit.record(Action.REMOVAL_LOOKED_AGAIN, actor=None, about=row)
        _move(row, RemovalState.VERIFYING)
        handlers.release(row)
        return True
    return False


def is_needed_again(row: Removal) -> bool:
    """Say whether a right that goes on needs one of the values: then nobody may remove it any more."""
    changes = [held_from(data) for data in row.changes]
    return any(removal.needs(right, held) for right in living_rights(row) for held in changes)


def _values_are_gone(row: Removal, seen: Seen, *fields: str) -> None:
    row.values_gone_at, row.seen_instead = seen.read_at, {}
    _keep_evidence(row, Evidence.Moment.AFTER, seen.read_at, _seen_values(seen))
    audit.record(
        Action.REMOVAL_VALUES_GONE, actor=None, about=row, how=row.carried_out_how, changes=row.changes
    )
    _move(row, RemovalState.VERIFYING, "values_gone_at", "seen_instead", *fields)
    handlers.release(row)


def _bring_back(row: Removal, seen: Seen) -> None:
    """ "Done" with the value still there: the task comes back with what was seen."""
    row.seen_instead = {"read_at": seen.read_at.isoformat(), "values": _seen_values(seen)}
    _keep_evidence(row, Evidence.Moment.INSTEAD, seen.read_at, _seen_values(seen))
    entry = audit.record(Action.REMOVAL_STILL_THERE, actor=None, about=row)
    recipients = [row.carried_out_by.identity] if row.carried_out_by else []
    outbox.enqueue(entry, Kind.REMOVAL_KIV_RETURNED, recipients, removal=row)


def _pass_on(row: Removal, by: User, text: str) -> None:
    others = row.handlers.exclude(person_key=by.pk)
    if not others.exists():
        raise Invalid(
            _("You are the only KIV administrator the directory names for this unit. Choose another reason."),
            field="why",
        )
    entry = audit.record(Action.REMOVAL_PASSED_ON, actor=by, about=row, reason=text.strip())
    row.handlers.filter(person_key=by.pk).delete()
    told = [HsaId(handler.person_hsa_id) for handler in others]
    outbox.enqueue(entry, Kind.REMOVAL_REMINDER, told, removal=row)


def _cannot(row: Removal, *, code: str, reason: str, actor: User | None) -> None:
    """It ends here, and the right still stands: operators are told, and the sweep tries again later."""
    row.end_code, row.end_reason = code, reason.strip()
    _move(row, RemovalState.CANNOT_BE_DONE, "end_code", "end_reason", "changes", "kept")
    handlers.release(row)
    entry = audit.record(Action.REMOVAL_CANNOT, actor=actor, about=row, reason=row.end_reason, why=code)
    operators = [HsaId(text) for text in settings.OPERATORS]
    outbox.enqueue(entry, Kind.REMOVAL_STUCK, [*_starters(row), *operators], removal=row)


def _require_administrator(row: Removal, by: User, held: Mandates) -> None:
    if row.current_state is not RemovalState.AWAITING_KIV:
        raise WrongState
    if by.pk == row.subject_key:
        raise NotAllowed(_("It is your own access. Another KIV administrator has to remove it."))
    if not row.handlers.filter(person_key=by.pk, role=HandlerRole.KIV_ADMINISTRATOR).exists():
        raise NotAllowed
    if not held.administers(row.unit_dn):
        raise NotAllowed(
            _("The directory no longer says that this is yours to do. Your mandate may have ended.")
        )


# -- taking it back ------------------------------------------------------------------------------------------


@transaction.atomic
def withdraw(row: Removal, *, by: User, seen: Seen | None, reason: str = "") -> None:
    """Take the removal back: only whoever started it, and only while nothing has been removed.

    `seen`: what the directory shows now, where the task is with the KIV administrator. An expired right
    is not kept in this way but ordered anew. Raises NotAllowed, WrongState.
    """
    if row.started_by_id is None or by.pk != row.started_by_id:
        raise NotAllowed(_("Only the one who started the removal can take it back."))
    grant = _lock_grant(row)
    if row.current_state is RemovalState.AWAITING_KIV and (seen is None or any(seen.gone)):
        raise WrongState(
            _("It cannot be said that nothing has been removed yet, so it is too late to take it back.")
        )
    waiting = [HsaId(handler.person_hsa_id) for handler in row.handlers.all()]
    row.end_reason = reason.strip()
    _move(row, RemovalState.WITHDRAWN, "end_reason")
    handlers.release(row)
    entry = audit.record(Action.REMOVAL_WITHDRAWN, actor=by, about=row, reason=row.end_reason)
    if grant is not None:
        grants.keep(grant, by=by)
    told = [person for person in (*_concerned(row), *waiting) if person != by.identity]
    outbox.enqueue(entry, Kind.REMOVAL_ENDED, told, removal=row)


def may_be_tried_again(grant: Grant) -> bool:
    """Say whether a right that is to end, with no removal under way, is due for one."""
    last = grant.removals.order_by("-pk").first()
    if last is None or last.current_state is not RemovalState.CANNOT_BE_DONE:
        return True
    since = readings.today(last.state_since)
    return readings.today() >= deadlines.add_working_days(since, settings.REMOVAL_RETRY_WORKING_DAYS)


# -- trouble and reminders -----------------------------------------------------------------------------------


@transaction.atomic
def directory_is_silent(row: Removal, *, code: str) -> None:
    """The directory did not tell. Nothing moves; when it has lasted, those concerned are told, once."""
    now = timezone.now()
    row.trouble_since, row.trouble_code = row.trouble_since or now, code
    if row.trouble_told_at is None and now - row.trouble_since >= requests.TELL_ABOUT_SILENCE_AFTER:
        row.trouble_told_at = now
        entry = audit.record(Action.REMOVAL_DIRECTORY_SILENT, actor=None, about=row, code=code)
        told = [*_starters(row), *(HsaId(text) for text in settings.OPERATORS)]
        outbox.enqueue(entry, Kind.DIRECTORY_SILENT, told, removal=row)
    row.save(update_fields=["trouble_since", "trouble_code", "trouble_told_at"])


def directory_answers(row: Removal) -> None:
    """The directory answers (again). Called inside an operation."""
    if row.trouble_since is None:
        return
    if row.trouble_told_at is not None:
        audit.record(Action.REMOVAL_DIRECTORY_BACK, actor=None, about=row, code=row.trouble_code)
    row.trouble_since, row.trouble_code, row.trouble_told_at = None, "", None
    row.save(update_fields=["trouble_since", "trouble_code", "trouble_told_at"])


@transaction.atomic
def remind(row: Removal) -> bool:
    """Remind the KIV administrators, if working days enough have passed. Returns whether it was due."""
    last = row.reminded_at or row.state_since
    due_on = deadlines.add_working_days(readings.today(last), settings.REMINDER_WORKING_DAYS)
    recipients = [HsaId(handler.person_hsa_id) for handler in row.handlers.all()]
    if readings.today() < due_on or not recipients:
        return False
    row.reminded_at, row.reminder_count = timezone.now(), row.reminder_count + 1
    row.save(update_fields=["reminded_at", "reminder_count"])
    entry = audit.record(Action.REMOVAL_REMINDED, actor=None, about=row, count=row.reminder_count)
    outbox.enqueue(entry, Kind.REMOVAL_REMINDER, recipients, removal=row)
    return True


# -- values as data ------------------------------------------------------------------------------------------


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


# -- private -------------------------------------------------------------------------------------------------


def _move(row: Removal, target: RemovalState, *fields: str) -> None:
    if not may_move(row.current_state, target):
        raise WrongState
    row.state, row.state_since = target.value, timezone.now()
    row.reminded_at, row.reminder_count, row.poll_count = None, 0, 0
    is_with_kiv = target is RemovalState.AWAITING_KIV
    row.next_poll_at = timezone.now() + requests.poll_delay(row, 0) if is_with_kiv else None
    always = ["state", "state_since", "reminded_at", "reminder_count", "next_poll_at", "poll_count"]
    row.save(update_fields=[*always, *fields])


def _starters(row: Removal) -> list[HsaId]:
    """Whoever started it; where the tool did, whoever ordered the right."""
    if row.started_by is not None:
        return [row.started_by.identity]
    return [row.grant.origin.order.orderer.identity] if row.grant else []


def _concerned(row: Removal) -> list[HsaId]:
    return [row.subject_id, *_starters(row)]


def _seen_values(seen: Seen) -> list[dict[str, Any]]:
    return [
        {"dn": dn, "attribute": attribute, "values": None if values is None else list(values)}
        for (dn, attribute), values in seen.values.items()
    ]


def _keep_evidence(
    row: Removal, moment: Evidence.Moment, read_at: datetime, values: Collection[dict[str, Any]]
) -> None:
    Evidence.objects.create(
        removal=row, moment=moment, read_at=read_at, source=readings.source(), values=list(values)
    )
