"""What a delegation rests on: its giver is head of the unit, and its delegate is the same employed human.

Whether the HSA-id is still the same human's is told by the name: one that has no part in common with the old
one is another human's. Its parts are kept sealed under the tool's key. Nothing of a personal identity number
is kept in any form, as anybody with the key could try all of them. Where no name can be compared, it is the
same human.
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

Marks = dict[str, Any]  # "key": under which key they are sealed; "names": digests of its parts


def marks_of(persons: Iterable[Person]) -> dict[HsaId, Marks]:
    """By what each of these persons is known again."""
    return {
        one.hsa_id: {
            "key": _sealed(""),
            "names": sorted({_sealed(part) for part in one.name.casefold().split()}),
        }
        for one in persons
    }


def is_another_human(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Say whether what is known of a delegate is not true of the person who has the HSA-id now."""
    if before.get("key") != now.get("key"):
        return False  # sealed under another key: nothing can be compared
    return bool(before["names"] and now["names"]) and set(before["names"]).isdisjoint(now["names"])


def are_kept_as_now(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Say whether the marks of a delegation are under this key, and hold nothing that is kept no more."""
    return before.get("key") == now["key"] and before.keys() == now.keys()


def lost(
    directory: Directory, rows: Sequence[Delegation]
) -> tuple[dict[int, Delegation.End], dict[HsaId, Marks]]:
    """Which of these delegations have lost what they rest on, and why; and the delegates' marks.

    Raises DirectoryError: then nothing is known of any.
    """
    found: dict[int, Delegation.End] = {}
    headed = {key: directory.headed_by(HsaId(key)).units for key in {row.principal_id for row in rows}}
    present = directory.persons({row.delegate.identity for row in rows})
    marks = marks_of(present.values())
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
