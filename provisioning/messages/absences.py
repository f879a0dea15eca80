"""Saying that one is away, and who has it meanwhile: only somebody who has a delegation for it already.

It gives no mandate and moves nothing: whoever waits reads why nobody answers, and who else has the case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from provisioning import dates
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.errors import Invalid
from provisioning.models import Absence, Case, Delegation, User
from provisioning.rules.dates import deadlines


@dataclass(frozen=True, slots=True)
class Away:
    """Somebody whom a case waits for is away."""

    person_key: str
    until: date
    substitute_key: str  # who has the case meanwhile; empty where nobody has it in their place


def own(user: User) -> Absence | None:
    """The person's own absence, if it has not passed."""
    return Absence.objects.filter(person_key=user.pk, ends_on__gte=dates.today()).first()


def substitutes(user: User) -> list[User]:
    """Whom the person may name: those who have a delegation from them, now or later."""
    given = Delegation.objects.filter(principal=user, ended_at=None, ends_on__gte=dates.today())
    keys = given.exclude(doubt_code=Delegation.End.ANOTHER_HUMAN).order_by().values("delegate_id")
    return list(User.objects.filter(pk__in=keys).order_by("name", "pk"))


@transaction.atomic
def say(*, by: User, starts_on: date, ends_on: date, substitute_key: str = "") -> Absence:
    """Say that one is away on these days, in the place of what one said before. Raises Invalid."""
    today = dates.today()
    if ends_on < starts_on:
        raise Invalid(_("The last day is before the first."), field="ends_on")
    if ends_on < today:
        raise Invalid(_("That day has passed."), field="ends_on")
    if ends_on > deadlines.latest_end(max(starts_on, today)):
        raise Invalid(_("Choose an earlier day: at most one year."), field="ends_on")
    if substitute_key:
        _require_delegation(by, substitute_key, max(starts_on, today), ends_on)
    row, _is_new = Absence.objects.update_or_create(
        person_key=by.pk,
        defaults={"starts_on": starts_on, "ends_on": ends_on, "substitute_key": substitute_key},
    )
    events.record(
        Action.ABSENCE_SAID,
        actor=by,
        starts_on=starts_on.isoformat(),
        ends_on=ends_on.isoformat(),
        has_substitute=bool(substitute_key),
    )
    return row


def _require_delegation(by: User, substitute_key: str, first: date, last: date) -> None:
    """The delegation is there and holds on all of the days. Raises Invalid."""
    given = Delegation.objects.usable(first).filter(principal=by, delegate_id=substitute_key)
    until = max((row.ends_on for row in given), default=None)
    if until is None:
        raise Invalid(_("This person has no delegation from you on the first day."), field="substitute")
    if until < last:
        text = _("The delegation ends on %(day)s, before you are back. Delegate anew, or choose another.")
        raise Invalid(text % {"day": dates.in_words(until)}, field="substitute")


@transaction.atomic
def take_back(*, by: User) -> bool:
    """Be there again, or not away after all. Returns whether anything was said."""
    is_gone = bool(Absence.objects.filter(person_key=by.pk).delete()[0])
    if is_gone:
        events.record(Action.ABSENCE_ENDED, actor=by)
    return is_gone


def forget_passed() -> None:
    """Delete what has passed: nobody needs to know when somebody was away."""
    Absence.objects.filter(ends_on__lt=dates.today()).delete()


def of(case: Case) -> list[Away]:
    """Who of those whom the case waits for is away today. The substitute counts only as one of them."""
    if not case.is_open:
        return []
    sitting = [one.folded for one in case.sitting_ids]
    today = dates.today()
    rows = Absence.objects.filter(person_key__in=sitting, starts_on__lte=today, ends_on__gte=today)
    return [
        Away(row.person_key, row.ends_on, row.substitute_key if row.substitute_key in sitting else "")
        for row in rows.order_by("pk")
    ]


def all_are_away(case: Case) -> Away | None:
    """Who is away the longest, where all are whom the case waits for by a mandate of their own."""
    away = {one.person_key: one for one in of(case)}
    delegates = {row.person_key for row in case.handlers.all() if row.delegation_id is not None}
    waited_for = [one.folded for one in case.sitting_ids if one.folded not in delegates]
    if not waited_for or not all(key in away for key in waited_for):
        return None
    return max((away[key] for key in waited_for), key=lambda one: one.until)
