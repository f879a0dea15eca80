"""The record of every act and every automatic decision: one row, in the same transaction as the act."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import transaction
from django.db.models import Model

from provisioning import traces
from provisioning.audit import sealing
from provisioning.models import (
    AccessRequest,
    AuditEntry,
    Case,
    Finding,
    Grant,
    Order,
    Removal,
    Reorganisation,
    Review,
    User,
)


class Action(enum.StrEnum):
    """What can have happened. Dotted and stable: tests, exports and notifications read them."""

    ORDERED = "order.placed"
    LINE_REFUSED = "order.line_refused"
    LINES_PLACED = "order.lines_placed"
    REQUEST_STARTED = "request.started"
    ATTESTED = "request.attested"
    SECOND_ATTESTED = "request.second_attested"
    REJECTED = "request.rejected"
    WITHDRAWN = "request.withdrawn"
    CHECKED = "request.checked"
    CHOICE_NEEDED = "request.choice_needed"
    COUPLING_ASKED = "request.coupling_asked"
    WAITING_CHOSEN = "request.waiting_chosen"
    KIV_NEEDED = "request.kiv_needed"
    OUTDATED = "request.outdated"
    WORKED_OUT_ANEW = "request.worked_out_anew"
    VALUES_LEFT = "request.values_left"
    REPORTED_DONE = "request.reported_done"
    NOT_SEEN = "request.not_seen"
    MOVED = "request.moved"
    TAKEN = "request.taken"
    LET_GO = "request.let_go"
    ASKED = "request.asked"
    ANSWERED = "request.answered"
    CANNOT = "request.cannot_be_done"
    PASSED_ON = "request.passed_on"
    VALUES_SEEN = "request.values_seen"
    SET_IN_KIV = "request.set_in_kiv"
    ARRIVED = "request.arrived_in_hsa"
    GONE_FROM_HSA = "request.gone_from_hsa"
    HSA_LATE = "request.hsa_late"
    HSA_NOT_READ = "request.hsa_not_read"
    VERIFICATION_FAILED = "request.verification_failed"
    DONE = "request.done"
    GAVE_UP = "request.gave_up"
    REMINDED = "request.reminded"
    UNUSUALLY_LONG = "request.unusually_long"
    REMINDED_BY_PERSON = "request.nudged"
    ESCALATED = "request.escalated"
    UNANSWERED = "request.unanswered"
    DELEGATED = "delegation.given"
    DELEGATION_ENDED = "delegation.ended"
    DELEGATION_REMINDED = "delegation.reminded"
    DELEGATION_DOUBTED = "delegation.doubted"
    DELEGATION_CONFIRMED = "delegation.confirmed"
    LOSSES_NOT_BELIEVED = "losses.not_believed"
    PROTECTION_FOLLOWED = "protection.followed"
    HANDLERS_CHANGED = "request.handlers_changed"
    DIRECTORY_SILENT = "request.directory_silent"
    DIRECTORY_BACK = "request.directory_back"
    STALLED = "request.stalled"
    TRIED_AGAIN = "request.tried_again"
    RESUMED = "request.resumed"
    GRANT_CREATED = "grant.created"
    GRANT_PROLONGED = "grant.prolonged"
    GRANT_NOTICED = "grant.noticed"
    GRANT_MOVED = "grant.moved"
    GRANT_LET_END = "grant.let_end"
    GRANT_EXPIRED = "grant.expired"
    GRANT_ENDED = "grant.ended"
    GRANT_KEPT = "grant.kept"
    NOTICES_SENT = "grant.notices_sent"
    GRANT_REVIEWED = "grant.reviewed"
    REVIEW_OPENED = "review.opened"
    REVIEW_DECIDED = "review.decided"
    REVIEW_REVIEWERS_CHANGED = "review.reviewers_changed"
    REVIEW_NOTICED = "review.noticed"
    REVIEW_ESCALATED = "review.escalated"
    REVIEW_ASKED_AGAIN = "review.asked_again"
    REVIEW_UNDECIDED = "review.undecided"
    REVIEW_NOT_NEEDED = "review.not_needed"
    REVIEW_CLOSED = "review.closed"
    REVIEW_STUCK = "review.stuck"
    REMOVAL_STARTED = "removal.started"
    REMOVAL_KIV_NEEDED = "removal.kiv_needed"
    REMOVAL_REPORTED_DONE = "removal.reported_done"
    REMOVAL_STILL_THERE = "removal.still_there"
    REMOVAL_MOVED = "removal.moved"
    REMOVAL_TAKEN = "removal.taken"
    REMOVAL_LET_GO = "removal.let_go"
    REMOVAL_ASKED = "removal.asked"
    REMOVAL_ANSWERED = "removal.answered"
    REMOVAL_CANNOT = "removal.cannot_be_done"
    REMOVAL_PASSED_ON = "removal.passed_on"
    REMOVAL_VALUES_GONE = "removal.values_gone"
    REMOVAL_LOOKED_AGAIN = "removal.looked_again"
    REMOVAL_GONE_FROM_KIV = "removal.gone_from_kiv"
    REMOVAL_HSA_LATE = "removal.hsa_late"
    REMOVAL_HSA_NOT_READ = "removal.hsa_not_read"
    REMOVAL_DONE = "removal.done"
    REMOVAL_NOT_NEEDED = "removal.not_needed"
    REMOVAL_WITHDRAWN = "removal.withdrawn"
    REMOVAL_REMINDED = "removal.reminded"
    REMOVAL_HANDLERS_CHANGED = "removal.handlers_changed"
    REMOVAL_DIRECTORY_SILENT = "removal.directory_silent"
    REMOVAL_DIRECTORY_BACK = "removal.directory_back"
    REMOVAL_STALLED = "removal.stalled"
    REMOVAL_TRIED_AGAIN = "removal.tried_again"
    REMOVAL_RESUMED = "removal.resumed"
    FINDING_FOUND = "finding.found"
    FINDING_REOPENED = "finding.reopened"
    FINDING_RECONSIDERED = "finding.reconsidered"
    FINDING_MOVED = "finding.moved"
    FINDING_OVER = "finding.over"
    FINDING_EXPLAINED = "finding.explained"
    FINDING_ORDERED = "finding.ordered"
    FINDING_REMOVAL = "finding.removal_started"
    FINDINGS_TOLD = "finding.told"
    INCIDENT_FOUND = "incident.found"
    INCIDENT_OVER = "incident.over"
    INCIDENT_SETTLED = "incident.settled"
    INCIDENTS_TOLD = "incident.told"
    NOTICES_CHOSEN = "notices.chosen"
    FEED_OPENED = "notices.feed_opened"
    FEED_CLOSED = "notices.feed_closed"
    TEAM_NAMED = "team.named"
    TEAM_ENDED = "team.ended"
    ABSENCE_SAID = "notices.absence_said"
    ABSENCE_ENDED = "notices.absence_ended"
    NOTICES_COLLECTED = "notices.collected"
    REORGANISATION_PROPOSED = "reorganisation.proposed"
    REORGANISATION_ATTESTED = "reorganisation.attested"
    REORGANISATION_DECLINED = "reorganisation.declined"
    REORGANISATION_DONE = "reorganisation.done"
    REORGANISED = "grant.reorganised"
    SWEPT = "sweep.finished"
    LEFT = "request.person_left"
    LAST_DAY_PASSED = "request.last_day_passed"
    REFUSED = "refused"
    LOGGED_IN = "login.accepted"
    LOGGED_OUT = "login.ended"
    LOGIN_REFUSED = "login.refused"
    PROVED_AGAIN = "login.proved_again"
    MESSAGE_FAILED = "message.failed"
    MESSAGE_RESENT = "message.resent"
    MESSAGES_RESENT = "message.all_resent"
    DEMO_VALUE_CHANGED = "demo.value_changed"
    SEARCHED_MUCH = "search.unusual"
    SEARCHED = "search.by_auditor"
    PROTECTED_READ = "case.protected_read"
    LOOKED_AT = "person.looked_at"
    REGISTER_EXPORTED = "register.exported"
    RECEIPT_ISSUED = "receipt.issued"
    AUDIT_EXPORTED = "audit.exported"
    AUDIT_CUT = "audit.cut"
    AUDIT_REANCHORED = "audit.reanchored"
    CASE_REMOVED = "case.removed"
    RETENTION_SWEPT = "retention.swept"
    SYSTEM_ADDED = "system.added"
    SYSTEM_REVOKED = "system.revoked"
    HANDED_OVER = "system.handed_over"
    TAKEN_BACK = "system.taken_back"
    TICKET_SAYS = "request.ticket_says"
    REMOVAL_TICKET_SAYS = "removal.ticket_says"
    TICKET_REPLY_REFUSED = "ticket.reply_refused"
    CATALOGUE_READ = "system.catalogue_read"
    HOOK_BEGUN = "webhook.begun"
    HOOK_ENDED = "webhook.ended"
    HOOK_ROTATED = "webhook.secret_renewed"
    HOOK_REPLAYED = "webhook.replayed"
    HOOK_SENT_AGAIN = "webhook.sent_again"
    HOOK_SET_ASIDE = "webhook.set_aside"
    CHECKPOINT_FAILED = "audit.checkpoint_failed"
    AUDIT_VERIFIED = "audit.verified"

    def of(self, case: Case) -> Action:
        """What has happened to a request, or the same of a removal: the two are called alike."""
        return Action(f"{case.KEY}.{self.value.partition('.')[2]}")


# What changes nothing that a row says. All others hold what the rows say afterwards.
_CHANGE_NOTHING = frozenset(
    {
        Action.HANDLERS_CHANGED, Action.REMOVAL_HANDLERS_CHANGED, Action.REMINDED, Action.REMOVAL_REMINDED,
        Action.REMINDED_BY_PERSON, Action.ESCALATED, Action.DIRECTORY_SILENT, Action.DIRECTORY_BACK,
        Action.REMOVAL_DIRECTORY_SILENT, Action.REMOVAL_DIRECTORY_BACK, Action.HSA_LATE,
        Action.REMOVAL_HSA_LATE, Action.PASSED_ON, Action.REMOVAL_PASSED_ON, Action.GRANT_NOTICED,
        Action.DELEGATION_REMINDED, Action.REVIEW_REVIEWERS_CHANGED, Action.REVIEW_ESCALATED,
        Action.PROTECTED_READ, Action.RECEIPT_ISSUED, Action.MESSAGE_FAILED, Action.MESSAGE_RESENT,
        Action.CASE_REMOVED, Action.STALLED, Action.TRIED_AGAIN, Action.RESUMED,
        Action.REMOVAL_STALLED, Action.REMOVAL_TRIED_AGAIN, Action.REMOVAL_RESUMED, Action.TAKEN,
        Action.LET_GO, Action.REMOVAL_TAKEN, Action.REMOVAL_LET_GO, Action.ASKED, Action.ANSWERED,
        Action.REMOVAL_ASKED, Action.REMOVAL_ANSWERED, Action.UNUSUALLY_LONG,
        Action.TICKET_SAYS, Action.REMOVAL_TICKET_SAYS, Action.TICKET_REPLY_REFUSED,
    }
)  # fmt: skip


_SYSTEM: ContextVar[str] = ContextVar("system", default="")


@contextmanager
def through(client_id: str) -> Iterator[None]:
    """Whatever is recorded meanwhile was asked for by this other system, on somebody's behalf."""
    token = _SYSTEM.set(client_id)
    try:
        yield
    finally:
        _SYSTEM.reset(token)


def record(
    action: Action,
    *,
    actor: User | None,
    principal: User | None = None,
    request: AccessRequest | None = None,
    order: Order | None = None,
    about: Grant | Removal | Review | Finding | Reorganisation | None = None,
    case: Case | None = None,
    also: Iterable[Model] = (),
    listed: Iterable[Model] = (),
    reason: str = "",
    **data: Any,
) -> AuditEntry:
    """Write one fact. `actor` is None when the tool itself acted; `principal` is who somebody else acted for.

    `about`: what else it is about, a grant, a removal, a review or a finding. `case`: in the place of
    `request` or `about`, where it may be either.

    The entry holds what the rows say that it is about, when it is written: so it is recorded after they
    were saved. `also`: other rows that were changed with them; `listed`: rows that were made with them, many
    and all alike, by their fingerprint alone.

    `data` holds codes and values, never names, and no floats. Must be called inside the transaction that
    makes the fact true, after the rows that the transaction locks: the end of the chain is locked from here
    until the transaction ends.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("an audit entry belongs in the transaction of what it records")
    if system := _SYSTEM.get():
        data["system"] = system
    order = order or (request.order if request else None)
    pointers: dict[str, Any] = {
        "order": order,
        "request": request,
        "about": about.public_id if about else None,
    } | (case.audit_pointers if case else {})
    if happened := case or request:
        traces.concerns(happened.public_id, action.value)
    order = pointers["order"]
    if order is not None and not order.case_number:
        raise RuntimeError("an order is given its case number before anything is recorded about it")
    return sealing.append(
        AuditEntry(
            action=action.value,
            actor=actor,
            principal=principal,
            **pointers,
            reason=sealing.plain(str(reason)),
            data=data,
        ),
        rows=[] if action in _CHANGE_NOTHING else [row for row in (request, about, case, *also) if row],
        listed=listed,
    )


@transaction.atomic
def record_reading(request: AccessRequest, *, by: User) -> None:
    """Record that somebody opened a protected person's case. Other cases leave no trace of being read."""
    if request.subject_is_protected:
        record(Action.PROTECTED_READ, actor=by, request=request)


@transaction.atomic
def record_search(*, by: User, sought_by: str, subject_key: str, hits: int) -> None:
    """Record that an auditor searched. Of a name that was written nothing is kept; of an HSA-id its key."""
    record(Action.SEARCHED, actor=by, by=sought_by, subject=subject_key, hits=hits)


@transaction.atomic
def record_look(*, by: User, subject_key: str = "", places: Iterable[str] = (), **data: Any) -> None:
    """Record that somebody was shown what the directory says about somebody else, or about all on a place."""
    record(Action.LOOKED_AT, actor=by, subject=subject_key, places=list(places), **data)


@transaction.atomic
def record_file(*, by: User, of: str, kind: str, wanted: Mapping[str, Any]) -> None:
    """Record that somebody took a table along as a file, and what it was narrowed by."""
    record(Action.REGISTER_EXPORTED, actor=by, of=of, kind=kind, wanted=dict(wanted))
