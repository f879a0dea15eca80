"""Own deadlines as a calendar (RFC 5545), by a secret address that its owner makes and closes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from icalendar import Calendar, Event

from provisioning.access import own_deadlines
from provisioning.access.own_deadlines import DeadlineKind, OwnDeadline
from provisioning.pages.answers import acting_user

SAYS: Mapping[DeadlineKind, tuple[str | Promise, str]] = {
    DeadlineKind.DECIDE: (gettext_lazy("Decide on an order"), "case"),
    DeadlineKind.CARRY_OUT: (gettext_lazy("Set in KIV"), "kiv_task"),
    DeadlineKind.RIGHT_ENDS: (gettext_lazy("A right of yours ends"), "grant"),
    DeadlineKind.DELEGATION_ENDS: (gettext_lazy("A delegation ends"), ""),
    DeadlineKind.REVIEW: (gettext_lazy("Review rights by this day"), "review"),
}


@login_not_required
@never_cache
@require_safe
def calendar(request: HttpRequest, secret: str) -> HttpResponse:
    """The feed. Whoever has the address reads it: it names nobody. 404 for any other address."""
    owner = own_deadlines.owner_of_feed(secret)
    if owner is None:
        raise Http404
    feed = Calendar()
    feed.add("prodid", "-//Behörighetsvägen//deadlines//SV")
    feed.add("version", "2.0")
    language = owner.language if owner.language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    with translation.override(language):
        for deadline in own_deadlines.own_deadlines(owner):
            feed.add_component(_event(deadline))
    return HttpResponse(feed.to_ical(), content_type="text/calendar; charset=utf-8")


@never_cache
@require_POST
def open_calendar(request: HttpRequest) -> HttpResponse:
    """Make a new address and show it, this once."""
    secret = own_deadlines.open_feed(by=acting_user(request))
    address = settings.SITE_URL.rstrip("/") + reverse("own_calendar", args=[secret])
    return render(request, "provisioning/own_notices/calendar.html", {"address": address})


@require_POST
def close_calendar(request: HttpRequest) -> HttpResponse:
    """Close the address: calendars that read it get nothing more."""
    if own_deadlines.close_feed(by=acting_user(request)):
        messages.success(request, _("The calendar address is closed. It opens nothing any more."))
    return redirect("own_notices")


def _event(deadline: OwnDeadline) -> Event:
    words, page = SAYS[deadline.kind]
    path = reverse(page, args=[deadline.about]) if page else reverse("delegations")
    event = Event()
    event.add("uid", f"{deadline.kind.value}-{deadline.about}@behorighetsvagen")
    event.add("dtstamp", timezone.now())
    event.add("dtstart", deadline.day)
    event.add("dtend", deadline.day + timedelta(days=1))
    event.add("summary", f"{words} {deadline.number}".strip())
    event.add("url", settings.SITE_URL.rstrip("/") + path)
    event.add("transp", "TRANSPARENT")
    return event
