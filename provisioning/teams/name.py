"""Naming who holds a task in a unit's team, and ending it. Whoever orders there may; it gives no right.

Sources: domain §2 (who has left), §7 (mandates at the moment of the act).
"""

from __future__ import annotations

from datetime import date
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from provisioning import dates
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.directory import Directory, open_directory
from provisioning.errors import DirectoryUnavailable, Invalid, NotAllowed, WrongState
from provisioning.mandates.current import Mandates
from provisioning.models import TeamMember, User
from provisioning.rules.hsa import HsaId, Part, Person
from provisioning.rules.mandates import Delegable, has_left
from provisioning.rules.services.profession import is_doctor
from provisioning.rules.team import NAMED, TeamTask


def may_name(mandates: Mandates, unit_id: HsaId) -> bool:
    """Say whether the holder names the team: the unit's head, or who orders there by delegation."""
    return unit_id in mandates.unit_ids or mandates.delegated_for(Delegable.ORDERING, unit_id) is not None


def name(
    *,
    by: User,
    mandates: Mandates,
    unit_id: HsaId,
    task: TeamTask,
    person_id: HsaId,
    starts_on: date,
    ends_on: date | None = None,
) -> TeamMember:
    """Name somebody for a task. `mandates`: read just now.

    Raises NotAllowed, Invalid with the field, or DirectoryError: then nobody is named.
    """
    if not may_name(mandates, unit_id):
        raise NotAllowed(_("Only the head of the unit, or who orders for the head, names the team."))
    if task not in NAMED:
        raise Invalid(_("The directory says who heads the unit."), code="team.head", field="task")
    _require_days(starts_on, ends_on)
    directory = open_directory()
    unit = directory.unit(unit_id)
    if unit is None:
        raise Invalid(_("The directory shows no such unit."), code="team.no_unit", field="person")
    person = _fit(directory, person_id, task)
    try:
        with transaction.atomic():
            row = TeamMember.objects.create(
                task=task.value,
                unit_key=unit.hsa_id.folded,
                unit_hsa_id=unit.hsa_id.text,
                unit_name=unit.name,
                subject_key=person.hsa_id.folded,
                subject_hsa_id=person.hsa_id.text,
                subject_name="" if person.is_protected else person.name,
                subject_is_protected=person.is_protected,
                starts_on=starts_on,
                ends_on=ends_on,
                named_by=by,
            )
            _record(Action.TEAM_NAMED, row, by)
            return row
    except IntegrityError as exc:
        message = _("This person holds the task already. End that first, if the days are to change.")
        raise Invalid(message, code="team.twice", field="person") from exc


@transaction.atomic
def end(public_id: UUID, *, by: User, mandates: Mandates) -> TeamMember:
    """End that somebody holds a task, from now on. What the person may do in the services stays as it is.

    Raises NotAllowed, or WrongState where it has ended already.
    """
    row = TeamMember.objects.select_for_update(of=("self",)).get(public_id=public_id)
    if not may_name(mandates, row.unit_id):
        raise NotAllowed(_("Only the head of the unit, or who orders for the head, names the team."))
    if row.ended_at is not None:
        raise WrongState(_("It has ended already."))
    row.ended_at, row.ended_by = timezone.now(), by
    row.save(update_fields=["ended_at", "ended_by"])
    _record(Action.TEAM_ENDED, row, by)
    return row


def _require_days(starts_on: date, ends_on: date | None) -> None:
    if ends_on is None:
        return
    if ends_on < starts_on:
        raise Invalid(_("The last day is before the first."), field="ends_on")
    if ends_on < dates.today():
        raise Invalid(_("That day has passed."), field="ends_on")


def _fit(directory: Directory, person_id: HsaId, task: TeamTask) -> Person:
    """The person, who works here and has the profession that the task takes.

    Raises Invalid; DirectoryError where the directory does not tell.
    """
    found = directory.read(person_id, unit_ids=(), provider_ids=(), afresh=True)
    if not found.is_readable(Part.PERSON):
        raise DirectoryUnavailable()
    if found.person is None or has_left(found.person, on=dates.today()):
        message = _("The directory shows nobody with this HSA-id who is employed today.")
        raise Invalid(message, code="team.nobody", field="person")
    if task is TeamTask.DOCTOR and is_doctor(found) is False:
        message = _("The directory does not say that this person is a doctor.")
        raise Invalid(message, code="team.no_doctor", field="person")
    return found.person


def _record(action: Action, row: TeamMember, by: User) -> None:
    events.record(
        action,
        actor=by,
        task=row.task,
        subject=row.subject_key,
        places=[row.unit_key],
        starts_on=row.starts_on.isoformat(),
        ends_on=row.ends_on.isoformat() if row.ends_on else "",
    )
