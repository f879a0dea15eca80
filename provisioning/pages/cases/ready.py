"""When an order is probably ready, as a sentence: between which days, or why that cannot be said."""

from __future__ import annotations

from datetime import date

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from provisioning import dates
from provisioning.figures import expected
from provisioning.models import AccessRequest


def sentence(row: AccessRequest) -> str:
    """Of an open case; empty where it has ended, or stands still with the support team."""
    if not row.is_open or row.incident:
        return ""
    found = expected.of(row, now=timezone.now())
    if found.first is None or found.last is None:
        if found.is_past_what_is_known:
            return _(
                "This step has taken longer than almost all orders here. We cannot say when it is ready."
            )
        return _("Too few orders have been finished here to say when it will be ready.")
    if found.first == found.last:
        return _("Probably ready %(day)s.") % {"day": _with_weekday(found.last)}
    return _("Probably ready %(first)s – %(last)s.") % {
        "first": _begin(found.first, found.last),
        "last": _with_weekday(found.last),
    }


def _begin(first: date, last: date) -> str:
    """The first of two days: the month stands only once where it is the same."""
    if (first.year, first.month) == (last.year, last.month):
        return formats.date_format(first, "l j")
    return _with_weekday(first)


def _with_weekday(day: date) -> str:
    is_this_year = day.year == dates.today().year
    return formats.date_format(day, "l j F" if is_this_year else "l j F Y")
