"""`manage.py read_ticket_reply < mail.eml`: read one reply of a ticket system, as a mail server pipes it.

It ends with 0 whatever was in the mail, also where it was refused: the mail server need not send it again,
and nobody who writes to the address is told anything. Where the database is away it ends with 75: try again
later.
"""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError

from provisioning.tickets import replies
from provisioning.tickets.reply_mail import MOST_BYTES

TRY_LATER = 75  # EX_TEMPFAIL of sysexits.h
_PART = 64 * 1024


class Command(BaseCommand):
    help = "Read one mail of a ticket system from standard input, and write down what it says about its task."

    def handle(self, *args: Any, **options: Any) -> None:
        raw = _mail()
        try:
            outcome = replies.take(raw)
        except (OperationalError, InterfaceError) as exc:
            raise CommandError("The database is away. Try again later.", returncode=TRY_LATER) from exc
        said = f"not taken: {outcome.why_not.value}" if outcome.why_not else "written down"
        self.stdout.write(f"{outcome.case_number} {said}".strip())


def _mail() -> bytes:
    """What stands on standard input, and of what is too much only so much that it is seen to be."""
    raw = sys.stdin.buffer.read(MOST_BYTES + 1)
    while sys.stdin.buffer.read(_PART):  # a mail server whose pipe breaks would send it again
        pass
    return raw
