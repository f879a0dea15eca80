"""Removing the oldest entries when their time is over, so that what remains can still be checked.

The chain then starts after a cut: an entry of its own, signed like all others, says through which number
rows were removed and what the last removed row's MAC was. A start that no such entry confirms is a finding.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q

from provisioning.audit import events, keys, sealing, verify
from provisioning.models import AuditEntry, AuditHead, User


@transaction.atomic
def cut(*, through: int, by: User | None = None, reason: str = "") -> int:
    """Remove the entries up to and including this number. Returns how many there were.

    What refers to them (messages) must be removed first, in the same transaction. Raises ValueError when
    there is no such entry, and IntegrityError when something still refers to one of them.
    """
    last = AuditEntry.objects.filter(sequence=through).first()
    if last is None:
        raise ValueError(f"there is no audit entry {through}")
    doomed = AuditEntry.objects.filter(sequence__lte=through)
    count = doomed.count()
    events.record(
        events.Action.AUDIT_CUT, actor=by, reason=reason, through=through, mac=last.mac, count=count
    )
    AuditHead.objects.update(cut_through=through)
    doomed._raw_delete(using=doomed.db)
    return count


def last_before(needed: Q, *, limit: int | None = None) -> int:
    """Through which entry the log could be cut: all before the first that is needed. 0: none."""
    entries = AuditEntry.objects.order_by("sequence")
    first = entries.values_list("sequence", flat=True).first()
    if first is None:
        return 0
    stop = entries.filter(needed).values_list("sequence", flat=True).first()
    last = stop - 1 if stop else entries.values_list("sequence", flat=True).last() or 0
    if limit is not None:
        last = min(last, first + limit - 1)
    return last if last >= first else 0


def count(*, through: int) -> int:
    return AuditEntry.objects.filter(sequence__lte=through).count()


def is_sound(*, through: int) -> bool:
    """Say whether the entries up to this one are what was signed, each after the one before it."""
    known = {key.id: key for key in keys.all_keys()}
    before = None
    for row in verify.rows():
        if row.sequence > through:
            break
        key = known.get(row.key_id)
        if key is None or not sealing.is_sound(row, key) or before not in (None, row.previous):
            return False
        before = row.mac
    return True
