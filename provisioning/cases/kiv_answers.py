"""What a KIV administrator may answer to a task, whether a value is to be set or to be removed.

The steps that both kinds of task share, inside each room's `carry_out`. None asks the
directory: what it showed is an argument. Sources: domain §7 (never the person or an attester), §6 (don't know
decides nothing).
"""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning import statements
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import evidence, handlers, moves, schedule
from provisioning.cases.evidence import Seen
from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.mandates import current, four_eyes
from provisioning.mandates.current import Mandates
from provisioning.messages.texts import MessageKind
from provisioning.models import Case, Evidence, HandlerRole, User
from provisioning.rules.mandates import Act

_REPORT = ("carried_out_by", "carried_out_how", "carried_out_note", "reported_done_at")


def require_administrator(case: Case, by: User, mandates: Mandates) -> None:
    """Whoever was asked, still holds the mandate, and is neither the person nor an attester."""
    if not case.is_with_kiv:
        raise WrongState
    four_eyes.require(
        Act.CARRY_OUT, by=by, mandates=mandates, subject_id=case.subject_id, attested_by=case.attested_by
    )
    handlers.require_asked(case, by, HandlerRole.KIV_ADMINISTRATOR)
    if not mandates.administers(case.unit_dn):
        raise NotAllowed(current.ENDED)


def note_report(case: Case, *, by: User, how: str, note: str, **seen: Any) -> None:
    """Save and record that it was reported as done."""
    case.carried_out_by, case.carried_out_how, case.carried_out_note = by, how, note.strip()
    case.reported_done_at = timezone.now()
    case.save(update_fields=list(_REPORT))
    events.record(Action.REPORTED_DONE.of(case), actor=by, case=case, how=how, **seen)


def keep_waiting(case: Case, seen: Seen | None) -> None:
    """The directory does not show it: the task stays, comes back with what was seen, and is polled soon.

    Where the directory did not answer, nothing more is asked of anybody.
    """
    case.next_poll_at, case.poll_count = timezone.now() + schedule.poll_delay(case, 0), 0
    if seen is not None:
        case.seen_instead = seen.instead()
        evidence.keep(case, Evidence.Moment.INSTEAD, seen.read_at, values=seen.as_data())
        entry = events.record(seen.NOT_SETTLED, actor=None, case=case, **seen.recorded())
        reporter = case.carried_out_by.pk if case.carried_out_by else ""
        others = {one.folded for one in case.handler_ids} - {reporter}
        handlers.ask(entry, case, MessageKind.KIV_RETURNED, but=others)
    case.save(update_fields=["next_poll_at", "poll_count", "seen_instead"])


def settle(case: Case, seen: Seen, *fields: str) -> None:
    """The directory shows it: the task is over, and what it was for is verified."""
    case.seen_instead = {}
    evidence.keep(case, Evidence.Moment.AFTER, seen.read_at, values=seen.as_data())
    was_with = _was_with(case)
    moves.move(case, case.STATES.VERIFYING, "seen_instead", *fields)
    handlers.release(case)
    events.record(
        seen.SETTLED,
        actor=None,
        case=case,
        how=case.carried_out_how,
        changes=case.changes,
        was_with=was_with,
    )


def _was_with(case: Case) -> list[str]:
    """Whose task it was, for the receipt: who had taken it, otherwise all who were asked."""
    if case.taken_by is not None:
        return [case.taken_by.hsa_id]
    return [one.text for one in case.handler_ids]


def stated(text: str) -> str:
    """What stands in the way. Raises Invalid where nothing is said."""
    if not text.strip():
        raise Invalid(_("Write what stands in the way, so that the next person knows."), field="note")
    if (unfit := statements.unfit_in(text)) is not None:
        raise Invalid(unfit, field="note")
    return text.strip()


def pass_on(case: Case, *, by: User, reason: str) -> None:
    """It is not theirs: the others keep the task. Raises Invalid where there are none."""
    handlers.leave_to_others(case, by)
    entry = events.record(Action.PASSED_ON.of(case), actor=by, case=case, reason=reason)
    is_asked = case.open_question is not None  # then a reminder would be the orderer's
    handlers.ask(entry, case, MessageKind.KIV if is_asked else MessageKind.REMINDER)


def forget(case: Case) -> tuple[str, ...]:
    """Forget the last answer, when the task is handed out (again). Returns the columns to save."""
    case.carried_out_by, case.carried_out_how, case.carried_out_note = None, "", ""
    case.reported_done_at, case.seen_instead = None, {}
    case.taken_by, case.taken_at = None, None
    return (
        *("carried_out_by", "carried_out_how", "carried_out_note"),
        *("reported_done_at", "seen_instead", "taken_by", "taken_at"),
    )
