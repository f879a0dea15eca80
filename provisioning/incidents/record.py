"""Recording what the operators have to look after, and that it is over: one row at a time about each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.models import Case, Incident, IncidentKind, User
from provisioning.rules.hsa import HsaId

SEARCHES_CODE = "search.unusual"
FAILED_CODE = "entry.failed"


@transaction.atomic
def stalled(case: Case, *, code: str, detail: str, since: datetime) -> Incident:
    """The case stands still: the operators have it from now on, and its page says so."""
    about = f"{case.KEY} {case.pk}"
    facts: dict[str, Any] = {"code": code, "detail": detail[:60]}
    row, is_new = _stands(IncidentKind.STALLED, about, **facts, since=since, **case.pointer)
    if is_new:
        events.record(Action.STALLED.of(case), actor=None, case=case, incident=str(row.public_id), **facts)
    elif row.code != code or row.detail != detail[:60]:
        Incident.objects.filter(pk=row.pk).update(seen_at=timezone.now(), **facts)
    return row


@transaction.atomic
def resumed(case: Case) -> bool:
    """The case goes on again, or has ended: nobody need look after it. Returns whether somebody had to."""
    standing = case.incidents.standing().filter(kind=IncidentKind.STALLED)
    if not standing.update(over_at=timezone.now()):
        return False
    events.record(Action.RESUMED.of(case), actor=None, case=case)
    return True


def entry_failed(person_id: HsaId, *, detail: str) -> None:
    """An entry of the directory could not be dealt with; everybody else was."""
    person = {"person_key": person_id.folded, "person_hsa_id": person_id.text}
    _failed_again(IncidentKind.ENTRY, person_id.folded, detail=detail, **person)


def piece_failed(what: str, *, detail: str) -> None:
    """A piece of a round failed, and the round went on without it. `what`: nothing personal."""
    _failed_again(IncidentKind.PIECE, what[:200], detail=detail)


def standing(kind: IncidentKind) -> frozenset[str]:
    """What of this kind has to be looked after now, so that a round knows what to take back."""
    return frozenset(Incident.objects.standing().filter(kind=kind).values_list("about", flat=True))


@transaction.atomic
def works_again(kind: IncidentKind, about: Iterable[str]) -> int:
    """Entries and pieces that went well this time. Returns how many were told of."""
    rows = Incident.objects.standing().filter(kind=kind, about__in=list(about))
    over = list(rows.values_list("public_id", flat=True))
    rows.update(over_at=timezone.now())
    for public_id in over:
        events.record(Action.INCIDENT_OVER, actor=None, incident=str(public_id), kind=kind.value)
    return len(over)


@transaction.atomic
def searched_much(user: User, *, count: int, day: str) -> None:
    """Somebody has searched unusually often on that day; the count grows with each search."""
    about = f"{user.pk} {day}"
    if Incident.objects.filter(kind=IncidentKind.SEARCHES, about=about).update(
        count=count, seen_at=timezone.now()
    ):
        return
    facts: dict[str, Any] = {"code": SEARCHES_CODE, "count": count}
    person = {"person_key": user.pk, "person_hsa_id": user.hsa_id}
    row, is_new = _stands(IncidentKind.SEARCHES, about, **facts, **person)
    if is_new:
        events.record(Action.INCIDENT_FOUND, actor=None, incident=str(row.public_id), kind=row.kind)


@transaction.atomic
def _failed_again(kind: IncidentKind, about: str, *, detail: str, **person: str) -> None:
    facts: dict[str, Any] = {"code": FAILED_CODE, "detail": detail[:60]}
    row, is_new = _stands(kind, about, **facts, **person)
    if is_new:
        events.record(
            Action.INCIDENT_FOUND, actor=None, incident=str(row.public_id), kind=kind.value, **facts
        )
        return
    Incident.objects.filter(pk=row.pk).update(count=F("count") + 1, seen_at=timezone.now(), **facts)


def _stands(kind: IncidentKind, about: str, **facts: Any) -> tuple[Incident, bool]:
    """The row that stands about it, and whether it is new."""
    return Incident.objects.get_or_create(kind=kind.value, about=about, over_at=None, defaults=facts)
