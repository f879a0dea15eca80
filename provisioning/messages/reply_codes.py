"""Reply codes of mails to ticket systems: each names one mail about one task, and is signed.

A code is good as long as the task is open that its mail is about: see `tickets.replies`.
"""

from __future__ import annotations

import base64
from uuid import UUID

from django.utils.crypto import constant_time_compare, salted_hmac

from provisioning.rules.ticket_reply import CODE


def of(message_id: UUID) -> str:
    """The code that the subject of the mail holds."""
    return f"[KIV-{_letters(message_id.bytes)}-{_signature(message_id)}]"


def mail_of(code: str) -> UUID | None:
    """Which mail the code was made for; None where it was not made here."""
    found = CODE.fullmatch(code)
    if found is None:
        return None
    named = base64.b32decode(found[1].upper() + "======")
    message_id = UUID(bytes=named)
    return message_id if constant_time_compare(of(message_id), code.upper()) else None


def _signature(message_id: UUID) -> str:
    signed = salted_hmac("provisioning.messages.reply_codes", message_id.hex, algorithm="sha256").digest()
    return _letters(signed[:10])


def _letters(some: bytes) -> str:
    return base64.b32encode(some).decode().rstrip("=")
