"""Whether a request only prolonged what somebody had: said by the event log alone."""

from __future__ import annotations

from datetime import date

from provisioning.audit.events import Action
from provisioning.models import AccessRequest, AuditEntry

_SOMETHING_WAS_SET = ("done", "seen")


def prolonged_until(request: AccessRequest) -> date | None:
    """The new last day of a right that went on, and for which nothing was set; None where it is another."""
    if request.carried_out_how in _SOMETHING_WAS_SET:
        return None
    entry = AuditEntry.objects.filter(request=request, action=Action.GRANT_PROLONGED.value).last()
    return date.fromisoformat(entry.data["new"]) if entry is not None else None
