"""What a delegation rests on: its giver is head of the unit, and its delegate is the same employed human.

Whether the HSA-id is still the same human's is told by the marks of identity, where the directory showed any
both times; else by the name: one that has no part in common with the old one is another human's. Both are
kept sealed under the tool's key. Where neither can be compared, it is the same human.
Source: domain §2 (an HSA-id can be given to somebody else), §7 (delegation).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.crypto import salted_hmac

from provisioning import dates
from provisioning.directory import Directory
from provisioning.mandates import delegates
from provisioning.models import Delegation
from provisioning.rules.hsa import HsaId, Person
from provisioning.rules.mandates import has_left

Marks = dict[str, Any]  # "key": under which key they are sealed; "numbers" and "names": digests


def marks_of(directory: Directory, persons: Iterable[Person]) -> dict[HsaId, Marks]:
    """By what each of these persons is known again. Raises DirectoryError."""
    present = list(persons)
    numbers = directory.sealed_marks(one.hsa_id for one in present) if present else {}
    return {
        one.hsa_id: {
            "key": _sealed(""),
            "numbers": sorted(numbers.get(one.hsa_id, ())),
            "names": sorted({_sealed(part) for part in one.name.casefold().split()}),
        }
        for one in present
    }


def is_another_human(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Say whether what is known of a delegate is not true of whoever has the HSA-id now."""
    if before.get("key") != now.get("key"):
        return False  # sealed under another key: nothing can be compared
    for kind in ("numbers", "names"):
        if before[kind] and now[kind]:
            return set(before[kind]).isdisjoint(now[kind])
    return False


def lost(
    directory: Directory, rows: Sequence[Delegation]
) -> tuple[dict[int, Delegation.End], dict[HsaId, Marks]]:
    """Which of these delegations have lost what they rest on, and why; and the delegates' marks.

    Raises DirectoryError: then nothing is known of any.
    """
    found: dict[int, Delegation.End] = {}
    headed = {key: directory.units_headed_by(HsaId(key)) for key in {row.principal_id for row in rows}}
    present = directory.persons({row.delegate.identity for row in rows})
    marks = marks_of(directory, present.values())
    for row in rows:
        delegate_id = row.delegate.identity
        if has_left(present.get(delegate_id), on=dates.today()):
            found[row.pk] = Delegation.End.DELEGATE_LEFT
        elif is_another_human(row.delegate_marks, marks[delegate_id]):
            found[row.pk] = Delegation.End.ANOTHER_HUMAN
        elif not delegates.reach(row, headed[row.principal_id]):
            found[row.pk] = Delegation.End.NOT_HEAD
    return found, marks


def _sealed(part: str) -> str:
    return salted_hmac("provisioning.mandates.grounds", part).hexdigest()[:32]
