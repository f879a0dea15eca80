"""The mails that went out, read from the files they were written to."""

from __future__ import annotations

import email
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path

from django.conf import settings
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

PER_PAGE = 20
SEPARATOR = b"-" * 79  # Django's file backend writes this line after each mail


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as its reader sees it."""

    sent_at: datetime | None
    to: str
    subject: str
    body: str


@never_cache
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """List the mails, the newest first."""
    mails = sorted(read_all(Path(settings.EMAIL_FILE_PATH)), key=_age, reverse=True)
    shown = Paginator(mails, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "provisioning/demo/mail.html", {"page": shown})


def read_all(folder: Path) -> Iterator[Mail]:
    """Every mail in the folder's files."""
    for path in sorted(folder.glob("*.log")):
        for written in path.read_bytes().split(b"\n%b\n" % SEPARATOR):
            if written.strip():
                yield _parse(written)


def _parse(written: bytes) -> Mail:
    """Read as bytes: Django's mails are 8-bit, and a text would lose its å, ä and ö on the way."""
    message = email.message_from_bytes(written, _class=EmailMessage, policy=default)
    body = message.get_body(("plain",))
    date = message["Date"]
    return Mail(
        sent_at=_aware(parsedate_to_datetime(str(date))) if date else None,
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        body=body.get_content().strip() if body else "",
    )


def _aware(moment: datetime) -> datetime:
    """Django writes its mails' dates in UTC as “-0000”, which reads as a time of no zone."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _age(mail: Mail) -> float:
    return mail.sent_at.timestamp() if mail.sent_at else 0.0
