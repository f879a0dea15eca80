"""A ticket system that gets KIV tasks by mail, and answers as ticket systems do: a mail to a command."""

from __future__ import annotations

import io
import sys
from email.message import EmailMessage
from uuid import uuid4

from django.core import mail
from django.core.management import call_command

ADDRESS, REPLIES = "tickets@desk.invalid", "svar@region.invalid"


class MailedDesk:
    """What it was sent, and what it says."""

    def __init__(self, monkeypatch):
        self.monkeypatch = monkeypatch

    @property
    def letters(self):
        return [one for one in mail.outbox if one.to == [ADDRESS]]

    def answer(self, letter, *lines, **headers):
        """A reply to one of its letters, with what it was sent below it, as most mail programs do."""
        reply = EmailMessage()
        given = {
            "From": "Desk <noreply@desk.invalid>",
            "To": letter.reply_to[0],
            "Subject": f"SV: {letter.subject}",
            "Message-ID": f"<{uuid4()}@desk.invalid>",
            "In-Reply-To": letter.extra_headers["Message-ID"],
            "Auto-Submitted": "auto-generated",
        }
        for name, value in (given | {key.replace("_", "-"): text for key, text in headers.items()}).items():
            if value:
                reply[name] = value
        reply.set_content("\n".join([*lines, "", letter.body]))
        return reply

    def send(self, reply):
        """Pipe it to the command, as a mail server does. Returns the command's line."""
        raw = reply if isinstance(reply, bytes) else reply.as_bytes()
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        out = io.StringIO()
        call_command("read_ticket_reply", stdout=out)
        return out.getvalue().strip()

    def say(self, letter, *lines, **headers):
        return self.send(self.answer(letter, *lines, **headers))
