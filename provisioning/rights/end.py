"""The end of a right: let run out, expired, gone, or kept after all. The row is locked first.

Source: domain §8 (an end date on every right, removal afterwards).
"""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning import dates
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.errors import NotAllowed, WrongState
from provisioning.mandates.current import Mandates
from provisioning.models import Grant, Removal, User
from provisioning.rights import find, may
from provisioning.rules.dates import deadlines
from provisioning.rules.states.right import EndCause, GrantState


@transaction.atomic
def let_end(grant_pk: int, *, by: User, mandates: Mandates, reason: str = "") -> Grant:
    """Decide that the right may run out on its last day: no more notices. Raises NotAllowed, WrongState.

    It takes nothing away before that day, and an order prolongs the right as before.
    """
    grant = find.lock(grant_pk)
    if by.pk != grant.subject_key and not may.may_manage(grant, mandates, by):
        raise NotAllowed(_("Only the head of unit, or the person it concerns, can let the access end."))
    if grant.current_state is not GrantState.ACTIVE or grant.let_end_at is not None:
        raise WrongState
    grant.let_end_by, grant.let_end_at, grant.let_end_reason = by, timezone.now(), reason.strip()
    grant.save(update_fields=["let_end_by", "let_end_at", "let_end_reason"])
    events.record(
        Action.GRANT_LET_END, actor=by, about=grant, reason=reason.strip(), ends=grant.ends_on.isoformat()
    )
    return grant


def due_to_end(on: date) -> list[int]:
    """Keys of grants whose last day has passed, or whose removal must be (re)started."""
    passed = Grant.objects.active().filter(ends_on__lt=on)
    left = Grant.objects.filter(state=GrantState.ENDING.value).exclude(
        pk__in=Removal.objects.open().exclude(grant=None).values("grant")
    )
    return [*passed.order_by("ends_on").values_list("pk", flat=True), *left.values_list("pk", flat=True)]


def expire(grant: Grant, *, on: date) -> None:
    """The last day has passed: the right does not count any more. Inside an operation, the row locked."""
    if grant.current_state is not GrantState.ACTIVE or not deadlines.has_ended(grant.ends_on, on=on):
        raise WrongState
    grant.state, grant.end_cause = GrantState.ENDING.value, EndCause.EXPIRY.value
    grant.state_since = timezone.now()
    grant.save(update_fields=["state", "end_cause", "state_since"])
    events.record(Action.GRANT_EXPIRED, actor=None, about=grant, ends=grant.ends_on.isoformat())


def record_gone(grant: Grant) -> None:
    """Nothing is left of the right in the directory, or nothing was to be removed. The row is locked."""
    if grant.current_state is GrantState.ENDING:
        mark_ended(grant)


def mark_ended(grant: Grant) -> None:
    grant.state, grant.state_since = GrantState.ENDED.value, timezone.now()
    grant.ended_at = grant.state_since
    grant.save(update_fields=["state", "state_since", "ended_at"])
    events.record(Action.GRANT_ENDED, actor=None, about=grant, cause=grant.end_cause)


def keep(grant: Grant, *, by: User | None) -> None:
    """The decision to end it was taken back: it counts again. Raises WrongState: its last day has passed."""
    if grant.current_state is not GrantState.ENDING:
        raise WrongState
    if deadlines.has_ended(grant.ends_on, on=dates.today()):
        raise WrongState(_("The last day of the right has passed. If it is needed, order it anew."))
    grant.state, grant.end_cause, grant.state_since = GrantState.ACTIVE.value, "", timezone.now()
    grant.save(update_fields=["state", "end_cause", "state_since"])
    events.record(Action.GRANT_KEPT, actor=by, about=grant, state=grant.state)
