"""A KIV administrator's tasks as the rows of a table, each with what is typed in KIV ready to be copied."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from provisioning import dates
from provisioning.access import KivWork
from provisioning.cases import claims
from provisioning.models import AccessRequest, Removal, User
from provisioning.pages import words as pages_words
from provisioning.pages.kiv import over
from provisioning.pages.kiv import words as kiv_words
from provisioning.pages.kiv.forms import WorkChoices
from provisioning.pages.rights import words as rights_words
from provisioning.removals import moves
from provisioning.rules import names
from provisioning.rules.hsa import Attribute
from workflows.sweeps import kiv_tasks

Text = str | Promise

_FIELDS: dict[Attribute, tuple[Text, Text]] = {  # what the field is called, to add to it and to take from it
    Attribute.SYSTEM_ROLE: (_("Add in HSA system role"), _("Remove from HSA system role")),
    Attribute.COMMISSION_MEMBER: (_("Add as member of"), _("Remove as member of")),
}


@dataclass(frozen=True, slots=True)
class WorkValue:
    """One value to set or to remove: which field of KIV, whose (a commission's name), and the value."""

    act: Text
    place: str
    attribute: str
    value: str


@dataclass(frozen=True, slots=True)
class WorkRow:
    """One task. A protected person's name, HSA-id and values are not here: the task's own page has them.

    Nor are values of which something is not seen in the directory right now.
    """

    id: str
    case_number: str
    url: str
    is_removal: bool
    since: datetime
    person: str
    hsa_id: str
    what: str
    unit: str
    first_day: str
    last_day: str
    values: tuple[WorkValue, ...]
    taken: str
    is_mine: bool
    is_doubtful: bool = False
    lasts_unusually: bool = False


def rows_of(viewer: User, cases: Iterable[AccessRequest | Removal]) -> list[WorkRow]:
    """The tasks as rows, those of one person together: one opening of the entry in KIV is enough."""
    found = list(cases)
    place: dict[str, int] = {}
    for case in found:
        place.setdefault(case.subject_key, len(place))
    return [_row(viewer, case) for case in sorted(found, key=lambda case: place[case.subject_key])]


def public_ids(texts: Iterable[str]) -> list[UUID]:
    """The ids in what an address or a form named. What is none is left out."""
    found = []
    for text in texts:
        with contextlib.suppress(ValueError):
            found.append(UUID(text))
    return found


def choices_of(work: KivWork) -> WorkChoices:
    """What the list can be narrowed to."""
    units: dict[str, str] = {}
    services: dict[str, str] = {}
    for rows in (work.to_set, work.to_remove):
        several = rows.order_by().values_list("unit_key", "unit_name", "service").distinct()
        for unit_key, unit_name, service in several:
            units[unit_key] = unit_name or unit_key
            services[service] = pages_words.service_name(service)
    return WorkChoices(_by_name(units), _by_name(services))


def _by_name(found: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(found.items(), key=lambda one: one[1]))


def _row(viewer: User, case: AccessRequest | Removal) -> WorkRow:
    is_removal, lasts = isinstance(case, Removal), case.lasts
    is_hidden, is_doubtful = case.subject_is_protected, _is_doubtful(case)
    name_of = pages_words.name_or_id if is_removal else pages_words.listed_name
    return WorkRow(
        id=str(case.public_id),
        case_number=str(case.case_number),
        url=reverse("removal_task" if is_removal else "kiv_task", args=[case.public_id]),
        is_removal=is_removal,
        since=case.state_since,
        person=name_of(viewer, case),
        hsa_id="" if is_hidden else case.subject_hsa_id,
        what=pages_words.what(case),
        unit=rights_words.unit_name(case),
        first_day=dates.in_words(lasts.starts_on) if lasts else "",
        last_day=dates.in_words(lasts.ends_on) if lasts else "",
        values=() if is_hidden or is_doubtful else _values(case),
        taken=over.taken(viewer, case),
        is_mine=claims.holder(case) == viewer,
        is_doubtful=is_doubtful,
        lasts_unusually=isinstance(case, AccessRequest) and case.lasts_unusually,
    )


def _is_doubtful(case: AccessRequest | Removal) -> bool:
    """Something the order names is not seen: nothing is to be set until a later look has decided."""
    return isinstance(case, AccessRequest) and case.not_seen_since is not None


def _values(case: AccessRequest | Removal) -> tuple[WorkValue, ...]:
    if isinstance(case, Removal):
        removed: Sequence[tuple[Attribute, str, str]] = [
            (held.attribute, held.dn, held.value) for held in moves.changes_of(case)
        ]
        return tuple(_value(attribute, dn, value, is_removal=True) for attribute, dn, value in removed)
    return tuple(
        _value(change.attribute, change.dn, kiv_words.exact_value(case, change), is_removal=False)
        for change in kiv_tasks.changes_of(case)
    )


def import_rows(case: AccessRequest | Removal) -> list[tuple[str, str, str, str, str]]:
    """What KIV is to take or to lose by the case: name, attribute, value, which of both, case number."""
    number = str(case.case_number)
    if _is_doubtful(case):
        return []
    if isinstance(case, Removal):
        held = moves.changes_of(case)
        return [(one.dn, one.attribute.value, one.value, gettext("remove"), number) for one in held]
    return [
        (one.dn, one.attribute.value, kiv_words.exact_value(case, one), gettext("add"), number)
        for one in kiv_tasks.changes_of(case)
    ]


def _value(attribute: Attribute, dn: str, value: str, *, is_removal: bool) -> WorkValue:
    pair = names.first_pair(dn)
    is_role = attribute is Attribute.SYSTEM_ROLE
    place = "" if is_role else pair[1] if pair else dn
    return WorkValue(_FIELDS[attribute][is_removal], place, attribute.value, value)
