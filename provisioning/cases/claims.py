"""Which KIV administrator works on a task just now: seen by the others, and over by itself after a while.

A claim keeps nobody from answering: whoever is asked may do the task. It only tells the others not to begin.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import kiv_answers, moves
from provisioning.errors import WrongState
from provisioning.mandates.current import Mandates
from provisioning.models import Case, User


def holder(case: Case) -> User | None:
    """Who works on the task now; None where nobody has said so, or it was too long ago."""
    until = ends_at(case)
    return case.taken_by if until is not None and timezone.now() < until else None


def ends_at(case: Case) -> datetime | None:
    """Until when the claim holds, or held; None where there is none."""
    if not case.is_with_kiv or case.taken_at is None:
        return None
    return case.taken_at + timedelta(minutes=settings.KIV_CLAIM_MINUTES)


@transaction.atomic
def take(case: Case, *, by: User, mandates: Mandates) -> None:
    """Say that one works on it, or still does.

    Raises NotAllowed, WrongState (somebody else has it, or it is no task any more).
    """
    row = moves.lock(type(case), case.pk)
    kiv_answers.require_administrator(row, by, mandates)
    other = holder(row)
    if other is not None and other != by:
        raise WrongState(_("Somebody else took it just before you."), code="task_is_taken")
    row.taken_by, row.taken_at = by, timezone.now()
    row.save(update_fields=["taken_by", "taken_at"])
    events.record(Action.TAKEN.of(row), actor=by, case=row)


@transaction.atomic
def let_go(case: Case, *, by: User) -> None:
    """Say that one does not work on it after all. Nothing happens where one had not taken it."""
    row = moves.lock(type(case), case.pk)
    if holder(row) != by:
        return
    row.taken_by, row.taken_at = None, None
    row.save(update_fields=["taken_by", "taken_at"])
    events.record(Action.LET_GO.of(row), actor=by, case=row)
