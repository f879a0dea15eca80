"""What an operator does about an incident: try again, or say it is dealt with. Each is one transaction."""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.utils import timezone

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.errors import NotAllowed, WrongState
from provisioning.models import Case, Incident, IncidentKind, User

# What an operator can say is dealt with. All else is over when the work itself goes well again.
SETTLED_BY_HAND = (IncidentKind.SEARCHES, IncidentKind.ENTRY, IncidentKind.PIECE)


@transaction.atomic
def settle(incident: Incident, *, by: User) -> Incident:
    """It is dealt with. Raises NotAllowed, WrongState (it is over, or is a case: that ends by going on)."""
    row = _locked(incident, by)
    if row.kind not in SETTLED_BY_HAND:
        raise WrongState
    row.over_at, row.settled_by = timezone.now(), by
    row.save(update_fields=["over_at", "settled_by"])
    events.record(Action.INCIDENT_SETTLED, actor=by, incident=str(row.public_id), kind=row.kind)
    return row


@transaction.atomic
def try_again(incident: Incident, *, by: User, make_due: Callable[[Case], object]) -> Incident:
    """Have the work done now, as often as it has failed. Raises NotAllowed, WrongState (over, or no case).

    `make_due`: plans the case's work for now. Whether it goes well is seen when it is done.
    """
    row = _locked(incident, by)
    case: Case | None = row.request or row.removal
    if case is None:
        raise WrongState
    row.tried_again_at = timezone.now()
    row.save(update_fields=["tried_again_at"])
    events.record(Action.TRIED_AGAIN.of(case), actor=by, case=case)
    make_due(case)
    return row


def _locked(incident: Incident, by: User) -> Incident:
    if not by.is_operator:
        raise NotAllowed
    row = Incident.objects.select_for_update().get(pk=incident.pk)
    if row.over_at is not None:
        raise WrongState
    return row
