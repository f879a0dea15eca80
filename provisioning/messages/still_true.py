"""Whether a mail that is late still says something true: an old request to act must not go out after the act.

What has ended for good (rejected, done, ended) stays told however late; what asks somebody to do something is
told only while it is theirs to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from django.utils import timezone

from provisioning.audit.events import Action
from provisioning.messages.texts import MessageKind
from provisioning.models import (
    AccessRequest,
    AuditEntry,
    Case,
    Delegation,
    Finding,
    Incident,
    OutgoingMessage,
    Review,
    ReviewItem,
    Sweep,
)
from provisioning.rules.states.request import OPEN, UNATTESTED, WITH_A_PERSON, RequestState
from provisioning.rules.states.right import REMOVAL_OPEN, GrantState, RemovalState

LATE_AFTER = timedelta(hours=1)  # before, it goes out as it was written: the case itself is hardly older
_DIGEST_TAKES = timedelta(minutes=10)  # to write, at most: what it tells of was noted meanwhile

_REMOVAL_UNSETTLED = REMOVAL_OPEN | {RemovalState.CANNOT_BE_DONE}

# The states in which what the mail says still holds; of the kinds that are not named here it always does.
_OF_A_REQUEST: Mapping[MessageKind, frozenset[RequestState]] = {
    MessageKind.ORDERED: OPEN,
    MessageKind.ATTEST: UNATTESTED,
    MessageKind.CHOOSE: frozenset({RequestState.AWAITING_CHOICE}),
    MessageKind.KIV: frozenset({RequestState.AWAITING_KIV}),
    MessageKind.KIV_RETURNED: frozenset({RequestState.AWAITING_KIV}),
    MessageKind.KIV_TEAM: frozenset({RequestState.AWAITING_KIV}),
    MessageKind.KIV_TICKET: frozenset({RequestState.AWAITING_KIV}),
    MessageKind.QUESTION: frozenset({RequestState.AWAITING_KIV}),
    MessageKind.ANSWER: frozenset({RequestState.AWAITING_KIV}),
    MessageKind.REMINDER: WITH_A_PERSON,
    MessageKind.UNUSUALLY_LONG: WITH_A_PERSON,
    MessageKind.ATTESTED: OPEN,
    MessageKind.DIRECTORY_SILENT: OPEN,
    MessageKind.HSA_LATE: frozenset({RequestState.AWAITING_HSA}),
    MessageKind.STUCK: WITH_A_PERSON,
}
_OF_A_REMOVAL: Mapping[MessageKind, frozenset[RemovalState]] = {
    MessageKind.REMOVAL_STARTED: _REMOVAL_UNSETTLED,
    MessageKind.REMOVAL_KIV: frozenset({RemovalState.AWAITING_KIV}),
    MessageKind.REMOVAL_KIV_RETURNED: frozenset({RemovalState.AWAITING_KIV}),
    MessageKind.REMOVAL_KIV_TEAM: frozenset({RemovalState.AWAITING_KIV}),
    MessageKind.REMOVAL_KIV_TICKET: frozenset({RemovalState.AWAITING_KIV}),
    MessageKind.REMOVAL_REMINDER: frozenset({RemovalState.AWAITING_KIV}),
    MessageKind.REMOVAL_QUESTION: frozenset({RemovalState.AWAITING_KIV}),
    MessageKind.REMOVAL_ANSWER: frozenset({RemovalState.AWAITING_KIV}),
    MessageKind.DIRECTORY_SILENT: REMOVAL_OPEN,
    MessageKind.REMOVAL_HSA_LATE: frozenset({RemovalState.AWAITING_HSA}),
    MessageKind.REMOVAL_STUCK: _REMOVAL_UNSETTLED,
}
_OF_THE_TASK = frozenset(
    {
        MessageKind.KIV,
        MessageKind.KIV_RETURNED,
        MessageKind.ANSWER,
        MessageKind.REMOVAL_KIV,
        MessageKind.REMOVAL_KIV_RETURNED,
        MessageKind.REMOVAL_ANSWER,
    }
)
_QUESTIONS = (MessageKind.QUESTION, MessageKind.REMOVAL_QUESTION)
_ASKS_THE_RECIPIENT = frozenset(
    {
        MessageKind.ATTEST,
        MessageKind.CHOOSE,
        MessageKind.KIV,
        MessageKind.KIV_RETURNED,
        MessageKind.REMINDER,
        MessageKind.UNUSUALLY_LONG,
        MessageKind.REMOVAL_KIV,
        MessageKind.REMOVAL_KIV_RETURNED,
        MessageKind.REMOVAL_REMINDER,
    }
)


def is_out_of_date(message: OutgoingMessage) -> bool:
    """Say whether the mail is late and what it says is over. Of a daily mail: everything that it says."""
    if message.kind == MessageKind.DIGEST.value:
        return all(is_over(part) for part in parts_of(message))
    return timezone.now() - message.created_at >= LATE_AFTER and is_over(message)


def parts_of(digest: OutgoingMessage) -> list[OutgoingMessage]:
    """The notices of a daily mail, oldest first."""
    return list(digest.parts.select_related("request__order", "removal", "cause").order_by("pk"))


def is_over(message: OutgoingMessage) -> bool:
    """Say whether what the notice says does not hold any more."""
    kind = MessageKind(message.kind)
    if message.request is not None:
        return not _holds_of_request(kind, message.request, message.recipient_key)
    if message.removal is not None:
        states = _OF_A_REMOVAL.get(kind)
        holds = states is None or RemovalState(message.removal.state) in states
        return not (holds and _is_still_asked(kind, message.removal, message.recipient_key))
    look = _OF_NO_CASE.get(kind)
    return look is not None and not look(message)


def _holds_of_request(kind: MessageKind, request: AccessRequest, recipient_key: str) -> bool:
    if kind is MessageKind.DONE:
        return request.grant is None or request.grant.is_living
    if kind is MessageKind.DIRECTORY_SILENT and request.trouble_since is None:
        return False
    states = _OF_A_REQUEST.get(kind)
    holds = states is None or request.current_state in states
    return holds and _is_still_asked(kind, request, recipient_key)


def _is_still_asked(kind: MessageKind, case: Case, recipient_key: str) -> bool:
    """A case may have passed to others in the same state: somebody stands in, or the next head is asked."""
    if kind in _OF_THE_TASK:  # also while a question of it waits for its answer
        return recipient_key in {person.folded for person in case.handler_ids}
    if kind in _QUESTIONS and case.open_question is None:
        return False
    if kind not in _ASKS_THE_RECIPIENT:
        return True
    return recipient_key in {person.folded for person in case.sitting_ids}


def _delegation_lasts(message: OutgoingMessage) -> bool:
    public_id = message.cause.data.get("delegation")
    today = timezone.localdate()
    return Delegation.objects.filter(public_id=public_id, ended_at=None, ends_on__gte=today).exists()


def _right_still_ends(message: OutgoingMessage) -> bool:
    """One of the rights that it tells of is neither prolonged, nor let to end, nor over."""
    return any(
        notice.grant.current_state is GrantState.ACTIVE
        and notice.grant.let_end_at is None
        and notice.grant.ends_on == timezone.localdate(notice.created_at) + timedelta(days=notice.days_left)
        for notice in message.notices.select_related("grant")
    )


def _review_waits(message: OutgoingMessage) -> bool:
    return ReviewItem.objects.undecided().waiting_for(message.recipient_key).exists()


def _review_is_stuck(message: OutgoingMessage) -> bool:
    about = message.cause.about
    review = Review.objects.filter(public_id=about).first() if about else None
    return review is not None and review.is_open and review.items.undecided().exists()


def _finding_is_open(message: OutgoingMessage) -> bool:
    told = (message.created_at - _DIGEST_TAKES, message.created_at)
    return Finding.objects.to_settle().filter(told_at__range=told).exists()


def _nothing_was_compared_since(message: OutgoingMessage) -> bool:
    later = Sweep.objects.filter(started_at__gt=message.created_at, outcome=Sweep.Outcome.COMPLETE)
    return not later.exists()


def _nothing_was_sound_since(message: OutgoingMessage) -> bool:
    checked = AuditEntry.objects.filter(action=Action.AUDIT_VERIFIED.value, at__gt=message.created_at)
    return not checked.filter(data__sound=True).exists()


def _incident_stands(message: OutgoingMessage) -> bool:
    return Incident.objects.standing().filter(told_at__lte=message.created_at).exists()


_OF_NO_CASE: Mapping[MessageKind, Callable[[OutgoingMessage], bool]] = {
    MessageKind.DELEGATED: _delegation_lasts,
    MessageKind.DELEGATION_ENDS_SOON: _delegation_lasts,
    MessageKind.RIGHTS_END_SOON: _right_still_ends,
    MessageKind.REVIEW_WAITS: _review_waits,
    MessageKind.REVIEW_STUCK: _review_is_stuck,
    MessageKind.FINDINGS: _finding_is_open,
    MessageKind.SWEEP_STOPPED: _nothing_was_compared_since,
    MessageKind.AUDIT_UNSOUND: _nothing_was_sound_since,
    MessageKind.INCIDENTS: _incident_stands,
}
