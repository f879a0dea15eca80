"""Calendar days in Europe/Stockholm: which one it is, and how a day is written."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import formats, timezone


def today(moment: datetime | None = None) -> date:
    """The calendar day of the moment, or of now."""
    return timezone.localdate(moment)


def in_words(day: date) -> str:
    """The day as it stands in a sentence: 3 June 2031, in the reader's language."""
    return formats.date_format(day, "j F Y")
