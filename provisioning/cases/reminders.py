"""Reminding those who have a case: by the timetable, or because somebody who waits asks for it.

Each operation is one transaction that locks nothing itself: the caller locks the row.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning import dates
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import handlers
from provisioning.errors import NotAllowed, WrongState
from provisioning.messages.texts import MessageKind
from provisioning.models import AccessRequest, Case, User
from provisioning.rules.dates import deadlines


@transaction.atomic
def remind(case: Case) -> bool:
    """Remind those who have the case, if enough working days have passed. Returns whether it was due."""
    if not _is_due(case) or not case.sitting_ids:
        return False
    case.reminded_at, case.reminder_count = timezone.now(), case.reminder_count + 1
    case.save(update_fields=["reminded_at", "reminder_count"])
    entry = events.record(Action.REMINDED.of(case), actor=None, case=case, count=case.reminder_count)
    handlers.ask(entry, case, MessageKind.REMINDER)
    return True


@transaction.atomic
def remind_others(request: AccessRequest, *, by: User) -> None:
    """The orderer or the subject, who waits, reminds those who have the request; not too often.

    Raises NotAllowed, WrongState (nobody else has it, or they were told less than the set hours ago).
    """
    if by.pk not in (request.order.orderer_id, request.subject_key):
        raise NotAllowed(_("Only the one who ordered, or the person it concerns, can remind."))
    others = [person for person in request.sitting_ids if person != by.identity]
    if not others:
        raise WrongState(_("Nobody else has the case right now, so there is nobody to remind."))
    if timezone.now() < may_be_reminded_at(request):
        since = dates.in_words(timezone.localdate(may_be_reminded_at(request)))
        text = _("They have had a mail. You can remind them again from %(date)s.") % {"date": since}
        raise WrongState(text, code="too_soon")
    request.nudged_at = timezone.now()
    request.save(update_fields=["nudged_at"])
    entry = events.record(Action.REMINDED_BY_PERSON, actor=by, request=request, count=len(others))
    handlers.ask(entry, request, MessageKind.REMINDER, but=[by.pk])


def may_be_reminded_at(request: AccessRequest) -> datetime:
    """From when on it is not too soon to remind: so many hours after they were last told."""
    told = (request.waits_since, request.reminded_at, request.nudged_at, request.escalated_at)
    return max(at for at in told if at is not None) + timedelta(hours=settings.REMINDER_EVERY_HOURS)


def _is_due(case: Case) -> bool:
    last = dates.today(max(case.reminded_at or case.state_since, case.waits_since))
    return dates.today() >= deadlines.add_working_days(last, settings.REMINDER_WORKING_DAYS)
