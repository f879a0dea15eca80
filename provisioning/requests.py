"""The operations on one request: who may do what to it, and what each act writes.

Each is one transaction that locks the row, checks the move, and writes state, audit entry and
messages together, or nothing. None of them asks the directory: what it said is an argument.
The flow calls them; so does nobody else. Sources: domain §7 (four eyes), design §3 (the walk).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from provisioning import audit, delays, grants, handlers, outbox, readings
from provisioning.audit import Action
from provisioning.audit_trail import evidence
from provisioning.directory import Which, has_national_directory
from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.mandates import Mandates
from provisioning.models import AccessRequest, Delegation, Evidence, HandlerRole, User
from provisioning.notifications import Kind
from provisioning.rules import arrival, deadlines
from provisioning.rules.assessment import Assessment
from provisioning.rules.hsa import Answer, HsaId, Person, Reading
from provisioning.rules.lifecycle import State, may_move

TELL_ABOUT_SILENCE_AFTER = timedelta(minutes=2)


class Choice(enum.StrEnum):
    """What an orderer can choose when the commission is missing (withdrawal is an act of its own)."""

    COUPLE = "couple"
    WAIT = "wait"


class Cannot(enum.StrEnum):
    """Why a KIV administrator cannot carry a task out. Each has its own next step."""

    NOT_MINE = "not_mine"  # the others keep the task
    COMMISSION_MISSING = "commission_missing"  # back to the orderer's choice
    WRONG_ORDER = "wrong_order"  # ends: order again, right
    OTHER = "other"  # ends, with the text


@dataclass(frozen=True, slots=True)
class Seen:
    """The values that wanted changes concern, as one look into the directory gave them."""

    read_at: datetime
    values: Mapping[tuple[str, str], Sequence[str] | None]  # (dn, attribute) → values; None: no such entry
    is_in_place: Answer
    instead: tuple[Mapping[str, str], ...] = ()  # near misses: code, about, expected


class Polled(Protocol):
    """What is looked up in the directory again and again: a request, or a removal."""

    state_since: datetime
    reported_done_at: datetime | None
    trouble_since: datetime | None
    trouble_told_at: datetime | None


def lock(pk: int) -> AccessRequest:
    """The row, locked until the transaction ends."""
    return AccessRequest.objects.select_for_update(of=("self",)).select_related("order__orderer").get(pk=pk)


# -- attestation ---------------------------------------------------------------------------------------------


@transaction.atomic
def attest(
    request: AccessRequest, *, by: User, held: Mandates, comment: str = "", shown: Sequence[str] = ()
) -> None:
    """Attest in the step the request is in. `held`: mandates read just now; `shown`: warnings on the page.

    Raises NotAllowed (not the attester, or the subject), WrongState.
    """
    principal = _require_attester(request, by, held)
    now = timezone.now()
    if request.current_state is State.AWAITING_SECOND_ATTESTATION:
        request.second_attester, request.second_attested_at = by, now
        request.second_attestation_comment = comment.strip()
        action, target = Action.SECOND_ATTESTED, State.CHECKING
    else:
        request.attester, request.attested_at, request.attestation_comment = by, now, comment.strip()
        request.attested_for = principal
        action = Action.ATTESTED
        target = State.AWAITING_SECOND_ATTESTATION if request.needs_second_attester else State.CHECKING
    _move(request, target)
    entry = audit.record(
        action, actor=by, principal=principal, request=request, reason=comment.strip(), shown=list(shown)
    )
    if target is State.CHECKING:
        handlers.release(request)
        outbox.enqueue(entry, Kind.ATTESTED, _orderer_and_subject(request))


@transaction.atomic
def hand_to_second_attesters(request: AccessRequest, *, persons: Iterable[Person]) -> None:
    """Ask the holders of the provider's mandate, after the first attestation. Raises Invalid."""
    found = tuple(persons)
    if not found:
        raise Invalid(
            _("Nobody else holds the care provider's mandate, and a process leader needs a second attester.")
        )
    handlers.assign(request, HandlerRole.SECOND_ATTESTER, handlers.by_own_mandate(found))
    entry = audit.record(Action.HANDLERS_CHANGED, actor=None, request=request, state=request.state)
    outbox.enqueue(entry, Kind.ATTEST, [person.hsa_id for person in found])


@transaction.atomic
def reject(request: AccessRequest, *, by: User, held: Mandates, reason: str) -> None:
    """Reject with a reason that the orderer reads. Raises NotAllowed, WrongState, Invalid (no reason)."""
    principal = _require_attester(request, by, held)
    if not reason.strip():
        raise Invalid(_("Write why you reject the order. The orderer reads it."), field="reason")
    _end(request, State.REJECTED, reason=reason)
    entry = audit.record(
        Action.REJECTED, actor=by, principal=principal, request=request, reason=reason.strip()
    )
    outbox.enqueue(entry, Kind.REJECTED, _orderer_and_subject(request))


# -- check, choice, waiting ----------------------------------------------------------------------------------


@transaction.atomic
def record_check(
    request: AccessRequest, *, reading: Reading, found: Assessment, administrators: Iterable[Person] = ()
) -> None:
    """Settle what a check found: straight to verification, to the KIV administrator, or back for a choice.

    An answer that is unknown because of what stands in the directory (an unreadable date) goes to a human.
    Raises WrongState when the directory itself did not tell: that decides nothing, ask again later.
    """
    if silence(found):
        raise WrongState(code="unknown_decides_nothing")
    directory_answers(request)
    was_waiting = request.current_state is State.WAITING_FOR_COMMISSION
    request.assessment = readings.detailed_verdict(found)
    request.changes = [readings.change_data(change) for change in found.changes]
    entry = audit.record(
        Action.CHECKED,
        actor=None,
        request=request,
        answer=found.answer.value,
        causes=[cause.code.value for cause in found.causes],
        changes=request.changes,
    )
    keep = ["assessment", "changes"]
    if found.answer is Answer.YES:
        _move(request, State.VERIFYING, *keep)
        handlers.release(request)
        return
    may_set_now = found.can_be_granted_by_changes and (request.wants_coupling or not found.needs_coupling)
    if may_set_now:
        _to_kiv(request, reading, found, tuple(administrators))
    elif was_waiting:
        request.save(update_fields=keep)
    else:
        _move(request, State.AWAITING_CHOICE, *keep)
        handlers.release(request)
        outbox.enqueue(entry, Kind.CHOOSE, [request.order.orderer.identity])


@transaction.atomic
def choose(request: AccessRequest, *, by: User, choice: Choice) -> None:
    """The orderer's choice when something is missing. Raises NotAllowed, WrongState."""
    if by.pk != request.order.orderer_id:
        raise NotAllowed(_("Only the one who ordered can choose how to go on."))
    if choice is Choice.COUPLE:
        request.wants_coupling = True
        _move(request, State.CHECKING, "wants_coupling")
        audit.record(Action.COUPLING_ASKED, actor=by, request=request)
        return
    request.wait_until = deadlines.add_working_days(
        readings.today(), settings.WAIT_FOR_COMMISSION_WORKING_DAYS
    )
    _move(request, State.WAITING_FOR_COMMISSION, "wait_until")
    audit.record(Action.WAITING_CHOSEN, actor=by, request=request, until=request.wait_until.isoformat())


@transaction.atomic
def give_up(request: AccessRequest) -> None:
    """End the waiting: what was missing did not come in time."""
    reason = str(_("What was missing in the directory had not come when the waiting ended."))
    codes = request.assessment.get("causes", [])
    _end(request, State.GAVE_UP, reason=reason, code=codes[0] if codes else "")
    entry = audit.record(Action.GAVE_UP, actor=None, request=request, causes=codes)
    outbox.enqueue(entry, Kind.ENDED, _orderer_and_subject(request))


@transaction.atomic
def end_unanswered(request: AccessRequest) -> None:
    """End a request that nobody has decided on, though the whole ladder was asked. Raises WrongState."""
    reason = str(_("Nobody decided in time, although it was asked further and further up."))
    waited = [HsaId(handler.person_hsa_id) for handler in request.handlers.all()]
    _end(request, State.GAVE_UP, reason=reason, code="order.unanswered")
    entry = audit.record(Action.UNANSWERED, actor=None, request=request, rungs=request.escalation_level)
    outbox.enqueue(entry, Kind.ENDED, [*_orderer_and_subject(request), *waited])


@transaction.atomic
def person_left(request: AccessRequest, *, code: str) -> None:
    """End the request of somebody who is not employed any more, whoever has it. Raises WrongState.

    `code` says what the directory showed. A new employment does not bring it back: it is ordered anew.
    """
    waited = [HsaId(handler.person_hsa_id) for handler in request.handlers.all()]
    reason = str(_("The person is no longer employed, says the directory."))
    _end(request, State.CANNOT_BE_DONE, reason=reason, code=code)
    entry = audit.record(Action.LEFT, actor=None, request=request, why=code)
    outbox.enqueue(entry, Kind.ENDED, [request.order.orderer.identity, *waited])


@transaction.atomic
def withdraw(request: AccessRequest, *, by: User, reason: str = "") -> None:
    """Take the request back: orderer and subject, while it is open. Raises NotAllowed, WrongState."""
    if by.pk not in (request.order.orderer_id, request.subject_key):
        raise NotAllowed(_("Only the one who ordered, or the person it concerns, can withdraw it."))
    waiting = [HsaId(handler.person_hsa_id) for handler in request.handlers.all()]
    _end(request, State.WITHDRAWN, reason=reason)
    entry = audit.record(Action.WITHDRAWN, actor=by, request=request, reason=reason.strip())
    outbox.enqueue(
        entry,
        Kind.ENDED,
        [person for person in (*_orderer_and_subject(request), *waiting) if person != by.identity],
    )


# -- the KIV administrator's task ----------------------------------------------------------------------------


@transaction.atomic
def report_done(
    request: AccessRequest, *, by: User, held: Mandates, seen: Seen | None, already: bool, note: str
) -> bool:
    """The KIV administrator says it is set. Returns whether the directory agrees: only then the task is over.

    `seen` is what the directory showed just now; None when it did not answer: then the task stays, is
    polled soon, and nothing more is asked of anybody. Raises NotAllowed, WrongState.
    """
    _require_administrator(request, by, held)
    how = "already_set" if already else "done"
    is_there = seen is not None and seen.is_in_place is Answer.YES
    audit.record(Action.REPORTED_DONE, actor=by, request=request, how=how, seen=is_there)
    request.carried_out_by, request.carried_out_how, request.carried_out_note = by, how, note.strip()
    request.reported_done_at = timezone.now()
    kept = ["carried_out_by", "carried_out_how", "carried_out_note", "reported_done_at"]
    if is_there and seen is not None:
        _values_are_there(request, seen, *kept)
        return True
    request.next_poll_at, request.poll_count = timezone.now() + poll_delay(request, 0), 0
    if seen is not None:
        _bring_back(request, seen)
    request.save(update_fields=[*kept, "next_poll_at", "poll_count", "seen_instead"])
    return False


@transaction.atomic
def cannot(request: AccessRequest, *, by: User, held: Mandates, why: Cannot, text: str) -> None:
    """The KIV administrator cannot do it; each reason has its next step.

    Raises NotAllowed, WrongState, Invalid.
    """
    _require_administrator(request, by, held)
    if not text.strip():
        raise Invalid(_("Write what stands in the way, so that the next person knows."), field="note")
    if why is Cannot.NOT_MINE:
        _pass_on(request, by, text)
        return
    if why is Cannot.COMMISSION_MISSING:
        entry = audit.record(Action.CHOICE_NEEDED, actor=by, request=request, reason=text.strip())
        request.wants_coupling = False
        _move(request, State.AWAITING_CHOICE, "wants_coupling")
        handlers.release(request)
        outbox.enqueue(entry, Kind.CHOOSE, [request.order.orderer.identity])
        return
    _end(request, State.CANNOT_BE_DONE, reason=text, code=why.value)
    entry = audit.record(Action.CANNOT, actor=by, request=request, reason=text.strip(), why=why.value)
    outbox.enqueue(entry, Kind.ENDED, _orderer_and_subject(request))


@transaction.atomic
def record_values(request: AccessRequest, *, seen: Seen) -> bool:
    """What a poll saw. Returns whether all wanted values are there, and the task so over."""
    directory_answers(request)
    if seen.is_in_place is not Answer.YES:
        return False
    if not request.carried_out_how:
        request.carried_out_how = "seen"
    _values_are_there(request, seen, "carried_out_how")
    return True


def poll_delay(request: Polled, count: int) -> timedelta:
    """How long after the `count`-th look the next one comes: the schedule, and for young tasks the pulse."""
    step = _step(settings.POLL_SCHEDULE_SECONDS, count)
    begun_at = max(at for at in (request.state_since, request.reported_done_at) if at is not None)
    is_young = timezone.now() - begun_at < timedelta(minutes=settings.POLL_YOUNG_MINUTES)
    return min(step, timedelta(seconds=settings.POLL_PULSE_SECONDS)) if is_young else step


def hsa_delay(request: AccessRequest) -> timedelta:
    """How long until the next look into the national HSA, by the number of looks so far."""
    return _step(settings.HSA_POLL_SCHEDULE_SECONDS, max(0, request.poll_count - 1))


def _step(schedule: Sequence[int], count: int) -> timedelta:
    return timedelta(seconds=schedule[min(count, len(schedule) - 1)])


# -- verification --------------------------------------------------------------------------------------------


@transaction.atomic
def record_verification(
    request: AccessRequest, *, reading: Reading, found: Assessment, administrators: Iterable[Person] = ()
) -> None:
    """Settle what the verification found: done only if the service's own rule lets the person in.

    Then the right exists: a grant is given, or the one that stands is prolonged.

    Where the national HSA is read, too, a yes here is half the way: it has to arrive there. Raises
    WrongState when the directory itself did not tell.
    """
    if silence(found):
        raise WrongState(code="unknown_decides_nothing")
    grants.lock_for(request)
    directory_answers(request)
    request.assessment = readings.detailed_verdict(found)
    _keep_evidence(request, Evidence.Moment.VERIFICATION, reading.read_at, verdict=readings.verdict(found))
    if found.answer is not Answer.YES:
        audit.record(
            Action.VERIFICATION_FAILED,
            actor=None,
            request=request,
            causes=[cause.code.value for cause in found.causes],
        )
        record_check(request, reading=reading, found=found, administrators=administrators)
        return
    if has_national_directory():
        # Where nothing had to be set, this is the moment at which KIV was seen to hold all that is needed.
        request.values_seen_at = request.values_seen_at or reading.read_at
        request.arrived_at, request.hsa_shows, request.hsa_late_told_at = None, {}, None
        _move(request, State.AWAITING_HSA, "assessment", "values_seen_at", *_ARRIVAL_FIELDS)
        handlers.release(request)
        audit.record(Action.SET_IN_KIV, actor=None, request=request)
        return
    _done(request, reading.read_at, found, kiv=reading)


@transaction.atomic
def record_arrival(request: AccessRequest, *, kiv: Reading, hsa: Reading, found: Assessment) -> bool:
    """What a look into the national HSA gave: `found` is the login rule on it. Returns whether it is done.

    `kiv` is read in the same look and still says yes: what is taken away there must not count as arrived.
    A silent or late HSA decides nothing; when it has lasted, those concerned are told, once.
    """
    if request.current_state is not State.AWAITING_HSA:
        raise WrongState
    grants.lock_for(request)
    changes = [readings.change_from(data) for data in request.changes]
    arrived = arrival.has_arrived(changes, kiv=kiv, hsa=hsa)
    is_through = found.answer is Answer.YES and arrived is Answer.YES and not silence(found)
    seen = arrived if changes else (Answer.UNKNOWN if silence(found) else found.answer)
    _note_arrival(request, seen, kiv=kiv, hsa=hsa)
    request.hsa_shows = _shown_by_hsa(found, hsa)
    request.poll_count += 1
    if not is_through:
        _tell_if_late(request)
        request.save(update_fields=["poll_count", *_ARRIVAL_FIELDS])
        return False
    request.assessment = readings.detailed_verdict(found)
    _keep_evidence(
        request,
        Evidence.Moment.VERIFICATION,
        hsa.read_at,
        verdict=readings.verdict(found),
        which=Which.NATIONAL,
    )
    _done(request, hsa.read_at, found, *_ARRIVAL_FIELDS, kiv=kiv)
    return True


@transaction.atomic
def stop_following(request: AccessRequest) -> None:
    """The national HSA is not configured any more: what KIV holds decides again. Raises WrongState."""
    audit.record(Action.HSA_NOT_READ, actor=None, request=request)
    _move(request, State.VERIFYING)


_ARRIVAL_FIELDS = ("arrived_at", "hsa_shows", "hsa_late_told_at")


def _done(request: AccessRequest, at: datetime, found: Assessment, *fields: str, kiv: Reading) -> None:
    """The access works: the right exists from now on. Whoever calls this has locked the right that stands."""
    request.verified_at = at
    request.end_code = ""
    _move(request, State.DONE, "assessment", "verified_at", "end_code", *fields)
    handlers.release(request)
    entry = audit.record(
        Action.DONE,
        actor=None,
        request=request,
        login=readings.verdict(found)["login"],
        how=request.carried_out_how or "nothing_to_set",
        evidence=evidence.digests(request),
    )
    grants.record_done(request, reading=kiv)
    outbox.enqueue(entry, Kind.DONE, _orderer_and_subject(request))


def _note_arrival(request: AccessRequest, arrived: Answer, *, kiv: Reading, hsa: Reading) -> None:
    """Keep when the values were first seen in HSA; a value that goes away again has not arrived."""
    if arrived is Answer.YES and request.arrived_at is None:
        request.arrived_at = hsa.read_at
        values = _values_in_hsa(request, kiv, hsa)
        _keep_evidence(request, Evidence.Moment.ARRIVAL, hsa.read_at, values=values, which=Which.NATIONAL)
        audit.record(Action.ARRIVED, actor=None, request=request, changes=request.changes)
    elif arrived is Answer.NO and request.arrived_at is not None:
        request.arrived_at = None
        audit.record(Action.GONE_FROM_HSA, actor=None, request=request)


def _values_in_hsa(request: AccessRequest, kiv: Reading, hsa: Reading) -> list[dict[str, Any]]:
    """What HSA holds where the changes belong. The DN is KIV's: it names the change, as in other evidence."""
    held = [(data, arrival.held(readings.change_from(data), kiv=kiv, hsa=hsa)) for data in request.changes]
    return [
        {"dn": data["dn"], "attribute": data["attribute"], "values": None if found is None else list(found)}
        for data, found in held
    ]


def _shown_by_hsa(found: Assessment, hsa: Reading) -> dict[str, Any]:
    """The last look in short: what login would say, and what stands in the way there."""
    return readings.detailed_verdict(found) | {"read_at": hsa.read_at.isoformat(), "code": silence(found)}


def _tell_if_late(request: AccessRequest) -> None:
    """Tell the orderer and the operators once that the change does not arrive. Nothing else follows."""
    now = timezone.now()
    if request.hsa_late_told_at is not None or now - request.state_since < delays.late_after():
        return
    request.hsa_late_told_at = now
    entry = audit.record(Action.HSA_LATE, actor=None, request=request, code=request.hsa_shows["code"])
    operators = [HsaId(text) for text in settings.OPERATORS]
    outbox.enqueue(entry, Kind.HSA_LATE, [request.order.orderer.identity, *operators])


def silence(found: Assessment) -> str:
    """The code of what the directory itself did not tell, if anything; else empty.

    Also where the answer is no all the same: what has to be changed is not known before all is read.
    """
    codes = [cause.code.value for cause in found.causes if cause.code.value.startswith("directory.")]
    return codes[0] if codes else ""


# -- trouble and reminders -----------------------------------------------------------------------------------


def is_news_of_silence(request: Polled) -> bool:
    """Say whether `directory_is_silent` has anything to write: the first silence, or that it has lasted."""
    if request.trouble_since is None:
        return True
    has_lasted = timezone.now() - request.trouble_since >= TELL_ABOUT_SILENCE_AFTER
    return has_lasted and request.trouble_told_at is None


@transaction.atomic
def directory_is_silent(request: AccessRequest, *, code: str) -> None:
    """The directory did not tell. Nothing moves; when it has lasted, those concerned are told, once."""
    now = timezone.now()
    if request.trouble_since is None:
        request.trouble_since = now
    request.trouble_code = code
    if request.trouble_told_at is None and now - request.trouble_since >= TELL_ABOUT_SILENCE_AFTER:
        request.trouble_told_at = now
        entry = audit.record(Action.DIRECTORY_SILENT, actor=None, request=request, code=code)
        operators = [HsaId(text) for text in settings.OPERATORS]
        outbox.enqueue(entry, Kind.DIRECTORY_SILENT, [request.order.orderer.identity, *operators])
    request.save(update_fields=["trouble_since", "trouble_code", "trouble_told_at"])


def directory_answers(request: AccessRequest) -> None:
    """The directory answers (again). Called inside an operation."""
    if request.trouble_since is None:
        return
    if request.trouble_told_at is not None:
        audit.record(Action.DIRECTORY_BACK, actor=None, request=request, code=request.trouble_code)
    request.trouble_since, request.trouble_code, request.trouble_told_at = None, "", None
    request.save(update_fields=["trouble_since", "trouble_code", "trouble_told_at"])


@transaction.atomic
def remind(request: AccessRequest) -> bool:
    """Remind whoever sits on the request, if working days enough have passed. Returns whether it was due."""
    last = request.reminded_at or request.state_since
    due_on = deadlines.add_working_days(readings.today(last), settings.REMINDER_WORKING_DAYS)
    if readings.today() < due_on:
        return False
    recipients = who_sits_on(request)
    if not recipients:
        return False
    request.reminded_at = timezone.now()
    request.reminder_count += 1
    request.save(update_fields=["reminded_at", "reminder_count"])
    entry = audit.record(Action.REMINDED, actor=None, request=request, count=request.reminder_count)
    outbox.enqueue(entry, Kind.REMINDER, recipients)
    return True


@transaction.atomic
def nudge(request: AccessRequest, *, by: User) -> None:
    """Somebody who waits reminds whoever has the request: orderer and subject, not too often.

    Raises NotAllowed, WrongState (nobody else has it, or they were told less than the set hours ago).
    """
    if by.pk not in (request.order.orderer_id, request.subject_key):
        raise NotAllowed(_("Only the one who ordered, or the person it concerns, can remind."))
    others = [person for person in who_sits_on(request) if person != by.identity]
    if not others:
        raise WrongState(_("Nobody else has the case right now, so there is nobody to remind."))
    if timezone.now() < may_be_nudged_at(request):
        raise WrongState(_("They were told not long ago. Give them a little more time."), code="too_soon")
    request.nudged_at = timezone.now()
    request.save(update_fields=["nudged_at"])
    entry = audit.record(Action.NUDGED, actor=by, request=request, count=len(others))
    outbox.enqueue(entry, Kind.REMINDER, others)


def may_be_nudged_at(request: AccessRequest) -> datetime:
    """From when on it is not too soon to remind: so many hours after they were last told."""
    told = (request.state_since, request.reminded_at, request.nudged_at, request.escalated_at)
    return max(at for at in told if at is not None) + timedelta(hours=settings.NUDGE_EVERY_HOURS)


def who_sits_on(request: AccessRequest) -> list[HsaId]:
    """The persons who can take the request further; empty where the tool itself has it, or it has ended."""
    if request.current_state is State.AWAITING_CHOICE:
        return [request.order.orderer.identity]
    return [HsaId(handler.person_hsa_id) for handler in request.handlers.all()]


# -- private -------------------------------------------------------------------------------------------------


def _require_attester(request: AccessRequest, by: User, held: Mandates) -> User | None:
    """The subject never; otherwise who was asked, and still holds the mandate. Domain §7.

    Returns the head of unit on whose behalf a delegate acts; None for a mandate of one's own.
    """
    if by.pk == request.subject_key:
        raise NotAllowed(_("You cannot decide on your own access. Somebody else has to."))
    if request.current_state is State.AWAITING_SECOND_ATTESTATION:
        _require(
            by.pk != request.attester_id,
            _("You attested this order already. Somebody else has to be second."),
        )
        _require(_is_handler(request, by, HandlerRole.SECOND_ATTESTER), None)
        still = any(p.hsa_id == request.unit_id for p in held.providers) or by.identity in _named_mandates(
            request
        )
        _require(still, _MANDATE_ENDED)
        return None
    if request.current_state is not State.AWAITING_ATTESTATION:
        raise WrongState
    asked = request.handlers.filter(person_key=by.pk, role=HandlerRole.ATTESTER).first()
    if asked is None:
        raise NotAllowed
    if asked.delegation_id is None:
        _require(held.is_head_of_unit, _MANDATE_ENDED)
        return None
    return _principal(asked.delegation_id, held)


def _principal(delegation_pk: int, held: Mandates) -> User:
    """Who the delegate acts for; the delegation is locked, so that it is not revoked under the decision."""
    delegation = (
        Delegation.objects.select_for_update(of=("self",), no_key=True)
        .select_related("principal")
        .get(pk=delegation_pk)
    )
    _require(delegation.ended_at is None, _DELEGATION_ENDED)
    _require(any(one.pk == delegation.pk for one in held.delegated), _DELEGATION_ENDED)
    return delegation.principal


def _require_administrator(request: AccessRequest, by: User, held: Mandates) -> None:
    if request.current_state is not State.AWAITING_KIV:
        raise WrongState
    if HsaId(by.hsa_key) in handlers.excluded_from_carrying_out(request):
        raise NotAllowed(
            _("You are the person it concerns, or you attested it. Another KIV administrator has to do it.")
        )
    _require(_is_handler(request, by, HandlerRole.KIV_ADMINISTRATOR), None)
    _require(held.administers(request.unit_dn), _MANDATE_ENDED)


_DELEGATION_ENDED = _("The delegation has ended, or the one who gave it is not head of the unit any more.")
_MANDATE_ENDED = _("The directory no longer says that this is yours to do. Your mandate may have ended.")


def _require(condition: bool, message: str | Promise | None) -> None:
    if not condition:
        raise NotAllowed(message)


def _named_mandates(request: AccessRequest) -> set[HsaId]:
    return {HsaId(text) for text in settings.PROVIDER_MANDATES.get(request.unit_hsa_id, ())}


def _is_handler(request: AccessRequest, by: User, role: HandlerRole) -> bool:
    return request.handlers.filter(person_key=by.pk, role=role).exists()


def _orderer_and_subject(request: AccessRequest) -> list[HsaId]:
    return [request.order.orderer.identity, request.subject_id]


def _move(request: AccessRequest, target: State, *fields: str) -> None:
    if not may_move(request.current_state, target):
        raise WrongState
    request.state, request.state_since = target.value, timezone.now()
    request.reminded_at, request.reminder_count, request.nudged_at = None, 0, None
    request.escalation_level, request.escalated_at = 0, None
    request.next_poll_at = timezone.now() + poll_delay(request, 0) if target is State.AWAITING_KIV else None
    request.poll_count = 0
    always = ["state", "state_since", "reminded_at", "reminder_count", "next_poll_at", "poll_count"]
    always += ["nudged_at", "escalation_level", "escalated_at"]
    people = ["attester", "attested_for", "attested_at", "attestation_comment"]
    second = ["second_attester", "second_attested_at", "second_attestation_comment"]
    request.save(update_fields=[*always, *people, *second, *fields])


def _end(request: AccessRequest, target: State, *, reason: str, code: str = "") -> None:
    request.end_reason, request.end_code = reason.strip(), code
    _move(request, target, "end_reason", "end_code")
    handlers.release(request)


def _to_kiv(
    request: AccessRequest, reading: Reading, found: Assessment, administrators: tuple[Person, ...]
) -> None:
    """Hand the exact changes to the KIV administrators; nobody eligible ends it, with the reason."""
    if not administrators:
        reason = _(
            "No KIV administrator in the directory may carry this out: neither the person "
            "nor the attester may."
        )
        _end(request, State.CANNOT_BE_DONE, reason=str(reason), code="order.no_administrator")
        entry = audit.record(Action.CANNOT, actor=None, request=request, why="order.no_administrator")
        outbox.enqueue(entry, Kind.ENDED, _orderer_and_subject(request))
        return
    request.carried_out_by, request.carried_out_how, request.carried_out_note = None, "", ""
    request.reported_done_at, request.seen_instead = None, {}
    request.values_seen_at = request.arrived_at = None
    _move(
        request,
        State.AWAITING_KIV,
        *("values_seen_at", "arrived_at"),
        *("assessment", "changes", "carried_out_by", "carried_out_how", "carried_out_note"),
        *("reported_done_at", "seen_instead"),
    )
    handlers.assign(request, HandlerRole.KIV_ADMINISTRATOR, handlers.by_own_mandate(administrators))
    _keep_evidence(
        request,
        Evidence.Moment.BEFORE,
        reading.read_at,
        values=_values_before(reading, found),
        verdict=readings.verdict(found),
    )
    entry = audit.record(Action.KIV_NEEDED, actor=None, request=request, changes=request.changes)
    outbox.enqueue(entry, Kind.KIV, [person.hsa_id for person in administrators])


def _values_before(reading: Reading, found: Assessment) -> list[dict[str, Any]]:
    """The values that stand where the changes go, for the person concerned only."""
    values = []
    for change in found.changes:
        if reading.person is not None and change.dn == reading.person.dn:
            now = list(reading.person.system_roles)
        else:
            commission = next((one for one in reading.commissions if one.dn == change.dn), None)
            now = [coupling.raw for coupling in commission.couplings] if commission else []
        values.append({"dn": change.dn, "attribute": change.attribute.value, "values": now})
    return values


def _pass_on(request: AccessRequest, by: User, text: str) -> None:
    """One administrator says the unit is not theirs: the others keep the task, the last one cannot."""
    others = request.handlers.exclude(person_key=by.pk)
    if not others.exists():
        raise Invalid(
            _("You are the only KIV administrator the directory names for this unit. Choose another reason."),
            field="why",
        )
    entry = audit.record(Action.PASSED_ON, actor=by, request=request, reason=text.strip())
    request.handlers.filter(person_key=by.pk).delete()
    outbox.enqueue(entry, Kind.REMINDER, [HsaId(handler.person_hsa_id) for handler in others])


def _bring_back(request: AccessRequest, seen: Seen) -> None:
    """ "Done" without the value: the task comes back with what was seen instead."""
    values = _seen_values(seen)
    request.seen_instead = {
        "read_at": seen.read_at.isoformat(),
        "answer": seen.is_in_place.value,
        "values": values,
        "near_misses": [dict(miss) for miss in seen.instead],
    }
    _keep_evidence(request, Evidence.Moment.INSTEAD, seen.read_at, values=values)
    entry = audit.record(
        Action.NOT_SEEN, actor=None, request=request, near_misses=[miss["code"] for miss in seen.instead]
    )
    outbox.enqueue(
        entry, Kind.KIV_RETURNED, [request.carried_out_by.identity] if request.carried_out_by else []
    )


def _values_are_there(request: AccessRequest, seen: Seen, *fields: str) -> None:
    request.values_seen_at = seen.read_at
    request.seen_instead = {}
    _keep_evidence(request, Evidence.Moment.AFTER, seen.read_at, values=_seen_values(seen))
    audit.record(
        Action.VALUES_SEEN, actor=None, request=request, how=request.carried_out_how, changes=request.changes
    )
    _move(request, State.VERIFYING, "values_seen_at", "seen_instead", *fields)
    handlers.release(request)


def _seen_values(seen: Seen) -> list[dict[str, Any]]:
    return [
        {"dn": dn, "attribute": attribute, "values": None if values is None else list(values)}
        for (dn, attribute), values in seen.values.items()
    ]


def _keep_evidence(
    request: AccessRequest,
    moment: Evidence.Moment,
    read_at: datetime,
    *,
    values: list[dict[str, Any]] | None = None,
    verdict: dict[str, Any] | None = None,
    which: Which = Which.OWN,
) -> None:
    Evidence.objects.create(
        request=request,
        moment=moment,
        read_at=read_at,
        source=readings.source(which),
        values=values or [],
        verdict=verdict or {},
    )
