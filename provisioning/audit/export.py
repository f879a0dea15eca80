"""The audit chain as a file of lines: all that the independent verifier needs, nothing about the protected.

First line: what the file is, after what it starts, and what the chain's head says. Then one row to a line, as
it was signed, with its MAC. Last a checkpoint, if the end of the chain holds together. Rows about a
protected person carry the keyed digest of reason and data instead, and where a protected person acted, of who
it was: they can be checked, not read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from provisioning.audit import checkpoints, events, keys, sealing, verify
from provisioning.audit.checkpoints import ChainBroken
from provisioning.audit.sealing import SealedRow
from provisioning.models import AccessRequest, AuditEntry, AuditHead, Case, Finding, Grant, Removal, User

KIND = "audit-export"


def export(*, by: User | None) -> Iterator[str]:
    """The lines of an export. That it was made is recorded first, and is in it."""
    with transaction.atomic():
        events.record(events.Action.AUDIT_EXPORTED, actor=by)
    yield from lines()


def lines() -> Iterator[str]:
    """The lines, without a record that they were read."""
    head = AuditHead.objects.filter(pk=AuditHead.ONLY).first() or AuditHead()
    start = verify.first_row()
    yield _line(
        {
            "kind": KIND,
            "version": 1,
            "at": sealing.utc(timezone.now()),
            "after": {"sequence": start[0] - 1, "mac": start[1]} if start else None,
            "head": {"sequence": head.sequence, "mac": head.mac},
        }
    )
    known = {key.id: key for key in keys.all_keys()}
    unseen = hidden()
    for row in verify.rows():
        yield _line(row_as_exported(row, known, unseen))
    try:
        yield checkpoints.take().line + "\n"
    except ChainBroken:
        return


def row_as_exported(row: SealedRow, known: dict[str, keys.Key], unseen: Hidden) -> dict[str, Any]:
    """The signed content of a row, and its MAC.

    Older rows were signed with who acted in clear. Where that is a protected person, it is left out of them
    as well, and the row carries a signature over what is shown: who has the key has checked the rest.
    """
    try:
        shown = sealing.public_part(row)
    except (AttributeError, TypeError, ValueError):  # a moment that is none: nobody signed this row
        shown = {"sequence": row.sequence, "key": row.key_id, "previous": row.previous, "unreadable": True}
    key = known.get(row.key_id)
    masked = [name for name in sealing.WHO if name in shown and getattr(row, name) in unseen.persons]
    for name in masked:
        del shown[name]
        if row.version >= 3:
            shown[f"{name}_digest"] = sealing.who(row, key)[f"{name}_digest"] if key else ""
    if unseen.covers(row):
        shown["detail"] = sealing.detail(row, key) if key else ""
    else:
        shown |= {"reason": row.reason, "data": row.data}
    shown["mac"] = row.mac
    if masked and row.version < 3:
        is_sound = key is not None and sealing.is_sound(row, key)
        shown["masked"] = key.sign(keys.MASKED, shown) if key and is_sound else ""
    return shown


@dataclass(frozen=True, slots=True)
class Hidden:
    """What the rows are about that are shown without reason and data, and who is not named in any row."""

    cases: frozenset[str | None]
    things: frozenset[UUID | None]  # grants, removals and findings, by their public id
    persons: frozenset[str | None]  # keys

    def covers(self, row: SealedRow) -> bool:
        is_about = row.case in self.cases or row.about in self.things
        return is_about or not self.persons.isdisjoint(_texts(row.data))


def _texts(value: Any) -> Iterator[str]:
    """Every text in the data, folded as an HSA-id is."""
    if isinstance(value, str):
        yield value.casefold()
    elif isinstance(value, dict):
        for name, item in value.items():
            yield name.casefold()
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def hidden() -> Hidden:
    """Protected persons, and the cases, grants, removals and findings about them, removed ones among them.

    A removed case has left that fact in the entry about its removal, which is younger than all its other
    entries and so is cut off last.
    """
    is_protected = {"subject_is_protected": True}
    requests = AccessRequest.objects.filter(**is_protected).order_by()
    cases = requests.values_list("order__case_number", flat=True)
    grants = Grant.objects.filter(**is_protected).values_list("public_id", flat=True)
    removals = Removal.objects.filter(**is_protected).values_list("public_id", flat=True)
    findings = Finding.objects.filter(**is_protected).values_list("public_id", flat=True)
    gone = list(AuditEntry.objects.filter(action=events.Action.CASE_REMOVED.value, data__protected=True))
    return Hidden(
        cases=frozenset(cases) | {str(entry.order_id) for entry in gone if entry.order_id},
        things=frozenset([*grants, *removals, *findings])
        | {entry.about for entry in gone if entry.about}
        | {UUID(thing) for entry in gone for thing in entry.data.get("things", ())},
        persons=protected_persons(),
    )


def protected_persons() -> frozenset[str | None]:
    """The keys of everybody the tool knows as protected: as user, or as the one a case is about."""
    keys_of = [
        table.objects.filter(subject_is_protected=True).order_by().values_list("subject_key", flat=True)
        for table in (AccessRequest, Grant, Removal, Finding)
    ]
    users = User.objects.filter(is_protected=True).values_list("pk", flat=True)
    return frozenset([*users, *(key for found in keys_of for key in found.distinct())])


def rows_about(case: Case) -> list[AuditEntry]:
    """The entries about one removal, or about one request and its order."""
    return list(case.all_entries)


def _line(content: dict[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":")) + "\n"
