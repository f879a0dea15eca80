"""The nightly check of the event log and of the tables against it: recorded, shown, told to operators."""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction

from provisioning.audit import anchors, events, verify
from provisioning.audit.anchors import Anchors
from provisioning.audit.events import Action
from provisioning.audit.tables import Agreement, Tables
from provisioning.audit.verify import Report
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.operators import operator_ids

log = logging.getLogger(__name__)

NAMED = 20  # deviating rows that the entry names; verify_audit names them all


def check() -> bool:
    """Check all, and record what was found. Returns whether all is sound. It changes nothing else."""
    held = anchors.read()
    tables = Tables()
    report = verify.verify(held.checkpoints, take=tables.take)
    agreement = tables.compare()
    is_sound = report.is_sound and not agreement.deviations and not held.useless
    with transaction.atomic():
        found = _found(report, agreement, held)
        entry = events.record(Action.AUDIT_VERIFIED, actor=None, sound=is_sound, **found)
        if not is_sound:
            outbox.enqueue(entry, MessageKind.AUDIT_UNSOUND, operator_ids())
    if not is_sound:
        log.critical("the event log or the tables are not as they were signed: run verify_audit --tables")
    return is_sound


def _found(report: Report, agreement: Agreement, held: Anchors) -> dict[str, Any]:
    first = agreement.deviations[:NAMED]
    return {
        "entries": report.count,
        "findings": sorted({one.kind.value for one in report.findings}),
        "rows": agreement.rows,
        "older": agreement.older,
        "deviations": len(agreement.deviations),
        "first": [[one.table, str(one.id), one.column] for one in first],
        "anchors_missing": len(held.useless),
    }
