"""Removing the oldest entries when their time is over, so that what remains can still be checked.

The chain then starts after a cut: an entry of its own, signed like all others, says through which number
rows were removed and what the last removed row's MAC was. A start that no such entry confirms is a finding.
"""

from __future__ import annotations

from django.db import transaction

from provisioning import audit
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
    audit.record(audit.Action.AUDIT_CUT, actor=by, reason=reason, through=through, mac=last.mac, count=count)
    AuditHead.objects.update(cut_through=through)
    doomed._raw_delete(using=doomed.db)
    return count
