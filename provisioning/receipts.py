"""The receipt of a finished request: who did what, what the directory said, and the signed rows that show it.

It stands by itself: tools/verify_audit.py checks it with the key alone. A receipt is a file that travels, so
a protected person's name and HSA-id, and everything written about the case, are left out of it for everybody;
the rows then carry keyed digests in the place of what they say.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning import audit
from provisioning.audit import Action
from provisioning.audit_trail import checkpoints, evidence, exports, keys, sealing
from provisioning.errors import WrongState
from provisioning.models import AccessRequest, AuditEntry, User

KIND = "receipt"
# What shows who did their part, in the order of the case. The last one counts.
PARTS = (Action.ORDERED, Action.ATTESTED, Action.SECOND_ATTESTED, Action.REPORTED_DONE, Action.DONE)


def content(request: AccessRequest) -> dict[str, Any]:
    """What a receipt says, unsigned: for the page. Raises WrongState while the request is open."""
    if request.is_open:
        raise WrongState
    is_hidden = request.subject_is_protected
    known = {key.id: key for key in keys.all_keys()}
    entries = exports.rows_about(request)
    return {
        "kind": KIND,
        "version": 1,
        "at": sealing.utc(timezone.now()),
        "sequence": entries[-1].sequence if entries else 0,
        "case": request.case_number,
        "request": str(request.public_id),
        "state": request.state,
        "masked": is_hidden,
        "subject": None if is_hidden else {"hsa_id": request.subject_hsa_id, "name": request.subject_name},
        "access": _access(request),
        "people": _people(entries, is_hidden=is_hidden, subject_key=request.subject_key),
        "verdict": {} if is_hidden else request.assessment,
        "evidence": [] if is_hidden else [evidence.facts(piece) for piece in request.evidence.all()],
        "evidence_digests": evidence.digests(request),
        "entries": [
            exports.row_as_exported(sealing.row_of(entry), known, is_hidden=is_hidden) for entry in entries
        ],
    }


@transaction.atomic
def issue(request: AccessRequest, *, by: User) -> dict[str, Any]:
    """A signed receipt; that it was issued is recorded, and is its last row.

    Raises WrongState while the request is open, ChainBroken when the chain's end does not hold together.
    """
    if request.is_open:
        raise WrongState
    audit.record(Action.RECEIPT_ISSUED, actor=by, request=request)
    key = keys.current()
    unsigned = content(request) | {"key": key.id, "checkpoint": dict(checkpoints.take().fields)}
    return unsigned | {"signature": key.sign(keys.RECEIPT, unsigned)}


def _access(request: AccessRequest) -> dict[str, str]:
    return {
        "service": request.service,
        "level": request.level,
        "unit": request.unit_hsa_id,
        "unit_name": request.unit_name,
        "wanted_unit": request.wanted_unit_hsa_id or request.unit_hsa_id,
        "starts_on": request.starts_on.isoformat(),
        "ends_on": request.ends_on.isoformat(),
    }


def _people(entries: list[AuditEntry], *, is_hidden: bool, subject_key: str) -> list[dict[str, Any]]:
    """Who ordered, attested and carried out, each with the row that shows it."""
    found = []
    for action in PARTS:
        entry = next((one for one in reversed(entries) if one.action == action.value), None)
        if entry is not None:
            found.append(
                {
                    "action": entry.action,
                    "entry": entry.sequence,
                    "at": sealing.utc(entry.at),
                    "actor": entry.actor_id,
                    "principal": entry.principal_id,
                    "name": _name(entry.actor, hidden=is_hidden and entry.actor_id == subject_key),
                    "principal_name": _name(entry.principal, hidden=False),
                }
            )
    return found


def _name(person: User | None, *, hidden: bool) -> str | None:
    return None if person is None or person.is_protected or hidden else person.name
