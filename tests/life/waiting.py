"""Every state there is, and what comes next in it: a person, the tool by itself, or nothing.

A new state has no place here until somebody has said what nudges it. What the tool does by itself hangs on a
sweep of the timetable, and the sweep has to find it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.conf import settings
from viewflow.workflow.models import Task
from viewflow.workflow.status import STATUS

from provisioning.models import AccessRequest, Finding, Grant, Handler, Removal, Review, ReviewState
from provisioning.orders import escalate
from provisioning.reviews import end as reviews_end
from provisioning.rights import end as rights_end
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import GrantState, RemovalState
from workflows.models import AccessProcess, RemovalProcess
from workflows.sweeps import directory


class Next(enum.Enum):
    """Whose turn it is."""

    PERSON = "a person"
    TOOL = "the tool"
    NOTHING = "nothing: it has ended"


@dataclass(frozen=True)
class Waiting:
    """`sweep` is the timetable's name for what finds it; `is_found` asks whether it would."""

    whose: Next
    sweep: str = ""
    is_found: Callable[[Look, Any], bool] = lambda look, row: True


ENDED = Waiting(Next.NOTHING)


class Look:
    """One look at everything that nudges: each query is made once, however many rows are asked about."""

    @cached_property
    def tasks(self) -> dict[int, list[str]]:
        """By process: its open steps, and its background work with a time."""
        found: dict[int, list[str]] = {}
        rows = Task.objects.filter(status__in=[STATUS.NEW, STATUS.ASSIGNED, STATUS.SCHEDULED, STATUS.ERROR])
        for process, kind, status, at in rows.values_list(
            "process_id", "flow_task_type", "status", "scheduled"
        ):
            is_work = kind == "JOB" and status == STATUS.SCHEDULED and at is not None
            found.setdefault(process, []).append(WORK if is_work else f"{kind} {status}")
        return found

    @cached_property
    def processes(self) -> dict[tuple[str, int], int]:
        """By what they carry."""
        found = {("request", row): pk for pk, row in AccessProcess.objects.values_list("pk", "request_id")}
        return found | {
            ("removal", row): pk for pk, row in RemovalProcess.objects.values_list("pk", "removal_id")
        }

    @cached_property
    def asked(self) -> set[int]:
        """Requests that somebody has."""
        return set(Handler.objects.exclude(request=None).values_list("request_id", flat=True))

    @cached_property
    def rights_to_end(self) -> set[int]:
        return set(rights_end.due_to_end(date.max))

    @cached_property
    def rights_being_removed(self) -> set[int]:
        return set(Removal.objects.open().exclude(grant=None).values_list("grant_id", flat=True))

    @cached_property
    def reviews_to_end(self) -> set[int]:
        return set(reviews_end.due_to_end(date.max))

    @cached_property
    def compared(self) -> set[str]:
        return set(directory._ours())

    @cached_property
    def due_to_climb(self) -> set[int]:
        return set(escalate.due())

    def tasks_of(self, case: AccessRequest | Removal) -> list[str]:
        kind = "request" if isinstance(case, AccessRequest) else "removal"
        return self.tasks.get(self.processes.get((kind, case.pk), 0), [])


WORK = "background work with a time"
STEP = f"HUMAN {STATUS.NEW}"


def _is_scheduled(look: Look, case: AccessRequest | Removal) -> bool:
    return look.tasks_of(case) == [WORK]


def _has_step(look: Look, case: AccessRequest | Removal) -> bool:
    return look.tasks_of(case) == [STEP]


def _is_polled(look: Look, case: AccessRequest | Removal) -> bool:
    return case.next_poll_at is not None and _has_step(look, case)


def _is_asked_of_somebody(look: Look, request: AccessRequest) -> bool:
    """Somebody has it; or it climbs the ladder; or that has been climbed, and those who run the tool know."""
    if not _has_step(look, request):
        return False
    if request.pk in look.asked or request.pk in look.due_to_climb:
        return True
    if request.escalation_level <= settings.ESCALATION_LEVELS:
        return request.escalated_at is not None  # the next rung in some days
    return settings.ESCALATION_END == "stay"


def _is_ended_in_time(look: Look, grant: Grant) -> bool:
    return grant.pk in look.rights_to_end or grant.pk in look.rights_being_removed


def _is_compared(look: Look, finding: Finding) -> bool:
    return finding.subject_key in look.compared


def _ends_undecided(look: Look, review: Review) -> bool:
    return review.pk in look.reviews_to_end


REQUESTS: Mapping[RequestState, Waiting] = {
    RequestState.AWAITING_ATTESTATION: Waiting(Next.PERSON, "escalations", _is_asked_of_somebody),
    RequestState.AWAITING_SECOND_ATTESTATION: Waiting(Next.PERSON, "escalations", _is_asked_of_somebody),
    RequestState.CHECKING: Waiting(Next.TOOL, "background work", _is_scheduled),
    RequestState.AWAITING_CHOICE: Waiting(Next.PERSON, "reminders", _has_step),
    RequestState.WAITING_FOR_COMMISSION: Waiting(Next.TOOL, "background work", _is_scheduled),
    RequestState.AWAITING_KIV: Waiting(Next.PERSON, "KIV tasks", _is_polled),
    RequestState.VERIFYING: Waiting(Next.TOOL, "background work", _is_scheduled),
    RequestState.AWAITING_HSA: Waiting(Next.TOOL, "background work", _is_scheduled),
    RequestState.DONE: ENDED,
    RequestState.REJECTED: ENDED,
    RequestState.WITHDRAWN: ENDED,
    RequestState.CANNOT_BE_DONE: ENDED,
    RequestState.GAVE_UP: ENDED,
}
GRANTS: Mapping[GrantState, Waiting] = {
    GrantState.ACTIVE: Waiting(Next.TOOL, "expiry", _is_ended_in_time),
    GrantState.ENDING: Waiting(Next.TOOL, "expiry", _is_ended_in_time),
    GrantState.ENDED: ENDED,
}
REMOVALS: Mapping[RemovalState, Waiting] = {
    RemovalState.LOOKING: Waiting(Next.TOOL, "background work", _is_scheduled),
    RemovalState.AWAITING_KIV: Waiting(Next.PERSON, "KIV tasks", _is_polled),
    RemovalState.VERIFYING: Waiting(Next.TOOL, "background work", _is_scheduled),
    RemovalState.AWAITING_HSA: Waiting(Next.TOOL, "background work", _is_scheduled),
    RemovalState.DONE: ENDED,
    RemovalState.NOT_NEEDED: ENDED,
    RemovalState.WITHDRAWN: ENDED,
    RemovalState.CANNOT_BE_DONE: ENDED,  # its right is being ended still, and is found there
}
FINDINGS: Mapping[Finding.State, Waiting] = {
    Finding.State.OPEN: Waiting(Next.PERSON, "comparison with the directory", _is_compared),
    Finding.State.SETTLING: Waiting(Next.TOOL, "comparison with the directory", _is_compared),
    Finding.State.EXPLAINED: Waiting(Next.TOOL, "comparison with the directory", _is_compared),
    Finding.State.OVER: ENDED,
}
REVIEWS: Mapping[ReviewState, Waiting] = {
    ReviewState.OPEN: Waiting(Next.TOOL, "reviews", _ends_undecided),
    ReviewState.CLOSED: ENDED,
}
