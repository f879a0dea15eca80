"""The five registers: what each is read from, what narrows it, and how its rows are written.

Everybody reads in them what they may read elsewhere. A protected person's name and HSA-id stand in no row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
    """One column of a file; `is_shown`: also of the page. `value`: what this reader reads in it of a row."""

    heading: Text
    value: Callable[[User, Any], object]
    is_shown: bool = True


@dataclass(frozen=True, slots=True)
class RegisterLine:
    """A row as text, cell by cell, and its page where it has one."""

    url: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RegisterKind:
    """One register. `find` gives the rows, read with what is `related`; `url` is the page of one.

    `seen` is what the columns read: the rows themselves, or what a list makes of them.
    """

    key: str
    heading: Text
    address: str
    list_page: str  # the list that it stands beside
    columns: tuple[RegisterColumn, ...]
    find: Callable[[User, Wanted, Sequence[str]], QuerySet[Any]]
    url: Callable[[Any], str]
    orders: Mapping[str, tuple[str, ...]]
    related: tuple[str, ...]
    prefetched: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    states: Choices = ()
    causes: Choices = ()
    cause_label: Text = ""
    period: Text = ""  # what the days are about
    is_auditors: bool = False
    seen: Callable[[User, Sequence[Any]], Iterable[Any]] = lambda _user, rows: rows

    @property
    def shown(self) -> list[int]:
        """The numbers of the columns that the page shows."""
        return [number for number, column in enumerate(self.columns) if column.is_shown]

    def lines(self, user: User, rows: Sequence[Any]) -> list[RegisterLine]:
        """The rows as this reader reads them."""
        return [
            RegisterLine(self.url(row), tuple(str(column.value(user, row)) for column in self.columns))
            for row in self.seen(user, rows)
        ]


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


def _persons_id(viewer: User, row: AccessRequest | Grant | Removal | Finding) -> str:
    return "" if words.is_hidden(viewer, row) else row.subject_hsa_id


def _moment(at: datetime | None) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}" if at else ""


def _column(heading: Text, value: Callable[[Any], object], *, is_shown: bool = True) -> RegisterColumn:
    """One that says the same to every reader."""
    return RegisterColumn(heading, lambda _user, row: value(row), is_shown)


def _done_by(heading: Text, who: Callable[[Any], User | None]) -> RegisterColumn:
    return RegisterColumn(heading, lambda user, row: _actor(user, who(row)), is_shown=False)


_ORDERS = {NEWEST: ("-pk",), OLDEST: ("pk",), LONGEST: ("state_since", "pk")}
_ALL_FIELDS = (
    *("state", "cause", "service", "unit", "below", "person", "actor", "since", "until", "age", "order"),
)
_PERSON = (
    RegisterColumn(_("Person"), words.name_or_id),
    RegisterColumn(_("The person's HSA-id"), _persons_id, is_shown=False),
)
_ACCESS = _column(_("Access"), words.what)
_PLACE = (
    _column(_("Unit"), rights_words.unit_name),
    _column(_("The unit's HSA-id"), lambda row: row.wanted_unit_hsa_id or row.unit_hsa_id, is_shown=False),
)
_STATE = _column(_("State"), lambda row: row.get_state_display())
_SINCE = _column(_("Since"), lambda row: _moment(row.state_since))


# -- cases --------------------------------------------------------------------------------------------------


def _cases(user: User, wanted: Wanted, unit_keys: Sequence[str]) -> QuerySet[Any]:
    is_narrowed = bool(wanted.state) and wanted.state not in (OPEN_ONES, ENDED_ONES)
    rows = access.searched_requests(user, is_narrowed=is_narrowed)
    rows = rows.filter(_common(wanted, unit_keys, _values(OPEN)))
    rows = rows.filter(_between(wanted, "order__created_at"))
    if wanted.actor is not None:
        rows = rows.filter(pk__in=_acted(wanted.actor.folded, "pk"))
    return rows


CASES = RegisterKind(
    "cases",
    _("Register of cases"),
    "arenden",
    "cases",
    (
        _column(_("Number"), lambda row: row.case_number),
        _column(_("Number in another system"), lambda row: row.order.external_number or ""),
        *_PERSON,
        _ACCESS,
        *_PLACE,
        _STATE,
        _SINCE,
        _column(_("Ordered"), lambda row: _moment(row.order.created_at), is_shown=False),
        _column(_("First day"), lambda row: row.starts_on.isoformat(), is_shown=False),
        _column(_("Last day"), lambda row: row.ends_on.isoformat(), is_shown=False),
        _done_by(_("Ordered by"), lambda row: row.order.orderer),
        _done_by(_("Approved by"), lambda row: row.attester),
        _done_by(_("Second approver"), lambda row: row.second_attester),
        _done_by(_("Carried out in KIV by"), lambda row: row.carried_out_by),
    ),
    _cases,
    lambda row: reverse("case", args=[row.public_id]),
    _ORDERS,
    ("order__orderer", "attester", "second_attester", "carried_out_by"),
    fields=("state", "service", "unit", "below", "person", "actor", "since", "until", "age", "order"),
    states=(*_OPEN_OR_ENDED, *((str(value), label) for value, label in StateChoice.choices)),
    period=_("The days are those on which it was ordered."),
)


# -- rights -------------------------------------------------------------------------------------------------


def _rights(user: User, wanted: Wanted, unit_keys: Sequence[str]) -> QuerySet[Any]:
    rows = access.searched_grants(user).filter(_common(wanted, unit_keys, _values(LIVING)))
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


RIGHTS = RegisterKind(
    "rights",
    _("Register of rights"),
    "behorigheter",
    "grants",
    (
        *_PERSON,
        _ACCESS,
        *_PLACE,
        _STATE,
        _column(_("First day"), lambda row: row.starts_on.isoformat(), is_shown=False),
        _column(_("Last day"), lambda row: row.ends_on.isoformat()),
        _column(_("Why it ends"), lambda row: row.get_end_cause_display()),
        _column(_("Next review"), lambda row: row.next_review_on.isoformat(), is_shown=False),
        _column(_("Number"), lambda row: row.origin.case_number, is_shown=False),
        _done_by(_("Ordered by"), lambda row: row.origin.order.orderer),
    ),
    _rights,
    lambda row: reverse("grant", args=[row.public_id]),
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
    rows = access.searched_removals(user).filter(
        _common(wanted, unit_keys, _values(REMOVAL_OPEN)), _between(wanted, "started_at")
    )
    if wanted.cause:
        rows = rows.filter(cause=wanted.cause)
    if wanted.actor is not None:
        rows = rows.filter(Q(started_by=wanted.actor.folded) | Q(carried_out_by=wanted.actor.folded))
    return rows


REMOVALS = RegisterKind(
    "removals",
    _("Register of removals"),
    "borttagningar",
    "grants",
    (
        _column(_("Number"), str),
        *_PERSON,
        _ACCESS,
        *_PLACE,
        _column(_("Why it ends"), lambda row: row.get_cause_display()),
        _STATE,
        _SINCE,
        _column(_("Started"), lambda row: _moment(row.started_at), is_shown=False),
        _done_by(_("Started by"), lambda row: row.started_by),
        _done_by(_("Carried out in KIV by"), lambda row: row.carried_out_by),
    ),
    _removals,
    lambda row: reverse("removal", args=[row.public_id]),
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


FINDINGS = RegisterKind(
    "findings",
    _("Register of differences"),
    "avvikelser",
    "findings",
    (
        _column(_("Found"), lambda row: _moment(row.found_at)),
        *_PERSON,
        _ACCESS,
        _column(_("Unit"), lambda row: row.unit_name or row.unit_hsa_id),
        _column(_("The unit's HSA-id"), lambda row: row.unit_hsa_id, is_shown=False),
        _column(_("What does not match"), lambda row: findings_words.sentence(row.what)),
        _STATE,
        replace(_SINCE, is_shown=False),
        _column(_("Who resolves it"), findings_words.who_resolves, is_shown=False),
        _done_by(_("Resolved by"), lambda row: row.settled_by),
    ),
    _findings,
    lambda row: reverse("finding", args=[row.public_id]),
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


EVENTS = RegisterKind(
    "events",
    _("Register of events"),
    "handelser",
    "events",
    (
        _column(_("Number"), lambda row: row.number),
        _column(
            _("When"),
            lambda row: f"{timezone.localtime(row.event.at):%Y-%m-%d %H:%M:%S}" if row.event.at else "",
        ),
        _column(_("What"), lambda row: row.event.heading),
        _column(_("Details"), lambda row: row.event.text, is_shown=False),
        _column(_("Who"), lambda row: row.event.by),
        _column(_("On what"), lambda row: row.about),
    ),
    _events,
    lambda row: str(row.url),
    {NEWEST: ("-sequence",), OLDEST: ("sequence",)},
    ("actor", "principal", "request__order"),
    ("order__requests",),
    fields=("cause", "person", "actor", "since", "until", "order"),
    causes=tuple((key, name) for key, (name, _begin) in events_forms.KINDS.items()),
    cause_label=_("What"),
    period=_("The days are those on which it happened."),
    is_auditors=True,
    seen=events_page.rows_of,
)

REGISTERS: Mapping[str, RegisterKind] = {one.key: one for one in (CASES, RIGHTS, REMOVALS, FINDINGS, EVENTS)}
