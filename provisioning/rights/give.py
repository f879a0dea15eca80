"""A right as it is given or prolonged by a finished request: from its old last day, never shorter.

Each operation locks the grant before it records anything, and asks nobody. Source: domain §8.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning import dates
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.models import AccessRequest, Grant, Removal
from provisioning.rights import find, review_date
from provisioning.rights.end import mark_ended
from provisioning.rules.hsa import Reading
from provisioning.rules.states.right import EndCause, GrantState
from provisioning.worker import wake


def lock_for(request: AccessRequest) -> Grant | None:
    """The living grant of the request's right, locked. Before anything is recorded in the transaction."""
    return Grant.objects.living().select_for_update().filter(**find.right_of(request)).first()


def record_done(request: AccessRequest, *, reading: Reading) -> Grant:
    """Give the right, or prolong the one that stands. Inside the request's operation, after `lock_for`.

    A right whose time had just run out goes on as if it never had; one that somebody has ended stays
    ended, and the finished request gives a new one.
    """
    living = lock_for(request)
    person_dn = reading.person.dn if reading.person else ""
    if living is not None and _goes_on(living):
        grant, told = living, _prolong(living, request, person_dn)
        action = Action.GRANT_PROLONGED
    else:
        if living is not None:
            mark_ended(living)
        grant, told = _create(request, person_dn)
        action = Action.GRANT_CREATED
    request.grant = grant
    request.save(update_fields=["grant"])
    events.record(action, actor=None, request=request, about=grant, **told)
    _look_again_at_removals(request)
    return grant


def _goes_on(grant: Grant) -> bool:
    return grant.current_state is GrantState.ACTIVE or grant.end_cause == EndCause.EXPIRY.value


def _prolong(grant: Grant, request: AccessRequest, person_dn: str) -> dict[str, Any]:
    """Returns what is to be recorded of it."""
    old_end = grant.ends_on
    grant.ends_on = max(old_end, request.ends_on)
    grant.state, grant.end_cause, grant.state_since = GrantState.ACTIVE.value, "", timezone.now()
    grant.let_end_by, grant.let_end_at, grant.let_end_reason = None, None, ""
    grant.noticed_on = dates.today()
    grant.next_review_on = review_date.next_review_on(grant.unit_key, grant.level, prolonged=grant)
    grant.unit_hsa_id, grant.unit_name = request.unit_hsa_id, request.unit_name
    grant.unit_dn, grant.person_dn = request.unit_dn, person_dn
    if not request.wanted_unit_hsa_id:
        # For the care unit itself from now on, whatever it was ordered for first.
        grant.wanted_unit_hsa_id, grant.wanted_unit_name = "", ""
    grant.save()
    return {"old": old_end.isoformat(), "new": grant.ends_on.isoformat()}


def _create(request: AccessRequest, person_dn: str) -> tuple[Grant, dict[str, Any]]:
    """Returns also what is to be recorded of it."""
    today = dates.today()
    grant = Grant.objects.create(
        **find.right_of(request),
        subject_hsa_id=request.subject_hsa_id,
        subject_name=request.subject_name,
        subject_is_protected=request.subject_is_protected,
        unit_hsa_id=request.unit_hsa_id,
        unit_name=request.unit_name,
        unit_dn=request.unit_dn,
        wanted_unit_hsa_id=request.wanted_unit_hsa_id,
        wanted_unit_name=request.wanted_unit_name,
        person_dn=person_dn,
        origin=request,
        starts_on=request.starts_on,
        ends_on=request.ends_on,
        next_review_on=review_date.next_review_on(request.unit_key, request.level),
        noticed_on=today,
    )
    return grant, {"starts": grant.starts_on.isoformat(), "ends": grant.ends_on.isoformat()}


def _look_again_at_removals(request: AccessRequest) -> None:
    """An open removal of the person's must see at once that its value is needed: of this right, or of none.

    After the commit: the removal's own lock comes before the grant's, so it cannot be touched in here.
    """
    person = request.subject_key
    if Removal.objects.open().filter(subject_key=person).exists():
        transaction.on_commit(lambda: _make_removals_due(person), robust=True)
        wake("workflows.poll_kiv_tasks")


def _make_removals_due(person_key: str) -> None:
    rows = Removal.objects.open().filter(subject_key=person_key, next_poll_at__isnull=False)
    rows.update(next_poll_at=timezone.now())
