"""Help: what each page is for, whom to ask, and who the reader's KIV administrators are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from provisioning.cases import candidates
from provisioning.directory import Directory, open_directory
from provisioning.errors import DirectoryError
from provisioning.mandates import current
from provisioning.models import User
from provisioning.pages import words
from provisioning.pages.answers import acting_user
from provisioning.rules.hsa import HsaId, Unit

Text = str | Promise
MOST_UNITS = 12

# By the menu item that the page belongs to: a heading, and what one does there.
TOPICS: Mapping[str, tuple[Text, Text]] = {
    "start": (
        _("Start"),
        _(
            "The first page says whether you get in to each service, what waits for you, and what you have "
            "ordered. Where you do not get in, the broken link is marked, and it is said who can fix it."
        ),
    ),
    "order": (
        _("Order access"),
        _(
            "Choose person, access, unit and days, and write why it is needed. The page shows what stands in "
            "KIV before anything is sent. What you have begun is kept if you leave the page."
        ),
    ),
    "cases": (
        _("Cases"),
        _(
            "Each order can be followed here: who has it, how long each step has taken, and what happens "
            "next. The page of an order renews itself. You can remind those who have it, or withdraw it."
        ),
    ),
    "grants": (
        _("Rights"),
        _(
            "A right has a last day. You can prolong it before that, or end it earlier. Beside each right "
            "you see whether it stands in KIV now."
        ),
    ),
    "units": (
        _("My units"),
        _(
            "Each unit with its figures, everybody on it with their accesses, and its insurance-medicine "
            "team. You name who holds which task; what somebody lacks is proposed as an order."
        ),
    ),
    "kiv_tasks": (
        _("KIV tasks"),
        _(
            "Open a task, copy the value and set it in KIV. The task closes by itself when we see the value. "
            "If you cannot do it, say so in the task: the one who ordered is told."
        ),
    ),
    "delegations": (
        _("Delegations"),
        _(
            "A head of unit can let somebody else order or approve on a unit for a time. Everybody "
            "concerned sees it, and it can be ended at any time."
        ),
    ),
    "reviews": (
        _("Reviews"),
        _(
            "Keep or remove each right and write why. What you have answered is saved; the rest waits until "
            "the last day of the review."
        ),
    ),
    "findings": (
        _("Differences"),
        _(
            "Here stands what does not agree between a right and KIV. Order it, have it removed, or explain "
            "why it is right as it is. The line goes away when KIV is right."
        ),
    ),
    "events": (
        _("Events"),
        _(
            "Auditors read who has done what, when and on what. Narrow the list by person, kind, case number "
            "and days."
        ),
    ),
    "operation": (
        _("Operation"),
        _("Green means that it runs. Red says what to do. The page shows how it is when it is opened."),
    ),
}


@dataclass(frozen=True, slots=True)
class UnitAdministrators:
    """Who administers one of the reader's units in KIV, by name."""

    unit: str
    names: str


@never_cache
@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    """Everything on one page; each page's own link leads to its part."""
    context = {
        "topics": [(name, heading, text) for name, (heading, text) in TOPICS.items()],
        "contact": settings.SUPPORT_CONTACT,
        "administrators": _administrators(acting_user(request)),
    }
    return render(request, "provisioning/help.html", context)


def _administrators(user: User) -> list[UnitAdministrators] | None:
    """Of the units that the reader leads or has a commission on; None where the directory does not answer."""
    mandates = current.for_display(user)
    if not mandates.is_known:
        return None
    try:
        directory = open_directory()
        return [_of_unit(directory, unit) for unit in _own_units(directory, user, mandates.units)]
    except DirectoryError:
        return None


def _own_units(directory: Directory, user: User, headed: tuple[Unit, ...]) -> list[Unit]:
    reading = directory.read(user.identity)
    coupled: list[HsaId] = [
        commission.unit_id
        for commission in reading.commissions
        if commission.unit_id is not None
        and any(coupling.person_id == user.identity for coupling in commission.couplings)
    ]
    units = {unit.hsa_id: unit for unit in headed}
    units |= {one: unit for one in coupled if (unit := reading.units.get(one)) is not None}
    return list(units.values())[:MOST_UNITS]


def _of_unit(directory: Directory, unit: Unit) -> UnitAdministrators:
    found = candidates.kiv_administrators(directory, unit.dn, excluded=())
    return UnitAdministrators(unit.name, words.names(found))
