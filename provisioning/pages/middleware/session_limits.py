"""How long a log-in lasts: a time without any act, and a time in all, and never longer than the employment.

Kept on the server and asked at each request; what the browser says about a cookie's age decides nothing.
Source: OWASP ASVS 4.0.3, 3.3.2.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.contrib import auth, messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.login import sessions
from provisioning.mandates import current
from provisioning.models import User
from provisioning.pages.drafts import pages_with_drafts
from provisioning.pages.drafts.keep import keep

SECOND_LOOK_SECONDS = 300  # longer than a copy of somebody's mandates lives, so that it is a look of its own
NOTED_EVERY_SECONDS = 60  # an act is written down at most this often: one write a minute, not one a page

ITSELF = "X-Asked-By-Itself"  # of a page that looks for news: nobody did anything

_MISSED = "session.missed_at"  # when a look first did not show the person


class SessionLimitsMiddleware:
    """Ends sessions whose time is over, before any view sees the person."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, User):
            _watch(request, request.user)
        return self.get_response(request)


def _watch(request: HttpRequest, user: User) -> None:
    now = time.time()
    is_new = sessions.is_new(request.session)
    begun_at, active_at = sessions.begun_at(request.session), sessions.active_at(request.session)
    is_idle = now - active_at > settings.SESSION_IDLE_MINUTES * 60
    is_old = now - begun_at > settings.SESSION_HOURS * 3600
    if is_idle or is_old:
        _keep_what_was_sent(request, user)
        with transaction.atomic():
            events.record(Action.LOGGED_OUT, actor=user, code="session.idle" if is_idle else "session.old")
        auth.logout(request)
        messages.info(request, _("You were logged out because time ran out. Log in to go on."))
    elif _has_left(request, user, now):
        with transaction.atomic():
            events.record(Action.LOGGED_OUT, actor=user, code="person.ended")
        auth.logout(request)
        messages.info(request, _("You were logged out: the directory says that your employment is over."))
    elif _is_an_act(request) and (is_new or now - active_at > NOTED_EVERY_SECONDS):
        sessions.note_act(request.session)
        agent = request.headers.get("User-Agent", "")
        sessions.note(user, request.session.session_key, agent=agent)


def _has_left(request: HttpRequest, user: User, now: float) -> bool:
    """Say whether the employment is over: at once where the directory says so, by a second look where it
    merely does not show the person. Until then the person holds no mandate, so nothing is decided meanwhile.
    """
    mandates = current.for_display(user)
    if not mandates.is_known:
        return False
    if not mandates.has_left or mandates.is_seen:
        request.session.pop(_MISSED, None)
        return mandates.has_left
    if _MISSED not in request.session:
        request.session[_MISSED] = now
    return now - float(request.session[_MISSED]) >= SECOND_LOOK_SECONDS


def _keep_what_was_sent(request: HttpRequest, user: User) -> None:
    """A form that comes too late is a draft, where it is one of ours: its token is asked for here."""
    if request.method != "POST" or not pages_with_drafts.seen_by(user, request.path):
        return
    is_foreign = CsrfViewMiddleware(_nothing).process_view(request, _nothing, (), {})
    if is_foreign is None:
        keep(request, user)


def _nothing(_request: HttpRequest) -> HttpResponse:
    return HttpResponse()


def _is_an_act(request: HttpRequest) -> bool:
    return ITSELF not in request.headers and request.path != reverse("session_left")
