"""Telling the owners of findings, in one digest each; the operators where there is nobody."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from provisioning import dates
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import candidates
from provisioning.directory import Directory, Round
from provisioning.directory.ldap.troubles import suppress_two_entries
from provisioning.mandates import current
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import Finding, KnownPerson
from provisioning.operators import operator_ids
from provisioning.rules.drift.differences import Owner
from provisioning.rules.hsa import HsaId, Level, Person
from provisioning.rules.mandates import has_left


def tell(directory: Round) -> int:
    """One message to each person with new findings to settle. Returns how many messages.

    New is also what passes to somebody else, because nobody who was told of it has it any more.
    Many findings have the same few owners: units and humans are looked up together. Raises DirectoryError:
    then nobody has been told, and it is tried again.
    """
    rows = list(Finding.objects.to_settle().exclude(~Q(told_at=None), told_keys=[]).order_by("pk"))
    if not rows:
        return 0
    heads = [row for row in rows if row.whose is Owner.HEAD_OF_UNIT and row.level != Level.PROVIDER.value]
    with suppress_two_entries():  # then they are asked about one by one
        directory.units(row.unit_id for row in heads)
    owners = {row.pk: _owners_of(directory, row) for row in rows}
    everybody = {*operator_ids(), *(one for found in owners.values() for one in found)}
    humans, present = directory.identities(everybody), directory.persons(everybody)
    recipients: dict[int, Collection[HsaId]] = {}
    passed_to: dict[int, str] = {}
    for row in rows:
        operators = [one for one in operator_ids() if row.subject_id not in humans[one]] or operator_ids()
        able = [one for one in owners[row.pk] if _is_able(row, present.get(one), humans[one])]
        if able or row.whose is Owner.OPERATORS:
            recipients[row.pk], passed_to[row.pk] = able or operators, ""
        elif nearest := heads_of(directory, row):
            recipients[row.pk], passed_to[row.pk] = nearest
        else:
            recipients[row.pk], passed_to[row.pk] = operators, Finding.PassedTo.OPERATORS.value
    new = {row.pk: recipients[row.pk] for row in rows if not _is_told(row, recipients[row.pk])}
    return _write_digests(new, passed_to)


def _is_able(row: Finding, owner: Person | None, ids: Collection[HsaId]) -> bool:
    """Say whether this owner is there and is not the person concerned, by any HSA-id."""
    return not has_left(owner, on=dates.today()) and row.subject_id not in ids


def _owners_of(directory: Directory, row: Finding) -> tuple[HsaId, ...]:
    """Where two entries claim the unit's id, nobody can say whose it is."""
    if row.whose is Owner.OPERATORS:
        return ()
    with suppress_two_entries():
        if row.whose is Owner.KIV_ADMINISTRATOR and row.unit_dn:
            return tuple(person.hsa_id for person in directory.administrators_of(row.unit_dn))
        if row.level == Level.PROVIDER.value:
            named = current.named_for(row.unit_id)
            provider = directory.provider(row.unit_id)
            return named or ((provider.manager_id,) if provider and provider.manager_id else ())
        unit = directory.unit(row.unit_id)
        return (unit.manager_id,) if unit and unit.manager_id else ()
    return ()


def heads_of(directory: Directory, row: Finding) -> tuple[list[HsaId], str] | None:
    """The nearest head who is there and is not the person concerned, and whether it is passed on to them.

    Nobody stands above a care provider.
    """
    if row.level == Level.PROVIDER.value:
        return None
    with suppress_two_entries():
        unit = directory.unit(row.unit_id)
        asked = candidates.attesters(directory, unit, subject_id=row.subject_id) if unit else ()
        heads = [one.person.hsa_id for one in asked if one.delegation is None]
        if unit is not None and heads:
            return heads, "" if unit.manager_id in heads else Finding.PassedTo.ABOVE.value
    return None


@transaction.atomic
def _write_digests(recipients: Mapping[int, Collection[HsaId]], passed_to: Mapping[int, str]) -> int:
    """Both by finding. Findings that another worker has told of meanwhile are left out."""
    rows = Finding.objects.select_for_update().to_settle().filter(pk__in=recipients).order_by("pk")
    found = [row for row in rows if not _is_told(row, recipients[row.pk])]
    if not found:
        return 0
    for row in found:
        row.told_at, row.passed_to = timezone.now(), passed_to[row.pk]
        row.told_keys = [one.folded for one in recipients[row.pk]]
    Finding.objects.bulk_update(found, ["told_at", "passed_to", "told_keys"], batch_size=500)
    entry = events.record(Action.FINDINGS_TOLD, actor=None, findings=len(found))
    news = dict.fromkeys(person for row in found for person in recipients[row.pk])
    return len(outbox.enqueue(entry, MessageKind.FINDINGS, list(news)))


def _is_told(row: Finding, recipients: Collection[HsaId]) -> bool:
    if row.told_at is None:
        return False
    return not recipients or any(one.folded in row.told_keys for one in recipients)


def remember(known: Mapping[str, bool]) -> None:
    """Keep who was a doctor when first compared; what is known already stays."""
    rows = [KnownPerson(subject_key=key, is_doctor=is_doctor) for key, is_doctor in known.items()]
    KnownPerson.objects.bulk_create(rows, ignore_conflicts=True)
