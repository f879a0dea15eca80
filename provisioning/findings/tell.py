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
from provisioning.findings import record
from provisioning.mandates import current, delegates
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import Delegation, Finding, KnownPerson
from provisioning.operators import operator_ids
from provisioning.rules.drift.differences import Owner
from provisioning.rules.hsa import HsaId, Level
from provisioning.rules.mandates import has_left


def tell(directory: Round) -> int:
    """One message to each person with new findings to settle. Returns how many messages.

    New is also what passes to somebody else, because nobody who was told of it has it any more.
    Many findings have the same few owners: units and humans are looked up together. Raises DirectoryError:
    then nobody has been told, and it is tried again.
    """
    rows = list(Finding.objects.to_settle().exclude(~Q(told_at=None), told_keys=[]).order_by("pk"))
    rows = [row for row in rows if not record.starts_removal(row)]  # nobody's to settle: it goes by itself
    if not rows:
        return 0
    heads = [row for row in rows if row.whose is not Owner.OPERATORS and row.level != Level.PROVIDER.value]
    with suppress_two_entries():  # then they are asked about one by one
        directory.units(row.unit_id for row in heads)
    owners = {row.pk: _owners_of(directory, row) for row in rows}
    everybody = {*operator_ids(), *(one for found in owners.values() for one in found)}
    present = directory.persons(everybody)
    humans = directory.identities(everybody | {row.subject_id for row in rows})
    barred = _barred(directory, {row.subject_id: humans[row.subject_id] for row in rows})
    recipients: dict[int, Collection[HsaId]] = {}
    passed_to: dict[int, str] = {}
    for row in rows:
        operators = [one for one in operator_ids() if barred[row.subject_id].isdisjoint(humans[one])]
        able = [
            one
            for one in owners[row.pk]
            if not has_left(present.get(one), on=dates.today())
            and barred[row.subject_id].isdisjoint(humans[one])
        ]
        if able or row.whose is Owner.OPERATORS:
            recipients[row.pk], passed_to[row.pk] = able or operators or operator_ids(), ""
        elif nearest := heads_of(directory, row):
            recipients[row.pk], passed_to[row.pk] = nearest
        else:
            recipients[row.pk], passed_to[row.pk] = (
                operators or operator_ids(),
                Finding.PassedTo.OPERATORS.value,
            )
    new = {row.pk: recipients[row.pk] for row in rows if not _is_told(row, recipients[row.pk])}
    return _write_digests(new, passed_to)


def _barred(directory: Directory, humans: Mapping[HsaId, Collection[HsaId]]) -> dict[HsaId, frozenset[HsaId]]:
    """By person concerned, who decides nothing about them: they and their delegates, by any HSA-id.

    Most have delegated nothing: of those nothing more is asked.
    """
    givers = set(Delegation.objects.in_force(dates.today()).values_list("principal_id", flat=True))
    return {
        person_id: frozenset({person_id, *own_ids})
        | (delegates.takers(directory, own_ids) if givers & {one.folded for one in own_ids} else frozenset())
        for person_id, own_ids in humans.items()
    }


def _owners_of(directory: Directory, row: Finding) -> tuple[HsaId, ...]:
    """Whoever may settle it by their own mandate: of a wrong value the head, too, not only who edits it.

    Where two entries claim the unit's id, nobody can say whose it is.
    """
    if row.whose is Owner.OPERATORS:
        return ()
    editors: tuple[HsaId, ...] = ()
    with suppress_two_entries():
        if row.whose is Owner.KIV_ADMINISTRATOR and row.unit_dn:
            editors = tuple(person.hsa_id for person in directory.administrators_of(row.unit_dn))
        return tuple(dict.fromkeys((*editors, *_heads_named(directory, row))))
    return editors


def _heads_named(directory: Directory, row: Finding) -> tuple[HsaId, ...]:
    """Who heads the unit itself, or holds the care provider's mandate."""
    with suppress_two_entries():
        if row.level == Level.PROVIDER.value:
            named = current.named_for(row.unit_id)
            provider = directory.provider(row.unit_id)
            by_entry = (provider.manager_id,) if provider and provider.manager_id else ()
            return (*named, *by_entry)
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
