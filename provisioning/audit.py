"""The record of every act and every automatic decision: one row, in the same transaction as the act."""

from __future__ import annotations

import enum
from typing import Any

from django.db import transaction

from provisioning.models import AccessRequest, AuditEntry, Order, User


class Action(enum.StrEnum):
    """What can have happened. Dotted and stable: tests, exports and notifications read them."""

    ORDERED = "order.placed"
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
    REPORTED_DONE = "request.reported_done"
    NOT_SEEN = "request.not_seen"
    CANNOT = "request.cannot_be_done"
    PASSED_ON = "request.passed_on"
    VALUES_SEEN = "request.values_seen"
    VERIFICATION_FAILED = "request.verification_failed"
    DONE = "request.done"
    GAVE_UP = "request.gave_up"
    REMINDED = "request.reminded"
    HANDLERS_CHANGED = "request.handlers_changed"
    DIRECTORY_SILENT = "request.directory_silent"
    DIRECTORY_BACK = "request.directory_back"
    REFUSED = "refused"
    LOGGED_IN = "login.accepted"
    LOGGED_OUT = "login.ended"
    LOGIN_REFUSED = "login.refused"
    MESSAGE_FAILED = "message.failed"
    MESSAGE_RESENT = "message.resent"
    DEMO_VALUE_CHANGED = "demo.value_changed"


def record(
    action: Action,
    *,
    actor: User | None,
    request: AccessRequest | None = None,
    order: Order | None = None,
    reason: str = "",
    **data: Any,
) -> AuditEntry:
    """Write one fact. `actor` is None when the tool itself acted. `data` holds codes and values, never names.

    Must be called inside the transaction that makes the fact true.
    """
    if not transaction.get_connection().in_atomic_block:
        raise RuntimeError("an audit entry belongs in the transaction of what it records")
    return AuditEntry.objects.create(
        action=action.value,
        actor=actor,
        request=request,
        order=order or (request.order if request else None),
        reason=reason,
        data=data,
    )
