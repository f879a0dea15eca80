"""A KIV task as a mail to the ticket system of its group, with a code by which the ticket system answers.

A ticket system keeps what it is sent, and many read it: so there is a case number, a link and the code in it,
and nothing about anybody.
"""

from __future__ import annotations

from django.conf import settings

from provisioning.messages import outbox, teams
from provisioning.messages.texts import MessageKind
from provisioning.models import AuditEntry, Case
from provisioning.rules.hsa import Reading


def tell(cause: AuditEntry, case: Case, reading: Reading) -> None:
    """Write to the ticket system nearest to the case's unit, if there is one: one mail each time it opens."""
    group = teams.nearest(settings.TICKET_MAIL_ADDRESSES, case, reading)
    if group is not None:
        outbox.enqueue(cause, MessageKind.KIV_TICKET.of(case), [group], case=case)
