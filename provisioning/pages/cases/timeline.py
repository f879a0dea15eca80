"""What has happened to a request, in words: one sentence for every kind of audit entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from provisioning import access, dates
from provisioning.assessments.causes import SENTENCES
from provisioning.audit.events import Action
from provisioning.models import AccessRequest, AuditEntry, EndCauseChoice, Grant, Removal, User
from provisioning.pages import words
from provisioning.rules.causes import Code
from provisioning.rules.ticket_reply import ReplyRefusal

Text = str | Promise

# Each action's tone and sentence. Who did it and when stand beside it.
SENTENCE_OF: Mapping[Action, tuple[str, Text]] = {
    Action.ORDERED: ("info", gettext_lazy("The order was sent.")),
    Action.LINE_REFUSED: ("warning", gettext_lazy("A line of the order could not be placed.")),
    Action.LINES_PLACED: ("info", gettext_lazy("The lines of the order have been placed.")),
    Action.REQUEST_STARTED: ("info", gettext_lazy("The case was opened.")),
    Action.ATTESTED: ("success", gettext_lazy("The order was approved.")),
    Action.SECOND_ATTESTED: ("success", gettext_lazy("The order was approved by a second approver.")),
    Action.REJECTED: ("error", gettext_lazy("The order was rejected.")),
    Action.WITHDRAWN: ("neutral", gettext_lazy("The order was withdrawn.")),
    Action.CHECKED: ("info", gettext_lazy("The directory was read.")),
    Action.CHOICE_NEEDED: (
        "warning",
        gettext_lazy("The KIV administrator found that the commission is missing."),
    ),
    Action.COUPLING_ASKED: (
        "info",
        gettext_lazy("The KIV administrator is asked to couple the commission, too."),
    ),
    Action.WAITING_CHOSEN: ("waiting", gettext_lazy("The orderer chose to wait for what is missing.")),
    Action.KIV_NEEDED: ("waiting", gettext_lazy("A task was given to the KIV administrators.")),
    Action.OUTDATED: (
        "warning",
        gettext_lazy(
            "The directory has changed since the order, so what was to be set is not right any more. "
            "Nothing is to be set."
        ),
    ),
    Action.WORKED_OUT_ANEW: (
        "info",
        gettext_lazy("The directory has changed, so what is to be set is worked out anew."),
    ),
    Action.VALUES_LEFT: (
        "warning",
        gettext_lazy("A value that was set for the case still stands. Its removal was started."),
    ),
    Action.REPORTED_DONE: ("info", gettext_lazy("The task was reported as done.")),
    Action.NOT_SEEN: ("warning", gettext_lazy("The value was not in the directory, so the task came back.")),
    Action.TAKEN: ("info", gettext_lazy("A KIV administrator took the task.")),
    Action.LET_GO: ("info", gettext_lazy("A KIV administrator let go of the task.")),
    Action.ASKED: ("waiting", gettext_lazy("The KIV administrator asked a question.")),
    Action.ANSWERED: ("info", gettext_lazy("The question was answered.")),
    Action.CANNOT: ("error", gettext_lazy("The order cannot be carried out.")),
    Action.PASSED_ON: ("info", gettext_lazy("A KIV administrator left the task to the others.")),
    Action.VALUES_SEEN: ("success", gettext_lazy("The ordered value was seen in the directory.")),
    Action.SET_IN_KIV: ("waiting", gettext_lazy("All is in place in KIV. Now it has to arrive in HSA.")),
    Action.ARRIVED: ("success", gettext_lazy("The ordered value has arrived in HSA.")),
    Action.GONE_FROM_HSA: (
        "warning",
        gettext_lazy("The value is not in HSA any more. The case waits for it."),
    ),
    Action.HSA_LATE: (
        "warning",
        gettext_lazy("The value has not arrived in HSA in the usual time. The case goes on waiting."),
    ),
    Action.HSA_NOT_READ: (
        "info",
        gettext_lazy("The national HSA is not read any more. The case goes on by what KIV holds."),
    ),
    Action.VERIFICATION_FAILED: (
        "warning",
        gettext_lazy("The service's login rule would not let the person in yet."),
    ),
    Action.DONE: ("success", gettext_lazy("Verified: the service's login rule lets the person in.")),
    Action.GAVE_UP: ("error", gettext_lazy("What was missing did not come in time. The case has ended.")),
    Action.REMINDED: ("waiting", gettext_lazy("A reminder was sent.")),
    Action.UNUSUALLY_LONG: (
        "waiting",
        gettext_lazy("The step had lasted longer than 95 of 100 orders here. Whoever can act was told."),
    ),
    Action.REMINDED_BY_PERSON: (
        "waiting",
        gettext_lazy("Somebody who waits asked for a reminder, and it was sent."),
    ),
    Action.ESCALATED: ("waiting", gettext_lazy("Nobody had answered. It was asked further up.")),
    Action.UNANSWERED: ("error", gettext_lazy("Nobody decided in time. The case has ended.")),
    Action.DELEGATED: ("info", gettext_lazy("A delegation was given.")),
    Action.DELEGATION_ENDED: ("info", gettext_lazy("A delegation ended.")),
    Action.DELEGATION_REMINDED: ("info", gettext_lazy("It was said that a delegation ends soon.")),
    Action.DELEGATION_DOUBTED: (
        "unknown",
        gettext_lazy("The directory did not show what a delegation rests on. It is looked at again."),
    ),
    Action.DELEGATION_CONFIRMED: (
        "info",
        gettext_lazy("The directory shows what the delegation rests on again."),
    ),
    Action.PROTECTION_FOLLOWED: (
        "info",
        gettext_lazy("Who has protected personal data was brought up to what the directory says."),
    ),
    Action.LOSSES_NOT_BELIEVED: (
        "unknown",
        gettext_lazy("So much seemed to be gone from the directory at once that nothing was ended."),
    ),
    Action.HANDLERS_CHANGED: (
        "info",
        gettext_lazy("Who may act on the case was read from the directory again."),
    ),
    Action.DIRECTORY_SILENT: (
        "unknown",
        gettext_lazy("The directory did not answer. The case waits and loses nothing."),
    ),
    Action.STALLED: (
        "warning",
        gettext_lazy("The case stood still for too long. Those who run the tool have it until it goes on."),
    ),
    Action.TRIED_AGAIN: ("info", gettext_lazy("Somebody who runs the tool had it tried again.")),
    Action.RESUMED: ("success", gettext_lazy("The case goes on again.")),
    Action.DIRECTORY_BACK: ("info", gettext_lazy("The directory answers again. The case goes on.")),
    Action.GRANT_CREATED: ("success", gettext_lazy("The right was given.")),
    Action.GRANT_PROLONGED: ("success", gettext_lazy("The right was prolonged.")),
    Action.NOTICES_CHOSEN: ("info", gettext_lazy("Somebody chose how to get notices.")),
    Action.FEED_OPENED: ("info", gettext_lazy("Somebody made a calendar address.")),
    Action.FEED_CLOSED: ("info", gettext_lazy("Somebody closed a calendar address.")),
    Action.ABSENCE_SAID: ("info", gettext_lazy("Somebody said from when to when they are away.")),
    Action.ABSENCE_ENDED: ("info", gettext_lazy("Somebody is not away any more.")),
    Action.NOTICES_COLLECTED: ("info", gettext_lazy("A daily mail was put together.")),
    Action.GRANT_NOTICED: ("waiting", gettext_lazy("It was announced that the right ends soon.")),
    Action.GRANT_LET_END: ("info", gettext_lazy("It was decided not to prolong the right.")),
    Action.GRANT_EXPIRED: ("warning", gettext_lazy("The right's last day has passed.")),
    Action.GRANT_ENDED: ("neutral", gettext_lazy("The right has ended.")),
    Action.GRANT_REVIEWED: ("info", gettext_lazy("The right was looked over in a review.")),
    Action.MOVED: (
        "info",
        gettext_lazy("An entry in the directory has moved. Its new address was taken over."),
    ),
    Action.REMOVAL_MOVED: (
        "info",
        gettext_lazy("An entry in the directory has moved. Its new address was taken over."),
    ),
    Action.GRANT_MOVED: (
        "info",
        gettext_lazy("An entry in the directory has moved. Its new address was taken over."),
    ),
    Action.FINDING_MOVED: (
        "info",
        gettext_lazy("An entry in the directory has moved. Its new address was taken over."),
    ),
    Action.GRANT_KEPT: ("info", gettext_lazy("The decision to end the right was undone.")),
    Action.TEAM_NAMED: ("info", gettext_lazy("Somebody was named for a task in the unit's team.")),
    Action.TEAM_ENDED: ("neutral", gettext_lazy("Somebody's task in the unit's team was ended.")),
    Action.REORGANISATION_PROPOSED: ("info", gettext_lazy("A reorganisation was proposed.")),
    Action.REORGANISATION_ATTESTED: ("success", gettext_lazy("The reorganisation was approved.")),
    Action.REORGANISATION_DECLINED: ("neutral", gettext_lazy("The reorganisation was not carried out.")),
    Action.REORGANISATION_DONE: ("success", gettext_lazy("The reorganisation is carried out.")),
    Action.REORGANISED: ("info", gettext_lazy("The unit was reorganised, and the right goes with it.")),
    Action.NOTICES_SENT: ("info", gettext_lazy("A message about rights that end soon was sent.")),
    Action.REMOVAL_STARTED: ("warning", gettext_lazy("The removal was started.")),
    Action.REMOVAL_KIV_NEEDED: ("waiting", gettext_lazy("A task was given to the KIV administrators.")),
    Action.REMOVAL_REPORTED_DONE: ("info", gettext_lazy("The task was reported as done.")),
    Action.REMOVAL_STILL_THERE: (
        "warning",
        gettext_lazy("The value was still in the directory, so the task came back."),
    ),
    Action.REMOVAL_TAKEN: ("info", gettext_lazy("A KIV administrator took the task.")),
    Action.REMOVAL_LET_GO: ("info", gettext_lazy("A KIV administrator let go of the task.")),
    Action.REMOVAL_ASKED: ("waiting", gettext_lazy("The KIV administrator asked a question.")),
    Action.REMOVAL_ANSWERED: ("info", gettext_lazy("The question was answered.")),
    Action.REMOVAL_CANNOT: ("error", gettext_lazy("The removal cannot be carried out.")),
    Action.REMOVAL_PASSED_ON: ("info", gettext_lazy("A KIV administrator left the task to the others.")),
    Action.REMOVAL_VALUES_GONE: ("success", gettext_lazy("The value was seen to be gone.")),
    Action.REMOVAL_LOOKED_AGAIN: (
        "info",
        gettext_lazy("The right was given anew, so the directory is read again."),
    ),
    Action.REMOVAL_GONE_FROM_KIV: (
        "waiting",
        gettext_lazy("It is gone from KIV. Now it has to leave HSA, too."),
    ),
    Action.REMOVAL_HSA_LATE: (
        "warning",
        gettext_lazy("The value has not left HSA in the usual time. The case goes on waiting."),
    ),
    Action.REMOVAL_HSA_NOT_READ: (
        "info",
        gettext_lazy("The national HSA is not read any more. The case goes on by what KIV holds."),
    ),
    Action.REMOVAL_DONE: (
        "success",
        gettext_lazy("Verified: nothing of the right is left in the directory."),
    ),
    Action.REMOVAL_NOT_NEEDED: ("neutral", gettext_lazy("Nothing is removed.")),
    Action.REMOVAL_WITHDRAWN: ("neutral", gettext_lazy("The removal was undone.")),
    Action.REMOVAL_REMINDED: ("waiting", gettext_lazy("A reminder was sent.")),
    Action.REMOVAL_HANDLERS_CHANGED: (
        "info",
        gettext_lazy("Who may act on the case was read from the directory again."),
    ),
    Action.REMOVAL_DIRECTORY_SILENT: (
        "unknown",
        gettext_lazy("The directory did not answer. The case waits and loses nothing."),
    ),
    Action.REMOVAL_STALLED: (
        "warning",
        gettext_lazy("The case stood still for too long. Those who run the tool have it until it goes on."),
    ),
    Action.REMOVAL_TRIED_AGAIN: ("info", gettext_lazy("Somebody who runs the tool had it tried again.")),
    Action.REMOVAL_RESUMED: ("success", gettext_lazy("The case goes on again.")),
    Action.REMOVAL_DIRECTORY_BACK: ("info", gettext_lazy("The directory answers again. The case goes on.")),
    Action.REFUSED: ("warning", gettext_lazy("An attempt was refused.")),
    Action.LOGGED_IN: ("info", gettext_lazy("Logged in.")),
    Action.PROVED_AGAIN: ("info", gettext_lazy("The card was shown again before a decision.")),
    Action.LOGGED_OUT: ("info", gettext_lazy("Logged out.")),
    Action.LOGIN_REFUSED: ("warning", gettext_lazy("A log-in was refused.")),
    Action.MESSAGE_FAILED: ("warning", gettext_lazy("A message could not be delivered.")),
    Action.MESSAGE_RESENT: ("info", gettext_lazy("A message was sent again.")),
    Action.MESSAGES_RESENT: ("info", gettext_lazy("Messages that did not get through were sent again.")),
    Action.REGISTER_EXPORTED: ("info", gettext_lazy("A table was taken along as a file.")),
    Action.LOOKED_AT: ("info", gettext_lazy("What the directory says about somebody was shown.")),
    Action.SEARCHED: ("info", gettext_lazy("An auditor searched.")),
    Action.SEARCHED_MUCH: ("warning", gettext_lazy("Somebody searched unusually often in one day.")),
    Action.PROTECTED_READ: ("info", gettext_lazy("The case of a protected person was opened.")),
    Action.RECEIPT_ISSUED: ("info", gettext_lazy("A receipt was downloaded.")),
    Action.AUDIT_EXPORTED: ("info", gettext_lazy("The event log was exported.")),
    Action.LAST_DAY_PASSED: (
        "error",
        gettext_lazy("The last day that was ordered passed before the access was given. The case has ended."),
    ),
    Action.LEFT: ("info", gettext_lazy("The person has left, so the order was ended.")),
    Action.SWEPT: ("info", gettext_lazy("Rights and directory were compared.")),
    Action.FINDING_FOUND: ("warning", gettext_lazy("Right and directory were found not to agree.")),
    Action.FINDING_OVER: ("success", gettext_lazy("Right and directory agree again.")),
    Action.INCIDENT_FOUND: ("warning", gettext_lazy("Those who run the tool got something to look after.")),
    Action.INCIDENT_OVER: ("success", gettext_lazy("What those who run the tool had to look after is over.")),
    Action.INCIDENT_SETTLED: ("success", gettext_lazy("Somebody who runs the tool has dealt with it.")),
    Action.INCIDENTS_TOLD: ("info", gettext_lazy("Those who run the tool were told what to look after.")),
    Action.FINDING_EXPLAINED: ("info", gettext_lazy("What did not agree was explained.")),
    Action.FINDING_REOPENED: ("warning", gettext_lazy("What had been explained has changed.")),
    Action.FINDING_RECONSIDERED: (
        "warning",
        gettext_lazy("What had been explained is to be resolved again."),
    ),
    Action.FINDING_ORDERED: ("info", gettext_lazy("An order was made to resolve what did not agree.")),
    Action.FINDING_REMOVAL: ("info", gettext_lazy("A removal was begun to resolve what did not agree.")),
    Action.LOSSES_NOT_BELIEVED: (
        "warning",
        gettext_lazy("So much seemed to be gone at once that nothing was ended."),
    ),
    Action.FINDINGS_TOLD: ("info", gettext_lazy("A message about what does not agree was sent.")),
    Action.REVIEW_OPENED: ("info", gettext_lazy("A review was opened.")),
    Action.REVIEW_DECIDED: ("info", gettext_lazy("Rights were decided on in a review.")),
    Action.REVIEW_REVIEWERS_CHANGED: ("info", gettext_lazy("Others were asked to review.")),
    Action.REVIEW_NOTICED: ("info", gettext_lazy("A reminder of a review was sent.")),
    Action.REVIEW_ESCALATED: ("waiting", gettext_lazy("The next one up was asked to review.")),
    Action.REVIEW_ASKED_AGAIN: ("waiting", gettext_lazy("What was not decided in a review was asked again.")),
    Action.REVIEW_UNDECIDED: ("warning", gettext_lazy("A right was not decided on in a review.")),
    Action.REVIEW_NOT_NEEDED: ("info", gettext_lazy("A right no longer needed a decision in a review.")),
    Action.REVIEW_CLOSED: ("info", gettext_lazy("A review was closed.")),
    Action.REVIEW_STUCK: ("warning", gettext_lazy("A review has nobody who may decide.")),
    Action.CASE_REMOVED: ("info", gettext_lazy("A case was removed when its time was over.")),
    Action.RETENTION_SWEPT: ("info", gettext_lazy("What had been kept long enough was removed.")),
    Action.AUDIT_CUT: ("info", gettext_lazy("Old events were removed when their time was over.")),
    Action.AUDIT_REANCHORED: (
        "warning",
        gettext_lazy("A restore was answered for: what it lost of the event log is given up."),
    ),
    Action.AUDIT_VERIFIED: ("info", gettext_lazy("The event log and the tables were checked.")),
    Action.SYSTEM_ADDED: ("info", gettext_lazy("Another system was let in.")),
    Action.SYSTEM_REVOKED: ("neutral", gettext_lazy("Another system was shut out.")),
    Action.HANDED_OVER: ("info", gettext_lazy("The order was handed over by another system.")),
    Action.TAKEN_BACK: ("neutral", gettext_lazy("Another system took back an order that was not sent.")),
    Action.TICKET_SAYS: ("info", gettext_lazy("A ticket system wrote about the task.")),
    Action.REMOVAL_TICKET_SAYS: ("info", gettext_lazy("A ticket system wrote about the task.")),
    Action.TICKET_REPLY_REFUSED: (
        "warning",
        gettext_lazy("A mail from a ticket system was not taken. Nothing was changed."),
    ),
    Action.CATALOGUE_READ: ("info", gettext_lazy("Another system read who has which right on every unit.")),
    Action.HOOK_BEGUN: ("info", gettext_lazy("Another system is told of events from now on.")),
    Action.HOOK_ENDED: ("neutral", gettext_lazy("Another system is told of events no more.")),
    Action.HOOK_ROTATED: ("info", gettext_lazy("The secret that signs for another system was renewed.")),
    Action.HOOK_REPLAYED: ("info", gettext_lazy("Another system is told of earlier events again.")),
    Action.HOOK_SENT_AGAIN: (
        "info",
        gettext_lazy("What did not get through to another system is sent again."),
    ),
    Action.HOOK_SET_ASIDE: (
        "warning",
        gettext_lazy("What did not get through to another system was given up."),
    ),
    Action.CHECKPOINT_FAILED: ("warning", gettext_lazy("A checkpoint of the event log was not delivered.")),
    Action.DEMO_VALUE_CHANGED: ("info", gettext_lazy("A value was changed in the mock KIV.")),
}


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the timeline."""

    at: datetime
    tone: str
    heading: str
    by: str
    text: str


def events(viewer: User, request: AccessRequest, entries: Iterable[AuditEntry]) -> list[Event]:
    """The entries in words, in their order."""
    return [_event(viewer, request, entry) for entry in entries]


def events_about(viewer: User, about: Grant | Removal, entries: Iterable[AuditEntry]) -> list[Event]:
    """Entries about a right or its removal in words. Protected people who acted are masked to all others."""
    return [_event(viewer, about, entry) for entry in entries]


def event_of_log(
    viewer: User, about: AccessRequest | Grant | Removal | None, entry: AuditEntry, *, is_hidden: bool
) -> Event:
    """An entry in words for the event log. `is_hidden`: about a protected person, so no text is shown."""
    found = _event(viewer, about, entry)
    return replace(found, text=str(words.NOT_SHOWN) if found.text else "") if is_hidden else found


def _event(viewer: User, about: AccessRequest | Grant | Removal | None, entry: AuditEntry) -> Event:
    request = about if isinstance(about, AccessRequest) else None
    action = Action(entry.action)
    tone, sentence = SENTENCE_OF[action]
    details = _DETAILS.get(action, _no_details)(entry.data)
    return Event(
        at=entry.at,
        tone=tone,
        heading=str(sentence),
        by=_by(viewer, request, entry),
        text="\n".join(part for part in (*details, _reason(viewer, about, entry)) if part),
    )


def _reason(viewer: User, about: AccessRequest | Grant | Removal | None, entry: AuditEntry) -> str:
    """What somebody wrote tells of the person: for those who may read the name. Codes are nobody's."""
    is_shown = about is None or not entry.reason or access.may_read(viewer, about) or entry.actor == viewer
    return entry.reason if is_shown else str(words.NOT_SHOWN)


def _by(viewer: User, request: AccessRequest | None, entry: AuditEntry) -> str:
    """Who acted, and through which other system."""
    if entry.data.get("mailed_to"):
        return _("By mail")
    system = entry.data.get("system", "")
    if not system:
        return _acted_by(viewer, request, entry)
    if entry.actor is not None:
        name = _acted_by(viewer, request, entry)
        return _("%(name)s, through the system %(system)s") % {"name": name, "system": system}
    if entry.principal is None:
        return str(system)
    is_masked = entry.principal.is_protected and entry.principal != viewer
    name = str(words.MASKED) if is_masked else entry.principal.name or entry.principal.hsa_id
    return _("The system %(system)s for %(name)s") % {"name": name, "system": system}


def _acted_by(viewer: User, request: AccessRequest | None, entry: AuditEntry) -> str:
    """Who acted and, where it was a delegate, on whose behalf: always both names."""
    if entry.actor is None:
        return _("Automatic")
    if request is None:
        is_masked = entry.actor.is_protected and entry.actor != viewer
        return str(words.MASKED) if is_masked else entry.actor.name or entry.actor.hsa_id
    actor = words.actor_name(viewer, entry.actor, request)
    if entry.principal is None:
        return actor
    principal = words.actor_name(viewer, entry.principal, request)
    return _("%(name)s (by delegation from %(principal)s)") % {"name": actor, "principal": principal}


def _no_details(data: Mapping[str, Any]) -> list[str]:
    return []


def _warnings_shown(data: Mapping[str, Any]) -> list[str]:
    """An attestation by order says so; and which warnings were on the page."""
    by_order = [_("The head of unit placed the order, so it counts as approved.")]
    lines = by_order if data.get("by_order") else []
    shown = _sentences(data.get("shown", []))
    return [*lines, *(_("Shown before the decision: %(warning)s") % {"warning": text} for text in shown)]


def _check_result(data: Mapping[str, Any]) -> list[str]:
    if data.get("answer") == "yes":
        return [_("All that is needed is in place.")]
    return _sentences(data.get("causes", []))


def _values(data: Mapping[str, Any]) -> list[str]:
    changes = data.get("changes", [])
    return [_("Value: %(value)s") % {"value": change.get("add") or change["remove"]} for change in changes]


def _days_left(data: Mapping[str, Any]) -> list[str]:
    days = data.get("days_left", 0)
    return [ngettext("%(days)d day left.", "%(days)d days left.", days) % {"days": days}]


def _from_until(data: Mapping[str, Any]) -> list[str]:
    days = {name: dates.in_words(date.fromisoformat(data[name])) for name in ("starts", "ends")}
    return [_("From %(starts)s until %(ends)s.") % days]


def _old_and_new_end(data: Mapping[str, Any]) -> list[str]:
    days = {name: dates.in_words(date.fromisoformat(data[name])) for name in ("starts", "ends")}
    return [_("The last day was %(old)s and is now %(new)s.") % days]


def _end_cause(data: Mapping[str, Any]) -> list[str]:
    return [str(EndCauseChoice(data["cause"]).label)]


def _why_nothing(data: Mapping[str, Any]) -> list[str]:
    sentence = WHY_NOTHING.get(data.get("why", ""))
    return [str(sentence)] if sentence else []


# Why a removal ends without anything being removed, or why nobody can carry it out.
WHY_NOTHING: Mapping[str, Text] = {
    "removal.already_gone": gettext_lazy("It was gone from the directory already."),
    "removal.commission_stays": gettext_lazy(
        "The right rests on a commission that care itself needs, so nothing is removed. It just ends here."
    ),
    "removal.needed_by_another": gettext_lazy(
        "Another right of the person needs the same value, so it stays."
    ),
    "removal.renewed": gettext_lazy("The right was given anew before it was taken away."),
    "removal.no_administrator": gettext_lazy("The directory names no KIV administrator who may do it."),
}


def _proven_in(data: Mapping[str, Any]) -> list[str]:
    """Which directory proved it; entries from before HSA was looked at do not say."""
    sentence = _PROVEN_IN.get(data.get("seen_in", ""))
    return [str(sentence)] if sentence else []


_PROVEN_IN: Mapping[str, Text] = {
    "kiv": gettext_lazy("Seen in KIV. The national HSA is not read here."),
    "hsa": gettext_lazy("Seen in KIV and in HSA."),
}


def _answered_how(data: Mapping[str, Any]) -> list[str]:
    return [_("Answer: it was already set.")] if data.get("how") == "already_set" else []


def _seen_how(data: Mapping[str, Any]) -> list[str]:
    seen_first = (
        [_("The directory showed it before anybody had reported it.")] if data.get("how") == "seen" else []
    )
    return [*seen_first, *_values(data)]


def _near_misses(data: Mapping[str, Any]) -> list[str]:
    return _sentences(data.get("near_misses", []))


def _causes(data: Mapping[str, Any]) -> list[str]:
    return _sentences(data.get("causes", []))


def _ticket(data: Mapping[str, Any]) -> list[str]:
    """Its number, and how it stands; older entries say less."""
    lines = [_("Number: %(number)s") % {"number": data["ticket"]}] if data.get("ticket") else []
    if data.get("closed"):
        return [*lines, _("The ticket is closed. The task is open until KIV shows the value.")]
    return [*lines, _("Somebody has the ticket.")] if data.get("taken") else lines


def _why_not_taken(data: Mapping[str, Any]) -> list[str]:
    sentence = WHY_NOT_TAKEN.get(data.get("why", ""))
    return [str(sentence)] if sentence else []


# Why a ticket system's mail was refused.
WHY_NOT_TAKEN: Mapping[str, Text] = {
    ReplyRefusal.TOO_LARGE.value: gettext_lazy("The mail was too large."),
    ReplyRefusal.UNREADABLE.value: gettext_lazy("The mail could not be read."),
    ReplyRefusal.FORGED.value: gettext_lazy("Its code was not made here."),
    ReplyRefusal.TWO_CODES.value: gettext_lazy("It held more than one code."),
    ReplyRefusal.OLD.value: gettext_lazy("Its code is not valid any more: the task it was for is over."),
    ReplyRefusal.OTHER_TASK.value: gettext_lazy("It was about another task than its code."),
    ReplyRefusal.DOUBLED.value: gettext_lazy("The same mail had been read before."),
    ReplyRefusal.NOTHING_SAID.value: gettext_lazy("None of its lines said anything about the task."),
    ReplyRefusal.NO_NUMBER.value: gettext_lazy("What it called a number does not look like one."),
    ReplyRefusal.UNKNOWN_STATUS.value: gettext_lazy("Its status was neither taken nor closed."),
    ReplyRefusal.UNFIT.value: gettext_lazy(
        "Its note was too long, or held something that may not be kept, such as a personal identity number."
    ),
}


def _until(data: Mapping[str, Any]) -> list[str]:
    if "until" not in data:
        return []
    last_day = dates.in_words(date.fromisoformat(data["until"]))
    return [_("Waits until %(date)s.") % {"date": last_day}]


def _nothing_to_set(data: Mapping[str, Any]) -> list[str]:
    return [_("Nothing had to be set in KIV.")] if data.get("how") == "nothing_to_set" else []


_DETAILS: Mapping[Action, Callable[[Mapping[str, Any]], list[str]]] = {
    Action.ATTESTED: _warnings_shown,
    Action.SECOND_ATTESTED: _warnings_shown,
    Action.CHECKED: _check_result,
    Action.WAITING_CHOSEN: _until,
    Action.KIV_NEEDED: _values,
    Action.OUTDATED: _causes,
    Action.VALUES_LEFT: _values,
    Action.REPORTED_DONE: _answered_how,
    Action.NOT_SEEN: _near_misses,
    Action.VALUES_SEEN: _seen_how,
    Action.ARRIVED: _values,
    Action.VERIFICATION_FAILED: _causes,
    Action.DONE: _nothing_to_set,
    Action.GAVE_UP: _causes,
    Action.GRANT_CREATED: _from_until,
    Action.GRANT_PROLONGED: _old_and_new_end,
    Action.GRANT_NOTICED: _days_left,
    Action.REMOVAL_STARTED: _end_cause,
    Action.REMOVAL_KIV_NEEDED: _values,
    Action.REMOVAL_VALUES_GONE: _values,
    Action.REMOVAL_DONE: _proven_in,
    Action.REMOVAL_NOT_NEEDED: _why_nothing,
    Action.REMOVAL_CANNOT: _why_nothing,
    Action.TICKET_SAYS: _ticket,
    Action.REMOVAL_TICKET_SAYS: _ticket,
    Action.TICKET_REPLY_REFUSED: _why_not_taken,
}


def _sentences(codes: Iterable[str]) -> list[str]:
    return [str(SENTENCES[Code(code)]) for code in codes]
