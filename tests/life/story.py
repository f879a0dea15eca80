"""What the event log tells: read from its beginning, in which state it leaves each thing that it is about.

If the log tells everything, the last it says of a thing is how the thing stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from provisioning.audit import sealing
from provisioning.audit.events import Action
from provisioning.audit.tables import Tables
from provisioning.models import AccessRequest, AuditEntry, Finding, ReviewState
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import EndCause, GrantState, RemovalState

REQUEST: Mapping[Action, RequestState] = {
    Action.REQUEST_STARTED: RequestState.AWAITING_ATTESTATION,
    Action.SECOND_ATTESTED: RequestState.CHECKING,
    Action.REJECTED: RequestState.REJECTED,
    Action.WITHDRAWN: RequestState.WITHDRAWN,
    Action.COUPLING_ASKED: RequestState.CHECKING,
    Action.WAITING_CHOSEN: RequestState.WAITING_FOR_COMMISSION,
    Action.CHOICE_NEEDED: RequestState.AWAITING_CHOICE,
    Action.KIV_NEEDED: RequestState.AWAITING_KIV,
    Action.VALUES_SEEN: RequestState.VERIFYING,
    Action.SET_IN_KIV: RequestState.AWAITING_HSA,
    Action.HSA_NOT_READ: RequestState.VERIFYING,
    Action.DONE: RequestState.DONE,
    Action.CANNOT: RequestState.CANNOT_BE_DONE,
    Action.LEFT: RequestState.CANNOT_BE_DONE,
    Action.LAST_DAY_PASSED: RequestState.CANNOT_BE_DONE,
    Action.GAVE_UP: RequestState.GAVE_UP,
    Action.UNANSWERED: RequestState.GAVE_UP,
}
GRANT: Mapping[Action, GrantState] = {
    Action.GRANT_CREATED: GrantState.ACTIVE,
    Action.GRANT_PROLONGED: GrantState.ACTIVE,
    Action.GRANT_EXPIRED: GrantState.ENDING,
    Action.GRANT_ENDED: GrantState.ENDED,
}
REMOVAL: Mapping[Action, RemovalState] = {
    Action.REMOVAL_STARTED: RemovalState.LOOKING,
    Action.REMOVAL_KIV_NEEDED: RemovalState.AWAITING_KIV,
    Action.REMOVAL_VALUES_GONE: RemovalState.VERIFYING,
    Action.REMOVAL_LOOKED_AGAIN: RemovalState.VERIFYING,
    Action.REMOVAL_GONE_FROM_KIV: RemovalState.AWAITING_HSA,
    Action.REMOVAL_HSA_NOT_READ: RemovalState.VERIFYING,
    Action.REMOVAL_DONE: RemovalState.DONE,
    Action.REMOVAL_NOT_NEEDED: RemovalState.NOT_NEEDED,
    Action.REMOVAL_WITHDRAWN: RemovalState.WITHDRAWN,
    Action.REMOVAL_CANNOT: RemovalState.CANNOT_BE_DONE,
}
FINDING: Mapping[Action, Finding.State] = {
    Action.FINDING_FOUND: Finding.State.OPEN,
    Action.FINDING_REOPENED: Finding.State.OPEN,
    Action.FINDING_RECONSIDERED: Finding.State.OPEN,
    Action.FINDING_EXPLAINED: Finding.State.EXPLAINED,
    Action.FINDING_ORDERED: Finding.State.SETTLING,
    Action.FINDING_REMOVAL: Finding.State.SETTLING,
    Action.FINDING_OVER: Finding.State.OVER,
}
REVIEW: Mapping[Action, ReviewState] = {
    Action.REVIEW_OPENED: ReviewState.OPEN,
    Action.REVIEW_CLOSED: ReviewState.CLOSED,
}


@dataclass
class Story:
    """What the log has told so far, by the public id of what it is about."""

    requests: dict[str, str] = field(default_factory=dict)
    grants: dict[str, str] = field(default_factory=dict)
    last_days: dict[str, str] = field(default_factory=dict)  # of grants
    removals: dict[str, str] = field(default_factory=dict)
    findings: dict[str, str] = field(default_factory=dict)
    reviews: dict[str, str] = field(default_factory=dict)
    decisions: dict[tuple[str, str], str] = field(default_factory=dict)  # by review and grant
    attesters: dict[str, list[str]] = field(default_factory=dict)  # of requests, in order
    delegations: dict[str, bool] = field(default_factory=dict)  # whether it is open
    tables: Tables = field(default_factory=Tables)
    read_through: int = 0

    def read_on(self) -> list[AuditEntry]:
        """Read what has been written since; returns it."""
        new = list(AuditEntry.objects.filter(sequence__gt=self.read_through).order_by("sequence"))
        for entry in new:
            self._read(entry, Action(entry.action))
            self.tables.take(sealing.row_of(entry))
            self.read_through = entry.sequence
        return new

    def _read(self, entry: AuditEntry, action: Action) -> None:
        about, request = str(entry.about), str(entry.request_id)
        for told, key, words in (
            (self.requests, request, REQUEST),
            (self.grants, about, GRANT),
            (self.removals, about, REMOVAL),
            (self.findings, about, FINDING),
            (self.reviews, about, REVIEW),
        ):
            if action in words:
                told[key] = words[action].value
        if action in _WITH_MORE_TO_TELL:
            _WITH_MORE_TO_TELL[action](self, entry, entry.data)

    def _attested(self, entry: AuditEntry, data: Mapping[str, Any]) -> None:
        key = str(entry.request_id)
        self.attesters.setdefault(key, []).append(str(entry.actor_id))
        waits = AccessRequest.objects.filter(public_id=key, needs_second_attester=True).exists()
        is_whole = entry.action == Action.SECOND_ATTESTED or not waits
        self.requests[key] = (
            RequestState.CHECKING if is_whole else RequestState.AWAITING_SECOND_ATTESTATION
        ).value

    def _checked(self, entry: AuditEntry, data: Mapping[str, Any]) -> None:
        """What is missing is told by the next entry, if anybody but the orderer is to do something."""
        key = str(entry.request_id)
        if data["answer"] == "yes":
            self.requests[key] = RequestState.VERIFYING.value
        elif self.requests[key] != RequestState.WAITING_FOR_COMMISSION.value:
            self.requests[key] = RequestState.AWAITING_CHOICE.value

    def _given(self, entry: AuditEntry, data: Mapping[str, Any]) -> None:
        self.last_days[str(entry.about)] = data["ends"]

    def _prolonged(self, entry: AuditEntry, data: Mapping[str, Any]) -> None:
        self.last_days[str(entry.about)] = data["new"]

    def _removal_started(self, entry: AuditEntry, data: Mapping[str, Any]) -> None:
        """That its day has passed is told by an entry of its own; any other cause by this one alone."""
        if data["grant"] and data["cause"] != EndCause.EXPIRY.value:
            self.grants[data["grant"]] = GrantState.ENDING.value

    def _kept(self, entry: AuditEntry, data: Mapping[str, Any]) -> None:
        self.grants[str(entry.about)] = data["state"]

    def _decided(self, entry: AuditEntry, data: Mapping[str, Any]) -> None:
        self.decisions[data["review"], str(entry.about)] = data["decision"]

    def _delegated(self, entry: AuditEntry, data: Mapping[str, Any]) -> None:
        self.delegations[data["delegation"]] = entry.action == Action.DELEGATED


_WITH_MORE_TO_TELL: Mapping[Action, Callable[[Story, AuditEntry, Mapping[str, Any]], None]] = {
    Action.ATTESTED: Story._attested,
    Action.SECOND_ATTESTED: Story._attested,
    Action.CHECKED: Story._checked,
    Action.GRANT_CREATED: Story._given,
    Action.GRANT_PROLONGED: Story._prolonged,
    Action.REMOVAL_STARTED: Story._removal_started,
    Action.GRANT_KEPT: Story._kept,
    Action.GRANT_REVIEWED: Story._decided,
    Action.REVIEW_UNDECIDED: Story._decided,
    Action.REVIEW_NOT_NEEDED: Story._decided,
    Action.DELEGATED: Story._delegated,
    Action.DELEGATION_ENDED: Story._delegated,
}
