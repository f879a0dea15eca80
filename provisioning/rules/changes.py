"""Whether a wanted change is in place, judged on the values an attribute has now.

A system role counts only byte for byte: Rehabstöd compares it exactly. A coupling counts however its
dates are written, as long as it names the person and is active. Source: domain §2 and §3.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from provisioning.rules import periods
from provisioning.rules.hsa import Answer, Attribute, Change, HsaId, RawPeriod


def is_in_place(change: Change, values: Collection[str], *, at: datetime) -> Answer:
    """Say whether `values`, read at `at` (aware), hold what `change` wants; UNKNOWN for unreadable dates."""
    if change.attribute is Attribute.SYSTEM_ROLE:
        return Answer.YES if change.value in values else Answer.NO
    answers = [_is_active_coupling(value, change, at=at) for value in values]
    if Answer.YES in answers:
        return Answer.YES
    return Answer.UNKNOWN if Answer.UNKNOWN in answers else Answer.NO


def _is_active_coupling(value: str, change: Change, *, at: datetime) -> Answer:
    wanted_id = HsaId(change.value.split(";")[0].strip())
    person, start, end = (*value.split(";"), "", "")[:3]
    if HsaId(person.strip()) != wanted_id:
        return Answer.NO
    state = periods.state(RawPeriod(start, end), at=at)
    if state is periods.State.UNREADABLE:
        return Answer.UNKNOWN
    return Answer.YES if state is periods.State.ACTIVE else Answer.NO
