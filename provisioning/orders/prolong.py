"""Ordering what somebody already has: the right is prolonged from its old last day, and never shortened.

Only towards its end, so that it never reaches far beyond twelve months. Where the access does not work
although the right stands, ordering again restores it: then any day will do, and any last day that a new order
may have. Source: domain §8 (an end date on every right, at most 12 months).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from provisioning import dates
from provisioning.models import AccessRequest, Grant, User
from provisioning.orders.draft import Draft, asks_for_signed_assignment
from provisioning.rights import find
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import Answer, HsaId, Level, OrderedAccess, Service


@dataclass(frozen=True, slots=True)
class ProlongationProblem:
    """Why the dates do not prolong the right: a sentence, the form field it belongs beside, a code."""

    message: str
    field: str
    code: str


def opens_on(prolonged: Grant) -> date:
    """The first day on which it can be prolonged."""
    return deadlines.earliest_prolongation(prolonged.ends_on, days_before=settings.PROLONG_EARLIEST_DAYS)


def is_offered(prolonged: Grant, *, on: date, works: Answer | None) -> bool:
    """Say whether pages offer to prolong it that day. `works`: whether the access does; None: not asked."""
    return opens_on(prolonged) <= on or works is Answer.NO


def next_first_day(prolonged: Grant) -> date:
    """The day after the old last day: where a prolongation begins."""
    return prolonged.ends_on + timedelta(days=1)


def next_last_day(prolonged: Grant) -> date:
    """The last day a prolongation may have: twelve months counted from the old one."""
    return deadlines.prolonged_latest_end(prolonged.ends_on)


def first_day(prolonged: Grant | None, starts_on: date, ends_on: date) -> date:
    """The first day of what is ordered: never one that the right already covers."""
    if prolonged is None or ends_on <= prolonged.ends_on:
        return starts_on
    return max(starts_on, next_first_day(prolonged))


def problems(
    prolonged: Grant | None, starts_on: date, ends_on: date, *, on: date, works: Answer, unit_name: str
) -> Iterator[ProlongationProblem]:
    """What is wrong with these dates, ordered that day, where the right already stands.

    `works`: whether the access does.
    """
    if prolonged is None or works is Answer.NO:
        return
    words = {
        "unit": unit_name,
        "date": dates.in_words(prolonged.ends_on),
        "next": dates.in_words(next_first_day(prolonged)),
    }
    if on < opens_on(prolonged):
        words["opens"] = dates.in_words(opens_on(prolonged))
        message = _(
            "%(unit)s: the person has this access until %(date)s. It can be prolonged from %(opens)s, not "
            "before."
        )
        yield ProlongationProblem(message % words, "ends_on", "order.too_early")
    elif ends_on <= prolonged.ends_on:
        message = _("%(unit)s: the person already has this access until %(date)s. Choose a later last day.")
        yield ProlongationProblem(message % words, "ends_on", "order.not_longer")
    elif ends_on > next_last_day(prolonged):
        words["latest"] = dates.in_words(next_last_day(prolonged))
        message = _(
            "%(unit)s: the person has this access until %(date)s, and it can be prolonged by at most "
            "12 months from then, until %(latest)s."
        )
        yield ProlongationProblem(message % words, "ends_on", "order.end_too_late")
    elif starts_on > next_first_day(prolonged):
        message = _("%(unit)s: the person has this access until %(date)s. Let the new time begin %(next)s.")
        yield ProlongationProblem(message % words, "starts_on", "order.gap")


def sentence(prolonged: Grant | None, ends_on: date, *, on: date, works: Answer | None) -> str:
    """What an order that day does to a right that stands, for the page; empty where there is none."""
    if prolonged is None:
        return ""
    if not is_offered(prolonged, on=on, works=works):
        words = {"date": dates.in_words(prolonged.ends_on), "opens": dates.in_words(opens_on(prolonged))}
        return (
            _("The person has this right until %(date)s. It can be prolonged from %(opens)s, not before.")
            % words
        )
    words = {
        "date": dates.in_words(prolonged.ends_on),
        "new": dates.in_words(max(ends_on, prolonged.ends_on)),
    }
    if ends_on <= prolonged.ends_on:
        return _("The person has this right until %(date)s. The order keeps that last day.") % words
    return (
        _("The person has this right until %(date)s. The order prolongs it from then, until %(new)s.") % words
    )


def asked_access(request: AccessRequest) -> OrderedAccess:
    """What it asks of the directory: where it prolongs a right, a coupling through the new last day."""
    order = request.ordered_access
    return replace(order, until=request.ends_on) if find.stands(request) else order


_SUBMISSIONS = uuid.UUID("6f3c1d0a-4f1e-5c55-9a53-7f2a3c5a1f10")  # a name space of our own


def draft(grant: Grant, *, need: str, risk_statement: str, by: User, ends_on: date | None = None) -> Draft:
    """From its old last day until `ends_on`; else as far as it may. Sent twice, it is one order."""
    ends_on = ends_on or next_last_day(grant)
    return Draft(
        person_id=grant.subject_id,
        service=Service(grant.service),
        level=Level(grant.level),
        unit_ids=(HsaId(grant.wanted_unit_hsa_id or grant.unit_hsa_id),),
        starts_on=next_first_day(grant),
        ends_on=ends_on,
        need=need,
        risk_statement=risk_statement,
        signed_assignment_on=_signed_assignment(grant),
        submission=uuid.uuid5(_SUBMISSIONS, f"{grant.public_id} {ends_on} {by.pk}"),
    )


def _signed_assignment(grant: Grant) -> date | None:
    """As the latest order of the right says: it is looked at anew whether it still counts."""
    if not asks_for_signed_assignment(Service(grant.service), Level(grant.level)):
        return None
    latest = grant.requests.exclude(signed_assignment_on=None).order_by("-pk").first()
    return latest.signed_assignment_on if latest is not None else None
