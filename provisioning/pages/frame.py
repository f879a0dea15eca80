"""What every page shows around its content: the menu, who is logged in and as what, the footer's links."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from provisioning import access
from provisioning.login import sessions
from provisioning.mandates import current
from provisioning.models import User
from provisioning.pages.delegations import held
from provisioning.pages.drafts.pages_with_drafts import has_drafts
from provisioning.pages.help_page import TOPICS

Text = str | Promise

# Which menu item is marked while a page without an item of its own is open.
_BELONGS_TO = {
    "unit_team": "units",
    "above_cap": "units",
    "team_coverage": "units",
    "person_entrance": "start",
    "figures": "start",
    "case": "cases",
    "attest": "cases",
    "choose": "cases",
    "withdraw": "cases",
    "kiv_task": "kiv_tasks",
    "removal_task": "kiv_tasks",
    "grant": "grants",
    "grant_end": "grants",
    "ending": "grants",
    "grant_let_end": "grants",
    "beside_mine": "grants",
    "beside_person": "grants",
    "beside_place": "grants",
    "removal": "grants",
    "removal_receipt": "grants",
    "removal_withdraw": "grants",
    "finding": "findings",
    "findings_many": "findings",
    "delegate": "delegations",
    "revoke_delegation": "delegations",
    "begin_review": "reviews",
    "review": "reviews",
    "review_result": "reviews",
    "reorganise": "reorganisations",
    "unit_proposals": "units",
    "unit_people": "units",
    "register_cases": "cases",
    "register_rights": "grants",
    "register_removals": "grants",
    "register_findings": "findings",
    "register_events": "events",
    "reorganisation": "reorganisations",
}


def frame(request: HttpRequest) -> dict[str, Any]:
    """The base page's context. Lazy: an answer that draws no page asks nobody."""
    return {
        "nav": SimpleLazyObject(lambda: _menu(request)),
        "user_role": SimpleLazyObject(lambda: _role(request)),
        "help_topic": SimpleLazyObject(lambda: _help_topic(request)),
        "is_demo": settings.IS_DEMO,
        "restored": getattr(request, "restored", None),
        "keeps_drafts": _keeps_drafts(request),
        "session_seconds": _seconds_left(request),
        "source_url": settings.SOURCE_URL,
        "support": settings.SUPPORT_CONTACT,
    }


def _keeps_drafts(request: HttpRequest) -> str:
    """The page's own address where what is written on it is saved meanwhile; else empty."""
    match = request.resolver_match
    is_kept = match is not None and has_drafts(match.url_name) and _user(request) is not None
    return request.path if is_kept else ""


def _seconds_left(request: HttpRequest) -> int | None:
    return None if _user(request) is None else sessions.seconds_left(request.session)


def _menu(request: HttpRequest) -> list[tuple[str, Text, bool]]:
    """The menu's items as address, label and whether it is the page that is open."""
    match = request.resolver_match
    here = match.url_name if match and match.url_name else ""
    here = _BELONGS_TO.get(here, here)
    return [
        (address, label, name == here)
        for name, label in _items(_user(request))
        if (address := _address(name)) is not None
    ]


def _help_topic(request: HttpRequest) -> str:
    """Which part of the help page is about the page that is open; empty where none is."""
    match = request.resolver_match
    here = match.url_name if match and match.url_name else ""
    here = _BELONGS_TO.get(here, here)
    return here if here in TOPICS else ""


def _items(user: User | None) -> list[tuple[str, Text]]:
    if user is None:
        return []
    mandates = current.for_display(user)
    items: list[tuple[str, Text]] = [
        ("start", gettext_lazy("Start")),
        ("order", gettext_lazy("Order access")),
        ("cases", gettext_lazy("Cases")),
        ("grants", gettext_lazy("Rights")),
    ]
    items += [("units", gettext_lazy("My units"))] * mandates.is_head_of_unit
    # A silent directory removes no tasks from the menu.
    if mandates.is_kiv_administrator or not mandates.is_known:
        items.append(("kiv_tasks", gettext_lazy("KIV tasks")))
    # Also while nothing is delegated any more: the page shows what has been.
    has_some = mandates.is_head_of_unit or user.is_auditor or access.visible_delegations(user).exists()
    if has_some or not mandates.is_known:
        items.append(("delegations", gettext_lazy("Delegations")))
    if access.may_begin_review(user) or access.visible_reviews(user).exists() or not mandates.is_known:
        items.append(("reviews", gettext_lazy("Reviews")))
    if access.reads_findings(user):
        items.append(("findings", gettext_lazy("Differences")))
    if user.is_operator or user.is_auditor or access.visible_reorganisations(user).exists():
        items.append(("reorganisations", gettext_lazy("Reorganisations")))
    if user.is_auditor:
        items.append(("events", gettext_lazy("Events")))
    if user.is_operator or user.is_auditor:
        items.append(("messages", gettext_lazy("Messages")))
        items.append(("operation", gettext_lazy("Operation")))
    if settings.IS_DEMO:
        items += [("demo_kiv", gettext_lazy("Mock KIV")), ("demo_mail", gettext_lazy("Mails sent"))]
    return items


def _role(request: HttpRequest) -> str:
    """What the person is here, in words; empty for somebody without a mandate."""
    user = _user(request)
    if user is None:
        return ""
    mandates = current.for_display(user)
    if mandates.is_head_of_unit:
        if len(mandates.units) == 1:
            return _("Head of %(unit)s") % {"unit": mandates.units[0].name}
        return _("Head of %(count)d units") % {"count": len(mandates.units)}
    if mandates.is_kiv_administrator:
        return _("KIV administrator")
    if user.is_auditor:
        return _("Auditor")
    if user.is_service_desk:
        return _("Service desk")
    return _("Operator") if user.is_operator else held.as_role(user)


def _user(request: HttpRequest) -> User | None:
    user = getattr(request, "user", None)
    return user if isinstance(user, User) else None


def _address(name: str) -> str | None:
    """The page's address; None where this installation does not have the page."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return None
