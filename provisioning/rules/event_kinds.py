"""Which events of the log other systems can subscribe to, and under which names they are told.

Names are stored, and sent as `type` of a webhook: never rename. A KIV task is open from the moment the KIV
administrators have it until the directory has shown the value, or the case has ended: no answer closes it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping


class EventKind(enum.StrEnum):
    """What a system can be told."""

    CASE_STARTED = "case.started"
    CASE_ATTESTED = "case.attested"
    CASE_REJECTED = "case.rejected"
    CASE_WITHDRAWN = "case.withdrawn"
    CASE_CHOICE_NEEDED = "case.choice_needed"
    CASE_DONE = "case.done"
    CASE_CANNOT_BE_DONE = "case.cannot_be_done"
    CASE_GAVE_UP = "case.gave_up"
    RIGHT_CREATED = "right.created"
    RIGHT_PROLONGED = "right.prolonged"
    RIGHT_EXPIRED = "right.expired"
    RIGHT_ENDED = "right.ended"
    REMOVAL_STARTED = "removal.started"
    REMOVAL_DONE = "removal.done"
    REMOVAL_WITHDRAWN = "removal.withdrawn"
    FINDING_FOUND = "finding.found"
    FINDING_OVER = "finding.over"
    REVIEW_OPENED = "review.opened"
    REVIEW_CLOSED = "review.closed"
    KIV_TASK_OPENED = "kiv-task.opened"
    KIV_TASK_CLOSED = "kiv-task.closed"


KIND_OF: Mapping[str, EventKind] = {
    "request.started": EventKind.CASE_STARTED,
    "request.attested": EventKind.CASE_ATTESTED,
    "request.rejected": EventKind.CASE_REJECTED,
    "request.withdrawn": EventKind.CASE_WITHDRAWN,
    "request.choice_needed": EventKind.CASE_CHOICE_NEEDED,
    "request.done": EventKind.CASE_DONE,
    "request.cannot_be_done": EventKind.CASE_CANNOT_BE_DONE,
    "request.gave_up": EventKind.CASE_GAVE_UP,
    "grant.created": EventKind.RIGHT_CREATED,
    "grant.prolonged": EventKind.RIGHT_PROLONGED,
    "grant.expired": EventKind.RIGHT_EXPIRED,
    "grant.ended": EventKind.RIGHT_ENDED,
    "removal.started": EventKind.REMOVAL_STARTED,
    "removal.done": EventKind.REMOVAL_DONE,
    "removal.withdrawn": EventKind.REMOVAL_WITHDRAWN,
    "finding.found": EventKind.FINDING_FOUND,
    "finding.over": EventKind.FINDING_OVER,
    "review.opened": EventKind.REVIEW_OPENED,
    "review.closed": EventKind.REVIEW_CLOSED,
}

OPENS_TASK = frozenset(
    {"request.kiv_needed", "request.not_seen", "removal.kiv_needed", "removal.still_there"}
)
CLOSES_TASK = frozenset(
    {
        *("request.values_seen", "request.set_in_kiv", "request.done"),
        *("request.withdrawn", "request.cannot_be_done", "request.gave_up", "request.outdated"),
        *("request.person_left", "request.last_day_passed"),
        *("removal.values_gone", "removal.gone_from_kiv", "removal.done"),
        *("removal.not_needed", "removal.withdrawn", "removal.cannot_be_done"),
    }
)
TURNS_TASK = OPENS_TASK | CLOSES_TASK
TELLING = frozenset(KIND_OF) | TURNS_TASK


def kinds_of(action: str, *, turned_by: str | None) -> tuple[EventKind, ...]:
    """What this event is told as, in order; nothing for most.

    `turned_by`: the event of the same case before it that opened or closed its KIV task; None where none did.
    """
    was_open = turned_by in OPENS_TASK
    kinds = []
    if action in OPENS_TASK and not was_open:
        kinds.append(EventKind.KIV_TASK_OPENED)
    if action in CLOSES_TASK and was_open:
        kinds.append(EventKind.KIV_TASK_CLOSED)
    if action in KIND_OF:
        kinds.append(KIND_OF[action])
    return tuple(kinds)
