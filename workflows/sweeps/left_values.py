"""Looking whether orders that came to nothing have left values in the directory; each gets a removal.

Due requests are claimed by moving their next look forward, read many at a time with no transaction open, and
settled one by one. It is looked again for a day: what was on somebody's screen can still be set.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from provisioning.cases import schedule
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError, WrongState
from provisioning.models import AccessRequest
from provisioning.orders import left_behind
from provisioning.rules.hsa import Reading
from provisioning.rules.states.request import ENDED, RequestState
from workflows import steps
from workflows.alone import alone

log = logging.getLogger(__name__)

AT_ONCE = 200

_CAME_TO_NOTHING = sorted(state.value for state in ENDED - {RequestState.DONE})


def look_due() -> int:
    """Look once for everything whose next look is due. Returns how many removals were begun."""
    due = _claim_due()
    if not due:
        return 0
    wanted = {request.subject_id: {one.unit_id for one in due if one.subject_key == request.subject_key}
              for request in due}  # fmt: skip
    try:
        readings = {reading.person_id: reading for reading in open_directory().read_many(wanted.items())}
    except DirectoryError as exc:
        log.warning("values left behind not looked for (%s)", exc.code)
        return 0
    return sum(_settle(request, readings[request.subject_id]) for request in due)


def _claim_due() -> Sequence[AccessRequest]:
    now = timezone.now()
    watched = Q(state__in=_CAME_TO_NOTHING) | Q(state=RequestState.AWAITING_CHOICE.value)
    rows = AccessRequest.objects.filter(watched, next_poll_at__lte=now).order_by("next_poll_at")
    with transaction.atomic():
        claimed = list(rows.select_for_update(skip_locked=True, of=("self",))[:AT_ONCE])
        for row in claimed:
            row.poll_count += 1
            row.next_poll_at = now + schedule.step(settings.POLL_SCHEDULE_SECONDS, row.poll_count)
        AccessRequest.objects.bulk_update(claimed, ["poll_count", "next_poll_at"])
    return claimed


def _settle(request: AccessRequest, reading: Reading) -> bool:
    left = left_behind.left_by(request, reading)
    is_over = timezone.now() - request.state_since > left_behind.LOOKED_FOR
    if left is None or (not left and not is_over):
        return False
    with alone(f"looking what case {request.case_number} left"), contextlib.suppress(WrongState):
        return steps.begin_removal(left_behind.begin_removal, request.pk, left, reading) is not None
    return False  # it has gone on meanwhile, or cannot be written
