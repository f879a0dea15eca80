"""The receipt of a finished request or removal: who did what, what the directory said, and the signed rows.

It stands by itself: tools/verify_audit.py checks it with the key alone. A receipt is a file that travels, so
a protected person's name and HSA-id, and everything written about the case, are left out of it for everybody;
the rows then carry keyed digests in the place of what they say.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db import transaction
from django.utils import timezone

from provisioning.audit import checkpoints, digests, events, export, keys, sealing
from provisioning.audit.events import Action
from provisioning.errors import WrongState
from provisioning.models import AuditEntry, Case, User
from provisioning.rules.hsa import HsaId

KIND = "receipt"
# Where nobody reported it done, the tool's own look stands in the place of who carried it out.
_SEEN = (Action.VALUES_SEEN, Action.REMOVAL_VALUES_GONE)
# What shows who did their part, in the order of the case. The last one counts.
PARTS = (
    *(Action.ORDERED, Action.ATTESTED, Action.SECOND_ATTESTED, Action.REPORTED_DONE),
    *(Action.VALUES_SEEN, Action.DONE),
    *(Action.REMOVAL_STARTED, Action.REMOVAL_REPORTED_DONE),
    *(Action.REMOVAL_VALUES_GONE, Action.REMOVAL_DONE),
)


def content(case: Case) -> dict[str, Any]:
    """What a receipt says, unsigned: for the page. Raises WrongState while the case is open."""
    if case.is_open:
        raise WrongState
    is_hidden = case.subject_is_protected
    known = {key.id: key for key in keys.all_keys()}
    entries = export.rows_about(case)
    unseen = export.Hidden(
        cases=frozenset(entry.order_id for entry in entries if is_hidden and entry.order_id),
        things=frozenset(entry.about for entry in entries if is_hidden and entry.about),
        persons=export.protected_persons() | ({case.subject_key} if is_hidden else set()),
    )
    return {
        "kind": KIND,
        "version": 1,
        "at": sealing.utc(timezone.now()),
        "sequence": entries[-1].sequence if entries else 0,
        "case": case.case_number,
        case.KEY: str(case.public_id),
        **case.outcome(is_hidden=is_hidden),
        "state": case.state,
        "masked": is_hidden,
        "subject": None if is_hidden else {"hsa_id": case.subject_hsa_id, "name": case.subject_name},
        "access": _access(case),
        "people": _people(entries, unseen.persons),
        "evidence": [] if is_hidden else [digests.facts(piece) for piece in case.evidence.all()],
        "evidence_digests": digests.digests(case),
        "entries": [export.row_as_exported(sealing.row_of(entry), known, unseen) for entry in entries],
    }


@transaction.atomic
def issue(case: Case, *, by: User) -> dict[str, Any]:
    """A signed receipt; that it was issued is recorded, and is its last row.

    Raises WrongState while the case is open, ChainBroken when the chain's end does not hold together.
    """
    if case.is_open:
        raise WrongState
    events.record(Action.RECEIPT_ISSUED, actor=by, case=case)
    key = keys.current()
    unsigned = content(case) | {"key": key.id, "checkpoint": dict(checkpoints.take().fields)}
    return unsigned | {"signature": key.sign(keys.RECEIPT, unsigned)}


def _access(case: Case) -> dict[str, str]:
    lasted = case.lasts
    return {
        "service": case.service,
        "level": case.level,
        "unit": case.unit_hsa_id,
        "unit_name": case.unit_name,
        "wanted_unit": case.wanted_unit_hsa_id or case.unit_hsa_id,
        # A value found outside the tool belongs to no right, and has no days.
        "starts_on": lasted.starts_on.isoformat() if lasted else "",
        "ends_on": lasted.ends_on.isoformat() if lasted else "",
    }


def _people(entries: list[AuditEntry], unseen: Collection[str | None]) -> list[dict[str, Any]]:
    """Who ordered or started, attested and carried out, each with the row that shows it."""
    found = []
    for action in PARTS:
        entry = next((one for one in reversed(entries) if one.action == action.value), None)
        if entry is not None and not (action in _SEEN and entry.data.get("how") != "seen"):
            found.append(
                {
                    "action": entry.action,
                    "entry": entry.sequence,
                    "at": sealing.utc(entry.at),
                    "actor": None if entry.actor_id in unseen else entry.actor_id,
                    "principal": None if entry.principal_id in unseen else entry.principal_id,
                    "name": _name(entry.actor, unseen),
                    "hsa_id": _hsa_id(entry.actor, unseen),
                    "principal_name": _name(entry.principal, unseen),
                    "masked": entry.actor_id in unseen,
                    "was_with": _seen_of(entry.data.get("was_with", ()), unseen),
                }
            )
    return found


def _name(person: User | None, unseen: Collection[str | None]) -> str | None:
    return None if person is None or person.pk in unseen else person.name


def _hsa_id(person: User | None, unseen: Collection[str | None]) -> str | None:
    return None if person is None or person.pk in unseen else person.hsa_id


def _seen_of(hsa_ids: Iterable[str], unseen: Collection[str | None]) -> list[str]:
    return [one for one in hsa_ids if HsaId(one).folded not in unseen]
