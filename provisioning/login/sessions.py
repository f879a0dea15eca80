"""A person's own log-ins: noted as they are used, listed, and ended one by one.

Source: OWASP ASVS 4.0.3, 3.3.4.
"""

from __future__ import annotations

import time
from datetime import timedelta
from importlib import import_module
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.models import LogIn, User

_BEGUN = "session.begun_at"
_ACTIVE = "session.active_at"

# The first that stands in what a browser says of itself: several name others of them, too.
_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def note(user: User, session_key: str | None, *, agent: str) -> None:
    """Note that the session is used, from what kind of browser."""
    if session_key is None:
        return
    LogIn.objects.update_or_create(
        session_key=session_key,
        defaults={"user_key": user.pk, "browser": browser(agent), "used_at": timezone.now()},
    )


def begun_at(session: SessionBase) -> float:
    """When the log-in began, in seconds since 1970; now, where it begins."""
    return float(session.setdefault(_BEGUN, time.time()))


def active_at(session: SessionBase) -> float:
    """When the person last acted, as far as it has been written down."""
    return float(session.setdefault(_ACTIVE, time.time()))


def is_new(session: SessionBase) -> bool:
    return _BEGUN not in session


def note_act(session: SessionBase) -> None:
    """The person has just acted."""
    session[_ACTIVE] = time.time()


def seconds_left(session: SessionBase) -> int:
    """How long it lasts if nothing more is done."""
    idle_end = active_at(session) + settings.SESSION_IDLE_MINUTES * 60
    end = begun_at(session) + settings.SESSION_HOURS * 3600
    return max(0, int(min(idle_end, end) - time.time()))


def browser(agent: str) -> str:
    """The kind of browser and its system; empty where neither is known."""
    names = (next((name for mark, name in kinds if mark in agent), "") for kinds in (_BROWSERS, _SYSTEMS))
    return ", ".join(name for name in names if name)


def own(user: User) -> QuerySet[LogIn]:
    """The person's log-ins that still count, the latest used first."""
    now = timezone.now()
    return LogIn.objects.filter(
        user_key=user.pk,
        used_at__gte=now - timedelta(minutes=settings.SESSION_IDLE_MINUTES),
        begun_at__gte=now - timedelta(hours=settings.SESSION_HOURS),
    )


def end(public_id: UUID, *, by: User) -> bool:
    """End one of the person's own log-ins, at once. Returns whether there was one."""
    row = LogIn.objects.filter(user_key=by.pk, public_id=public_id).first()
    if row is None:
        return False
    _store().SessionStore().delete(row.session_key)
    with transaction.atomic():
        row.delete()
        events.record(Action.LOGGED_OUT, actor=by, code="session.ended_by_person")
    return True


def forget(session_key: str | None) -> None:
    """The session has ended: so has its row."""
    LogIn.objects.filter(session_key=session_key).delete()


def forget_old() -> None:
    """Forget the rows of sessions whose time is over."""
    LogIn.objects.filter(begun_at__lt=timezone.now() - timedelta(hours=settings.SESSION_HOURS)).delete()


def _store() -> Any:
    return import_module(settings.SESSION_ENGINE)
