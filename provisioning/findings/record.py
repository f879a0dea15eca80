"""Recording findings: found by a sweep, reopened when the situation changes, over when all is right again.

Nothing is adopted or removed by a finding itself: each of those is somebody's act, with a case of its own.
Each operation locks the finding before anything else, and records last. None of them asks the directory:
what it said is an argument. Sources: domain §6 (don't know never decides), §7 (four eyes), §8 (the sweep).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.models import Finding, Grant, KnownPerson
from provisioning.rights import find
from provisioning.rules.drift.compare import Comparison
from provisioning.rules.drift.differences import LEAVER_KINDS, Drift, DriftKind
from provisioning.rules.hsa import Reading

MOST_OCTETS_OF_A_NAME = 2_000  # PostgreSQL's index bears 2 704 with what stands beside it
FindingState = Finding.State
Identity = tuple[str, str, str, str, str]


@dataclass(slots=True)
class Recorded:
    """What recording one person's comparison did. `leavers`: findings whose right now goes to removal."""

    found: int = 0
    ended: int = 0
    leavers: list[Finding] = field(default_factory=list)


def lock(pk: int) -> Finding:
    """The row, locked until the transaction ends."""
    return Finding.objects.select_for_update(of=("self",)).get(pk=pk)


def changes_anything(known: Sequence[Finding], compared: Comparison) -> bool:
    """Say whether recording this would write anything: most persons are as they were."""
    found = {identity_of(drift): drift for drift in compared.found}
    for row in known:
        drift = found.pop(_identity(row), None)
        if drift is None:
            if _is_over(row, compared):
                return True
        elif _must_be_opened(row, drift) or starts_removal(row):
            return True
    return bool(found)


@transaction.atomic
def record(
    subject_key: str,
    compared: Comparison,
    reading: Reading,
    grants: Sequence[Grant],
    *,
    ends_what_is_not_seen: bool = True,
) -> Recorded:
    """Bring the person's findings up to what was seen. What is unknown stays as it is."""
    done = Recorded()
    rows = Finding.objects.not_over().select_for_update(of=("self",)).filter(subject_key=subject_key)
    known = {_identity(row): row for row in rows.select_related("removal", "request")}
    for drift in compared.found:
        row = known.pop(identity_of(drift), None)
        if row is None:
            row = _create(subject_key, drift, reading, grants)
            done.found += 1
        elif _must_be_opened(row, drift):
            _reopen(row, drift)
        if starts_removal(row):
            done.leavers.append(row)
    for row in known.values():
        if ends_what_is_not_seen and _is_over(row, compared):
            _end(row)
            done.ended += 1
    return done


def identity_of(drift: Drift) -> Identity:
    """What makes two drifts of one person the same finding."""
    value = drift.value[:300]
    return drift.kind.value, drift.service.value, drift.level.value, drift.unit_id.folded, value


def _identity(row: Finding) -> Identity:
    return row.kind, row.service, row.level, row.unit_key, row.value


def _as_indexed(dn: str) -> str:
    """Where the unit stands; nothing, where the name is longer than any index of a database bears.

    Whoever has such a finding is then asked as where no place is known: those who run the tool see it.
    """
    return dn if len(dn.encode()) <= MOST_OCTETS_OF_A_NAME else ""


def _digest(drift: Drift) -> str:
    return hashlib.sha256("\n".join(drift.situation).encode()).hexdigest()


def _create(subject_key: str, drift: Drift, reading: Reading, grants: Sequence[Grant]) -> Finding:
    grant = next((one for one in grants if drift.right is not None and is_about(one, drift)), None)
    person = reading.person
    place = _place(reading, drift)
    row = Finding.objects.create(
        kind=drift.kind.value,
        owner=drift.owner.value,
        subject_key=subject_key,
        subject_hsa_id=reading.person_id.text if grant is None else grant.subject_hsa_id,
        subject_name=person.name if person else (grant.subject_name if grant else ""),
        subject_is_protected=person.is_protected if person else bool(grant and grant.subject_is_protected),
        service=drift.service.value,
        level=drift.level.value,
        unit_key=drift.unit_id.folded,
        unit_hsa_id=drift.unit_id.text,
        unit_name=place[0] or (grant.unit_name if grant else ""),
        unit_dn=_as_indexed(place[1] or (grant.unit_dn if grant else "")),
        grant=grant,
        value=drift.value[:300],
        dn=drift.dn,
        expected=drift.expected,
        situation=_digest(drift),
    )
    events.record(Action.FINDING_FOUND, actor=None, about=row, kind=row.kind, owner=row.owner)
    return row


def is_about(grant: Grant, drift: Drift) -> bool:
    return (grant.service, grant.level, grant.unit_key) == (
        drift.service.value,
        drift.level.value,
        drift.unit_id.folded,
    )


def _place(reading: Reading, drift: Drift) -> tuple[str, str]:
    """Name and DN of the unit or provider, where there is one."""
    entry = reading.units.get(drift.unit_id) or reading.providers.get(drift.unit_id)
    return (entry.name, entry.dn) if entry is not None else ("", "")


def _must_be_opened(row: Finding, drift: Drift) -> bool:
    """An explanation does not outlive its situation; a settlement that came to nothing is none."""
    if row.state == FindingState.EXPLAINED:
        return row.situation != _digest(drift)
    return row.state == FindingState.SETTLING and not _is_being_settled(row)


def _is_being_settled(row: Finding) -> bool:
    if row.removal is not None and row.removal.is_open:
        return True
    return row.request is not None and row.request.is_open


def not_seen_any_more(known: Sequence[Finding], compared: Comparison) -> int:
    """How many of the person's findings would be over by this look."""
    seen = {identity_of(drift) for drift in compared.found}
    return sum(_identity(row) not in seen and _is_over(row, compared) for row in known)


def _is_over(row: Finding, compared: Comparison) -> bool:
    """Not seen any more, for certain, and not merely because a case about it is under way."""
    return compared.decides(row.what) and not (row.state == FindingState.SETTLING and _is_being_settled(row))


def starts_removal(row: Finding) -> bool:
    """Rights of who has left or moved go to removal, once: what is then taken back stays with people."""
    return (
        row.state == FindingState.OPEN
        and row.what in LEAVER_KINDS
        and row.grant_id is not None
        and row.removal_id is None
    )


def _reopen(row: Finding, drift: Drift) -> None:
    old = row.state
    row.state, row.state_since, row.situation = FindingState.OPEN, timezone.now(), _digest(drift)
    row.explanation, row.settled_by, row.told_at, row.told_keys = "", None, None, []
    fields = ["state", "state_since", "situation", "explanation", "settled_by", "told_at", "told_keys"]
    row.save(update_fields=fields)
    events.record(Action.FINDING_REOPENED, actor=None, about=row, old=old)


def _end(row: Finding) -> None:
    row.state, row.state_since = FindingState.OVER, timezone.now()
    row.save(update_fields=["state", "state_since"])
    events.record(Action.FINDING_OVER, actor=None, about=row, kind=row.kind)


def remember_profession(row: Finding) -> None:
    """From here on, what was found is what is known."""
    KnownPerson.objects.filter(pk=row.subject_key).update(is_doctor=row.what is DriftKind.BECAME_DOCTOR)


def right_now(row: Finding) -> Grant | None:
    """The right it is about as it stands: it may have ended and been given anew since it was found."""
    if row.grant is None:
        return None
    return Grant.objects.living().filter(**find.right_of(row)).first() or row.grant
