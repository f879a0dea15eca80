"""Who is protected, as the directory says now, on everything that names the person: both ways, and backwards.

Cases, rights, removals, findings and users carry a copy of the mark; lists of who has a case or a review
carry names, and a protected person's must not stand there. Receipts, pages and exports are made of these rows
each time. A mark that the directory newly shows counts at once. One that it does not show any more counts
until a second look, an hour later, says the same, and nothing is opened where so many marks seem to be gone
at once that the answer is doubted: what has been read cannot be taken back.
Source: domain §7 (protected persons), §6 (don't know never decides).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.directory import Directory
from provisioning.directory.ldap.troubles import Trouble, suppress_two_entries, trouble_of
from provisioning.errors import DirectoryError
from provisioning.messages import not_believed
from provisioning.models import (
    AccessRequest,
    Finding,
    Grant,
    Handler,
    ProtectionDoubt,
    Removal,
    Reviewer,
    TeamMember,
    User,
)
from provisioning.rules.drift.share import is_too_much
from provisioning.rules.hsa import HsaId, Person

SECOND_LOOK = timedelta(hours=1)
FEW = 5  # so many marks that are gone are never beyond the share
AT_ONCE = 100

_SUBJECTS: tuple[type[models.Model], ...] = (AccessRequest, Grant, Removal, Finding, TeamMember)
_LISTS: tuple[type[models.Model], ...] = (Handler, Reviewer)


def sweep(directory: Directory) -> int:
    """Ask the directory about everybody who is named anywhere; returns how many rows were changed.

    Raises DirectoryError: a person it did not tell of stays as they are.
    """
    ids = sorted(_named(), key=str)
    chunks = (ids[first : first + AT_ONCE] for first in range(0, len(ids), AT_ONCE))
    return sum(follow(_persons(directory, chunk)) for chunk in chunks)


def follow(persons: Iterable[Person]) -> int:
    """Bring the marks of these persons up to what was just read; returns how many rows were changed."""
    by_key = {person.hsa_id.folded: person for person in persons}
    protected = {key for key, person in by_key.items() if person.is_protected}
    opened = _to_open(by_key.keys() - protected)
    with transaction.atomic():
        ProtectionDoubt.objects.filter(pk__in=protected).delete()
        closed_rows = _mark(protected, is_protected=True) + _take_names(protected)
        opened_rows = _mark(opened, is_protected=False)
        for key in opened:
            opened_rows += _give_names(key, by_key[key])
        ProtectionDoubt.objects.filter(pk__in=opened).delete()
        if closed_rows or opened_rows:
            events.record(
                Action.PROTECTION_FOLLOWED, actor=None, protected=closed_rows, not_protected=opened_rows
            )
    return closed_rows + opened_rows


def _to_open(keys: Collection[str]) -> set[str]:
    """Persons the directory does not call protected, who have been marked here for long enough."""
    marked = _marked() if keys else set()
    lost = marked.intersection(keys)
    if is_too_much(len(lost), len(marked), percent=settings.SWEEP_STOP_AT_PERCENT, few=FEW):
        not_believed.tell("protection", lost=len(lost), of=len(marked))
        return set()
    ProtectionDoubt.objects.bulk_create([ProtectionDoubt(pk=key) for key in lost], ignore_conflicts=True)
    ripe = ProtectionDoubt.objects.filter(pk__in=lost, since__lte=timezone.now() - SECOND_LOOK)
    return set(ripe.values_list("pk", flat=True))


def _marked() -> set[str]:
    """Whoever is marked as protected on any row, or is left without a name in a list."""
    found: set[str] = set()
    for table in _SUBJECTS:
        found.update(_rows(table, subject_is_protected=True).values_list("subject_key", flat=True))
    for table in _LISTS:
        found.update(_rows(table, person_name="").values_list("person_key", flat=True))
    found.update(User.objects.filter(is_protected=True).values_list("pk", flat=True))
    return found


def _named() -> set[HsaId]:
    found: dict[str, str] = {}
    for table in _SUBJECTS:
        found.update(_rows(table).order_by().values_list("subject_key", "subject_hsa_id").distinct())
    for table in _LISTS:
        found.update(_rows(table).order_by().values_list("person_key", "person_hsa_id").distinct())
    found.update(User.objects.values_list("pk", "hsa_id"))
    return {HsaId(text) for text in found.values()}


def _rows(table: type[models.Model], **conditions: Any) -> models.QuerySet[Any]:
    return table._default_manager.filter(**conditions)


def _persons(directory: Directory, ids: Collection[HsaId]) -> Iterator[Person]:
    """Where two entries claim one id, nobody can say who it is: the others are asked about one by one."""
    try:
        yield from directory.persons(ids).values()
    except DirectoryError as exc:
        if trouble_of(exc) is not Trouble.DUPLICATE:
            raise
        for one in ids:
            with suppress_two_entries():
                yield from directory.persons([one]).values()


def _mark(keys: Collection[str], *, is_protected: bool) -> int:
    changed = 0
    for table in _SUBJECTS:
        rows = _rows(table, subject_key__in=keys, subject_is_protected=not is_protected)
        changed += rows.update(subject_is_protected=is_protected)
    return changed + User.objects.filter(pk__in=keys, is_protected=not is_protected).update(
        is_protected=is_protected
    )


def _take_names(keys: Collection[str]) -> int:
    """No list names them any more; where somebody acts for them, their HSA-id stands instead."""
    changed = sum(
        _rows(table, person_key__in=keys).exclude(person_name="").update(person_name="") for table in _LISTS
    )
    for user in User.objects.filter(pk__in=keys):
        rows = Handler.objects.filter(delegation__principal=user).exclude(acts_for_name=user.hsa_id)
        changed += rows.update(acts_for_name=user.hsa_id)
    return changed


def _give_names(key: str, person: Person) -> int:
    changed = sum(
        _rows(table, person_key=key, person_name="").update(person_name=person.name) for table in _LISTS
    )
    rows = Handler.objects.filter(delegation__principal=key, acts_for_name=person.hsa_id.text)
    return changed + rows.update(acts_for_name=person.name)
