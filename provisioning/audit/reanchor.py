"""After a lawful restore: saying, in the chain itself, which checkpoints saw rows that the restore lost.

A backup that was put back ends before the checkpoints that were written since. Those are rightly a finding:
nothing tells a restore from a tail that somebody cut off. Whoever answers for the restore says so, with the
reason; the entry names each of these checkpoints by the number and the MAC that it saw, and only these do not
count any more. The act is signed like all others, and each later check names it.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from provisioning.audit import events, verify
from provisioning.audit.checkpoints import Checkpoint
from provisioning.errors import Invalid, ProvisioningError
from provisioning.models import AuditEntry, User
from provisioning.operators import auditor_ids, operator_ids


class NotOnlyRestored(ProvisioningError):
    """Something else is wrong with the chain than what a restore does to it: nothing is given up."""

    code = "audit.not_only_restored"


def lost(known: Sequence[Checkpoint]) -> list[Checkpoint]:
    """The signed checkpoints that saw what is not there. Raises NotOnlyRestored."""
    own = verify.verify()
    if not own.is_sound:
        raise NotOnlyRestored
    return list(verify.verify(known).unmatched)


def reanchor(points: Sequence[Checkpoint], *, by: User, reason: str, os_user: str) -> AuditEntry:
    """Record that what these saw is lost. The caller then writes a new checkpoint. Raises Invalid.

    `by`: who answers for it; an operator or an auditor of the settings. `os_user`: who typed it on the
    machine, whom nobody can choose by an option.
    """
    if by.identity not in (*operator_ids(), *auditor_ids()):
        raise Invalid("Only an operator or an auditor (OPERATORS, AUDITORS) can answer for a restore.")
    if not reason.strip():
        raise Invalid("Say why: which backup was put back, when, and who decided it.")
    if not points:
        raise Invalid("Every checkpoint fits the chain: there is nothing to give up.")
    pairs = sorted({(one.sequence, one.mac) for one in points})
    with transaction.atomic():
        return events.record(
            events.Action.AUDIT_REANCHORED,
            actor=by,
            reason=reason.strip(),
            lost=[[sequence, mac] for sequence, mac in pairs],
            os_user=os_user,
        )
