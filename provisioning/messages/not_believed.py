"""So much seems to be gone at once that it is not believed: those who run the tool are told, once a day."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import AuditEntry
from provisioning.operators import operator_ids

log = logging.getLogger(__name__)

AGAIN_AFTER = timedelta(days=1)


@transaction.atomic
def tell(what: str, *, lost: int, of: int) -> None:
    """Record that nothing was ended of `what`, and tell the operators. Silent where they know already."""
    log.error("%s: %d of %d seem to be gone at once; nothing is ended", what, lost, of)
    since = timezone.now() - AGAIN_AFTER
    told = AuditEntry.objects.filter(action=Action.LOSSES_NOT_BELIEVED.value, at__gt=since, data__what=what)
    if told.exists():
        return
    entry = events.record(Action.LOSSES_NOT_BELIEVED, actor=None, what=what, lost=lost, of=of)
    outbox.enqueue(entry, MessageKind.SWEEP_STOPPED, operator_ids())
