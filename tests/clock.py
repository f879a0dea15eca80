"""A clock that tests set: what Django calls now, also in the columns' defaults."""

from __future__ import annotations

from datetime import date, datetime, time, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest

STOCKHOLM = ZoneInfo("Europe/Stockholm")


class Clock:
    """Stands still until it is set again."""

    def __init__(self, day: str):
        self.set(day)

    def set(self, day: str, at: str = "09:00") -> None:
        self.now = datetime.combine(date.fromisoformat(day), time.fromisoformat(at), tzinfo=STOCKHOLM)


class _LikeDatetime(type):
    def __instancecheck__(cls, value: Any) -> bool:
        return isinstance(value, datetime)


def pinned(monkeypatch: pytest.MonkeyPatch, day: str) -> Clock:
    """Pin Django's clock to nine o'clock in Stockholm on that day."""
    clock = Clock(day)

    class Pinned(datetime, metaclass=_LikeDatetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return clock.now.astimezone(tz)

    monkeypatch.setattr("django.utils.timezone.datetime", Pinned)
    return clock
