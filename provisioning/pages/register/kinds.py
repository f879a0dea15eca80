"""The five registers: what each is read from, what narrows it, and how its rows are written.

Everybody reads in them what they may read elsewhere. A protected person's name and HSA-id stand in no row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext_lazy as _

from provisioning import access
from provisioning.models import (
    AccessRequest,
    AuditEntry,
    EndCauseChoice,
    Finding,
    Grant,
    GrantStateChoice,
    Removal,
    RemovalStateChoice,
    StateChoice,
    User,
)
from provisioning.pages import words
from provisioning.pages.events import forms as events_forms
from provisioning.pages.events import page as events_page
from provisioning.pages.findings import words as findings_words
from provisioning.pages.register.forms import ENDS_FIRST, LONGEST, NEWEST, OLDEST, Choices, Wanted
from provisioning.pages.rights import words as rights_words
from provisioning.rules.drift.differences import DriftKind
from provisioning.rules.states.request import OPEN
from provisioning.rules.states.right import LIVING, REMOVAL_OPEN

Text = str | Promise
OPEN_ONES, ENDED_ONES = "open", "ended"
_OPEN_OR_ENDED: Choices = ((OPEN_ONES, _("Open ones")), (ENDED_ONES, _("Ended ones")))


@dataclass(frozen=True, slots=True)
class RegisterColumn:
    """One column of a file; `is_shown`: also of the page."""

    heading: Text
    is_shown: bool = True


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """A row as text, cell by cell, and its page where it has one."""

    url: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegisterKind:
    """One register. `find` gives the rows; `write` makes lines of some, read with what is `related`."""

    key: str
    heading: Text
    address: str
    list_page: str  # the list that it stands beside
    columns: tuple[RegisterColumn, ...]
    find: Callable[[User, Wanted, Sequence[str]], QuerySet[Any]]
    write: Callable[[User, Sequence[Any]], list[RegisterLine]]
    orders: Mapping[str, tuple[str, ...]]
    related: tuple[str, ...]
    prefetched: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    states: Choices = ()
    causes: Choices = ()
    cause_label: Text = ""
    period: Text = ""  # what the days are about
    is_auditors: bool = False

    @property
    def shown(self) -> list[int]:
        """The numbers of the columns that the page shows."""
        return [number for number, column in enumerate(self.columns) if column.is_shown]


# -- conditions ---------------------------------------------------------------------------------------------


def _common(wanted: Wanted, unit_keys: Sequence[str], open_states: Sequence[str]) -> Q:
    """What rows about one right have in common. `open_states`: what open means among them."""
    found = Q()
    if wanted.state == OPEN_ONES:
        found &= Q(state__in=open_states)
    elif wanted.state == ENDED_ONES:
        found &= ~Q(state__in=open_states)
    elif wanted.state:
        found &= Q(state=wanted.state)
    if wanted.service:
        found &= Q(service=wanted.service)
    if wanted.unit is not None:
        found &= Q(unit_key__in=unit_keys) if len(unit_keys) != 1 else Q(unit_key=unit_keys[0])
    if wanted.person is not None:
        found &= Q(subject_key=wanted.person.folded)
    if wanted.age is not None:
        found &= Q(state_since__lte=timezone.now() - timedelta(days=wanted.age))
    return found


def _between(wanted: Wanted, column: str) -> Q:
    """The days, of a moment."""
    found = Q()
    if wanted.since:
        found &= Q(**{f"{column}__gte": timezone.make_aware(datetime.combine(wanted.since, time.min))})
    if wanted.until:
        after = timezone.make_aware(datetime.combine(wanted.until + timedelta(days=1), time.min))
        found &= Q(**{f"{column}__lt": after})
    return found


_DONE_BY = (
    *("order__orderer", "ordered_for", "attester", "attested_for"),
    *("second_attester", "carried_out_by"),
)


def _acted(key: str, number: str) -> QuerySet[Any, Any]:
    """The numbers (of requests, or of their rights) where a person acted: each part by its own index."""
    rows = AccessRequest.objects.exclude(**{number: None}).order_by()
    first, *others = (rows.filter(**{column: key}).values(number) for column in _DONE_BY)
    found: QuerySet[Any, Any] = first.union(*others)
    return found


def _values(states: Any) -> list[str]:
    return sorted(state.value for state in states)


# -- words --------------------------------------------------------------------------------------------------


def _actor(viewer: User, actor: User | None) -> str:
    """A protected person's name stands in no list, whatever the person did."""
    if actor is None:
        return ""
    is_hidden = actor.is_protected and actor.hsa_key != viewer.hsa_key
    return str(words.MASKED) if is_hidden else actor.name or actor.hsa_id


def _person(viewer: User, row: AccessRequest | Grant | Removal | Finding) -> tuple[str, str]:
    """Name and HSA-id of whom it is about."""
    if row.subject_is_protected and viewer.hsa_key != row.subject_key:
        return str(words.MASKED), ""
    return row.subject_name or row.subject_hsa_id, row.subject_hsa_id


def _place(row: AccessRequest | Grant | Removal) -> tuple[str, str]:
    return rights_words.unit_name(row), row.wanted_unit_hsa_id or row.unit_hsa_id


def _moment(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else ""


_ORDERS = {NEWEST: ("-pk",), OLDEST: ("pk",), LONGEST: ("state_since", "pk")}
_ALL_FIELDS = (
    *("state", "cause", "service", "unit", "below", "person", "actor", "since", "until", "age", "order"),
)
_PERSON = (RegisterColumn(_("Person")), RegisterColumn(_("The person's HSA-id"), is_shown=False))
_PLACE = (RegisterColumn(_("Unit")), RegisterColumn(_("The unit's HSA-id"), is_shown=False))


# -- cases --------------------------------------------------------------------------------------------------


def _cases(user: User, wanted: Wanted, unit_keys: Sequence[str]) -> QuerySet[Any]:
    rows = access.visible_requests(user).filter(_common(wanted, unit_keys, _values(OPEN)))
    rows = rows.filter(_between(wanted, "order__created_at"))
    if wanted.actor is not None:
        rows = rows.filter(pk__in=_acted(wanted.actor.folded, "pk"))
    return rows


def _case_lines(user: User, rows: Sequence[Any]) -> list[RegisterLine]:
    return [
        RegisterLine(
            reverse("case", args=[row.public_id]),
            (
                row.case_number,
                row.order.external_number or "",
                *_person(user, row),
                words.what(row),
                *_place(row),
                str(row.get_state_display()),
                _moment(row.state_since),
                _moment(row.order.created_at),
                row.starts_on.isoformat(),
                row.ends_on.isoformat(),
                _actor(user, row.order.orderer),
                _actor(user, row.attester),
                _actor(user, row.second_attester),
                _actor(user, row.carried_out_by),
            ),
        )
        for row in rows
    ]


CASES = RegisterKind(
    "cases",
    _("Register of cases"),
    "arenden",
    "cases",
    (
        RegisterColumn(_("Number")),
        RegisterColumn(_("Number in another system")),
        *_PERSON,
        RegisterColumn(_("Access")),
        *_PLACE,
        RegisterColumn(_("State")),
        RegisterColumn(_("Since")),
        RegisterColumn(_("Ordered"), is_shown=False),
        RegisterColumn(_("First day"), is_shown=False),
        RegisterColumn(_("Last day"), is_shown=False),
        RegisterColumn(_("Ordered by"), is_shown=False),
        RegisterColumn(_("Approved by"), is_shown=False),
        RegisterColumn(_("Second approver"), is_shown=False),
        RegisterColumn(_("Carried out in KIV by"), is_shown=False),
    ),
    _cases,
    _case_lines,
    _ORDERS,
    ("order__orderer", "attester", "second_attester", "carried_out_by"),
    fields=("state", "service", "unit", "below", "person", "actor", "since", "until", "age", "order"),
    states=(*_OPEN_OR_ENDED, *((str(value), label) for value, label in StateChoice.choices)),
    period=_("The days are those on which it was ordered."),
)


# -- rights -------------------------------------------------------------------------------------------------


def _rights(user: User, wanted: Wanted, unit_keys: Sequence[str]) -> QuerySet[Any]:
    rows = access.visible_grants(user).filter(_common(wanted, unit_keys, _values(LIVING)))
    if wanted.cause:
        rows = rows.filter(end_cause=wanted.cause)
    if wanted.since:
        rows = rows.filter(ends_on__gte=wanted.since)
    if wanted.until:
        rows = rows.filter(ends_on__lte=wanted.until)
    if wanted.actor is not None:
        key = wanted.actor.folded
        let_end = Grant.objects.filter(let_end_by=key).order_by().values("pk")
        rows = rows.filter(pk__in=_acted(key, "grant").union(let_end))
    return rows


def _right_lines(user: User, rows: Sequence[Any]) -> list[RegisterLine]:
    return [
        RegisterLine(
            reverse("grant", args=[row.public_id]),
            (
                *_person(user, row),
                words.what(row),
                *_place(row),
                str(row.get_state_display()),
                row.starts_on.isoformat(),
                row.ends_on.isoformat(),
                str(row.get_end_cause_display()),
                row.next_review_on.isoformat(),
                row.origin.case_number,
                _actor(user, row.origin.order.orderer),
            ),
        )
        for row in rows
    ]


RIGHTS = RegisterKind(
    "rights",
    _("Register of rights"),
    "behorigheter",
    "grants",
    (
        *_PERSON,
        RegisterColumn(_("Access")),
        *_PLACE,
        RegisterColumn(_("State")),
        RegisterColumn(_("First day"), is_shown=False),
        RegisterColumn(_("Last day")),
        RegisterColumn(_("Why it ends")),
        RegisterColumn(_("Next review"), is_shown=False),
        RegisterColumn(_("Number"), is_shown=False),
        RegisterColumn(_("Ordered by"), is_shown=False),
    ),
    _rights,
    _right_lines,
    _ORDERS | {ENDS_FIRST: ("ends_on", "pk")},
    ("origin__order__orderer",),
    fields=_ALL_FIELDS,
    states=(
        (OPEN_ONES, _("In force or being ended")),
        *((str(value), label) for value, label in GrantStateChoice.choices),
    ),
    causes=tuple((str(value), label) for value, label in EndCauseChoice.choices),
    cause_label=_("Why it ends"),
    period=_("The days are those of its last day."),
)


# -- removals -----------------------------------------------------------------------------------------------


def _removals(user: User, wanted: Wanted, unit_keys: Sequence[str]) -> QuerySet[Any]:
    rows = access.visible_removals(user).filter(
        _common(wanted, unit_keys, _values(REMOVAL_OPEN)), _between(wanted, "started_at")
    )
    if wanted.cause:
        rows = rows.filter(cause=wanted.cause)
    if wanted.actor is not None:
        rows = rows.filter(Q(started_by=wanted.actor.folded) | Q(carried_out_by=wanted.actor.folded))
    return rows


def _removal_lines(user: User, rows: Sequence[Any]) -> list[RegisterLine]:
    return [
        RegisterLine(
            reverse("removal", args=[row.public_id]),
            (
                str(row),
                *_person(user, row),
                words.what(row),
                *_place(row),
                str(row.get_cause_display()),
                str(row.get_state_display()),
                _moment(row.state_since),
                _moment(row.started_at),
                _actor(user, row.started_by),
                _actor(user, row.carried_out_by),
            ),
        )
        for row in rows
    ]


REMOVALS = RegisterKind(
    "removals",
    _("Register of removals"),
    "borttagningar",
    "grants",
    (
        RegisterColumn(_("Number")),
        *_PERSON,
        RegisterColumn(_("Access")),
        *_PLACE,
        RegisterColumn(_("Why it ends")),
        RegisterColumn(_("State")),
        RegisterColumn(_("Since")),
        RegisterColumn(_("Started"), is_shown=False),
        RegisterColumn(_("Started by"), is_shown=False),
        RegisterColumn(_("Carried out in KIV by"), is_shown=False),
    ),
    _removals,
    _removal_lines,
    _ORDERS,
    ("started_by", "carried_out_by"),
    fields=_ALL_FIELDS,
    states=(*_OPEN_OR_ENDED, *((str(value), label) for value, label in RemovalStateChoice.choices)),
    causes=tuple((str(value), label) for value, label in EndCauseChoice.choices),
    cause_label=_("Why it ends"),
    period=_("The days are those on which it was started."),
)


_sentence = lazy(findings_words.sentence, str)

# -- findings -----------------------------------------------------------------------------------------------


def _findings(user: User, wanted: Wanted, unit_keys: Sequence[str]) -> QuerySet[Any]:
    rows = access.visible_findings(user)
    rows = rows.filter(_common(wanted, unit_keys, [Finding.State.OPEN.value]), _between(wanted, "found_at"))
    if wanted.cause:
        rows = rows.filter(kind=wanted.cause)
    if wanted.actor is not None:
        rows = rows.filter(settled_by=wanted.actor.folded)
    return rows


def _finding_lines(user: User, rows: Sequence[Any]) -> list[RegisterLine]:
    found = []
    for row in rows:
        line = findings_words.line(user, row)
        cells = (
            _moment(row.found_at),
            *_person(user, row),
            words.what(row),
            line.unit,
            row.unit_hsa_id,
            line.sentence,
            line.state,
            _moment(row.state_since),
            line.owner,
            _actor(user, row.settled_by),
        )
        found.append(RegisterLine(line.url, cells))
    return found


FINDINGS = RegisterKind(
    "findings",
    _("Register of differences"),
    "avvikelser",
    "findings",
    (
        RegisterColumn(_("Found")),
        *_PERSON,
        RegisterColumn(_("Access")),
        *_PLACE,
        RegisterColumn(_("What does not match")),
        RegisterColumn(_("State")),
        RegisterColumn(_("Since"), is_shown=False),
        RegisterColumn(_("Who resolves it"), is_shown=False),
        RegisterColumn(_("Resolved by"), is_shown=False),
    ),
    _findings,
    _finding_lines,
    _ORDERS,
    ("settled_by",),
    fields=_ALL_FIELDS,
    states=tuple((str(value), label) for value, label in Finding.State.choices),
    causes=tuple((kind.value, _sentence(kind)) for kind in DriftKind),
    cause_label=_("What does not match"),
    period=_("The days are those on which it was found."),
)


# -- events -------------------------------------------------------------------------------------------------


def _events(user: User, wanted: Wanted, unit_keys: Sequence[str]) -> QuerySet[Any]:
    rows = AuditEntry.objects.filter(_between(wanted, "at"))
    if wanted.cause:
        rows = rows.filter(events_forms.any_begins(events_forms.KINDS[wanted.cause][1]))
    if wanted.actor is not None:
        rows = rows.filter(Q(actor_id=wanted.actor.folded) | Q(principal_id=wanted.actor.folded))
    if wanted.person is not None:
        rows = rows.filter(events_forms.about(wanted.person.text))
    return rows


def _event_lines(user: User, rows: Sequence[Any]) -> list[RegisterLine]:
    return [
        RegisterLine(
            row.url,
            (
                str(row.number),
                f"{timezone.localtime(row.event.at):%Y-%m-%d %H:%M:%S}" if row.event.at else "",
                str(row.event.heading),
                str(row.event.text),
                str(row.event.by),
                row.about,
            ),
        )
        for row in events_page.rows_of(user, rows)
    ]


EVENTS = RegisterKind(
    "events",
    _("Register of events"),
    "handelser",
    "events",
    (
        RegisterColumn(_("Number")),
        RegisterColumn(_("When")),
        RegisterColumn(_("What")),
        RegisterColumn(_("Details"), is_shown=False),
        RegisterColumn(_("Who")),
        RegisterColumn(_("On what")),
    ),
    _events,
    _event_lines,
    {NEWEST: ("-sequence",), OLDEST: ("sequence",)},
    ("actor", "principal", "request__order"),
    ("order__requests",),
    fields=("cause", "person", "actor", "since", "until", "order"),
    causes=tuple((key, name) for key, (name, _begin) in events_forms.KINDS.items()),
    cause_label=_("What"),
    period=_("The days are those on which it happened."),
    is_auditors=True,
)

REGISTERS: Mapping[str, RegisterKind] = {one.key: one for one in (CASES, RIGHTS, REMOVALS, FINDINGS, EVENTS)}
