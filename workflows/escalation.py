"""Carrying the ladder forward: the next one up is asked, and what nobody decides comes to its end."""

from __future__ import annotations

import logging

from provisioning import escalation, requests
from provisioning.directory import Directory, open_directory
from provisioning.errors import DirectoryError, WrongState
from provisioning.models import AccessRequest
from workflows import steps

log = logging.getLogger(__name__)


def climb_due() -> None:
    """One rung for each request that is due. Neither somebody faster nor a silent directory is trouble."""
    directory = open_directory()
    for pk in escalation.due():
        request = AccessRequest.objects.select_related("order__orderer").get(pk=pk)
        try:
            _climb(directory, request)
        except WrongState:
            continue
        except DirectoryError as exc:
            log.warning("case %s not escalated (%s)", request.case_number, exc.code)


def _climb(directory: Directory, request: AccessRequest) -> None:
    if escalation.ends_now(request):
        steps.act(request, request.current_state, _end_if_due, by=None)
    else:
        escalation.climb(request, escalation.next_rung(directory, request))


def _end_if_due(row: AccessRequest) -> None:
    if not escalation.is_due(row):
        raise WrongState
    requests.end_unanswered(row)
