"""Ticket systems answer: their number of a KIV task, a note, and that their ticket is closed."""

from __future__ import annotations

import uuid
from typing import Annotated

from django.http import Http404, HttpRequest
from ninja import Field, Router, Schema

from provisioning.api import shapes
from provisioning.api.asking import asked
from provisioning.api.orders import REFUSALS
from provisioning.systems.keep import Scope
from provisioning.tickets import say
from provisioning.tickets.say import TicketNews

router = Router(tags=["tickets"])


class TicketSays(Schema):
    """`number`: one word with a digit. `closed`: that the ticket is; the task is closed by the directory."""

    number: Annotated[
        str, Field(pattern=r"^[A-Za-z0-9_.\-/#:]{0,39}[0-9][A-Za-z0-9_.\-/#:]{0,39}$", max_length=40)
    ]
    note: Annotated[str, Field(max_length=2000)] = ""
    closed: bool = False


class TicketShown(Schema):
    """`task_is_open`: whether the value is still to be set or removed in KIV, whatever the ticket says."""

    case_id: uuid.UUID
    case_number: str
    number: str
    closed: bool
    task_is_open: bool


@router.post(
    "kiv-tasks/{uuid:case_id}/ticket",
    url_name="api_ticket",
    response={200: TicketShown, REFUSALS: shapes.ProblemBody},
)
def ticket(request: HttpRequest, case_id: uuid.UUID, wanted: TicketSays) -> TicketShown:
    """Say what the ticket system calls the task, and how its ticket stands. Nothing here closes the task."""
    with asked(request, Scope.WRITE_TICKETS, None, wanted.model_dump(mode="json")) as asker:
        case = say.case_of(asker.system, case_id)
        if case is None:
            raise Http404
        news = TicketNews(number=wanted.number, note=wanted.note, is_closed=wanted.closed)
        row = say.by_api(asker.system, case, news)
        return TicketShown(
            case_id=case_id,
            case_number=case.case_number,
            number=row.number,
            closed=row.is_closed,
            task_is_open=case.is_with_kiv,
        )
