"""The same page sent twice: a second click, or something else since, which is then another order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _

from provisioning import dates
from provisioning.models import AccessRequest, Grant, Order, User
from provisioning.orders.draft import Draft
from provisioning.pages.order.forms import access_name


@dataclass(frozen=True, slots=True)
class Both:
    """What was sent, and what stands on the page now, line by line where they differ."""

    case: AccessRequest
    lines: tuple[tuple[str, str, str], ...]  # of what, sent, now


def is_same(draft: Draft, order: Order) -> bool:
    """Whether the page holds what was sent. An order that prolongs may have got a later first day."""
    rows = list(order.requests.all())
    first = rows[0]
    prolongs = Grant.objects.filter(
        subject_key=first.subject_key, service=first.service, level=first.level, unit_key=first.unit_key
    ).exists()
    return (
        first.subject_key == draft.person_id.folded
        and (first.service, first.level) == (draft.service.value, draft.level.value)
        and {_place_id(row).casefold() for row in rows} == {one.text.casefold() for one in draft.unit_ids}
        and (first.starts_on == draft.starts_on or prolongs)
        and first.ends_on == draft.ends_on
        and (order.need, order.risk_statement) == (draft.need.strip(), draft.risk_statement.strip())
        and first.signed_assignment_on == draft.stated_assignment
        and (order.external_number or "") == draft.external_number
    )


def _place_id(row: AccessRequest) -> str:
    return row.wanted_unit_hsa_id or row.unit_hsa_id


def _day(day: date | None) -> str:
    return dates.in_words(day) if day else "–"


def both(user: User, draft: Draft, sent: AccessRequest) -> Both:
    """The two beside each other. Places are told by their HSA-ids: names may be alike."""
    rows = list(sent.order.requests.all())
    lines = [
        (_("Person"), sent.subject_hsa_id, draft.person_id.text),
        (
            _("Access"),
            access_name(sent.service, sent.level),
            access_name(draft.service, draft.level),
        ),
        (
            _("Place"),
            ", ".join(_place_id(row) for row in rows),
            ", ".join(one.text for one in draft.unit_ids),
        ),
        (_("First day"), dates.in_words(sent.starts_on), dates.in_words(draft.starts_on)),
        (_("Last day"), dates.in_words(sent.ends_on), dates.in_words(draft.ends_on)),
        (_("Signed assignment"), _day(sent.signed_assignment_on), _day(draft.stated_assignment)),
        (_("Need"), sent.order.need, draft.need),
        (_("Risks"), sent.order.risk_statement, draft.risk_statement),
    ]
    return Both(sent, tuple(line for line in lines if line[1] != line[2]))
