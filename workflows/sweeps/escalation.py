"""Carrying the ladder forward: the next one up is asked, and what nobody decides comes to its end."""

from __future__ import annotations

import logging

from provisioning.directory import Directory, open_directory
from provisioning.errors import DirectoryError, WrongState
from provisioning.models import AccessRequest
from provisioning.orders import end, escalate
from workflows import steps
from workflows.alone import alone

log = logging.getLogger(__name__)


def climb_due() -> None:
    """One rung for each request that is due. Neither somebody faster nor a silent directory is trouble."""
    directory = open_directory()
    for pk in escalate.due():
        request = AccessRequest.objects.select_related("order__orderer").get(pk=pk)
        try:
            with alone(f"escalating case {request.case_number}"):
                _climb(directory, request)
        except WrongState:
            continue
        except DirectoryError as exc:
            log.warning("case %s not escalated (%s)", request.case_number, exc.code)


def _climb(directory: Directory, request: AccessRequest) -> None:
    if escalate.ends_now(request):
        steps.act(request, request.current_state, _end_if_due, by=None)
    else:
        escalate.climb(request, escalate.next_rung(directory, request))


def _end_if_due(row: AccessRequest) -> None:
    if not escalate.is_due(row):
        raise WrongState
    end.end_unanswered(row)
