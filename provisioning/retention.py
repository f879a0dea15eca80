"""Removing what has been kept long enough: cases, removals, delegations, messages, names, old events.

Nobody asks for it and the directory is not asked: only time decides. A case goes whole or not at all, and
never while it is open, while the right it gave may live, or while something refers to it that this file
does not know. Every removal is itself recorded, by numbers and counts. What is kept keeps its events.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, astuple, dataclass
from datetime import date, datetime, time
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, Min, Model, OuterRef, Q, QuerySet

from provisioning import dates
from provisioning.audit import cut, events
from provisioning.models import (
    Absence,
    AccessRequest,
    AuditEntry,
    CalendarFeed,
    Delegation,
    Evidence,
    Finding,
    Grant,
    Handler,
    Incident,
    NoticeChoice,
    Order,
    OutgoingMessage,
    Removal,
    Review,
    ReviewItem,
    SavedView,
    TeamMember,
    User,
)
from provisioning.rules.dates import retention as rules
from provisioning.rules.dates.periods import STOCKHOLM
from provisioning.rules.dates.retention import Horizon
from provisioning.rules.states.request import OPEN, RequestState
from provisioning.rules.states.right import LIVING, REMOVAL_OPEN

log = logging.getLogger(__name__)

_State = OutgoingMessage.Delivery
_SETTLED = (
    _State.SENT,
    _State.FAILED,
    _State.NO_ADDRESS,
    _State.UNUSABLE_ADDRESS,
    _State.OUT_OF_DATE,
    _State.IN_DIGEST,
    _State.PAGE_ONLY,
)

# What refers to a part of a case and goes with it, or (the events) stays without it. What is not named here
# came later: it keeps the case until somebody has decided.
_GOES_WITH_IT: dict[type[Model], set[str]] = {
    AccessRequest: {
        "handlers", "evidence", "messages", "incidents", "process", "audit_entries", "first_grant", "readers",
        "questions",
    },
    Grant: {"requests", "notices", "removals", "readers"},
    Removal: {"handlers", "evidence", "messages", "incidents", "process", "readers", "questions"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Others:
    """How much beside cases there is to remove, or was removed."""

    messages: int = 0
    delegations: int = 0
    names: int = 0
    reviews: int = 0  # these two hold the cases of the rights they are about until they have gone
    findings: int = 0
    incidents: int = 0
    team_tasks: int = 0

    def __add__(self, more: Others) -> Others:
        return Others(*(mine + theirs for mine, theirs in zip(astuple(self), astuple(more), strict=True)))

    @property
    def most(self) -> int:
        """How many of the kind there was most of."""
        count: int = max(astuple(self))
        return count


def horizon() -> Horizon:
    """The days before which things may go, by the settings, today."""
    limits = rules.Limits(
        settings.RETENTION_CASES_YEARS, settings.RETENTION_AUDIT_YEARS, settings.RETENTION_MESSAGES_DAYS
    )
    return rules.horizon(limits, on=dates.today())


# -- cases ---------------------------------------------------------------------------------------------------


def due_cases(horizon: Horizon) -> QuerySet[Order]:
    """Orders that have ended, with the rights they gave and those rights' removals, before the horizon.

    Oldest first.
    """
    moment = _start_of(horizon.cases)
    requests = AccessRequest.objects.filter(order=OuterRef("pk"))
    young = _young_requests(horizon)
    of_the_same_right = Exists(young.filter(grant=OuterRef("grant")))
    given_or_prolonged = _kept_grants(horizon).filter(Q(pk=OuterRef("grant")) | Q(origin=OuterRef("pk")))
    kept = requests.filter(
        Exists(young.filter(pk=OuterRef("pk"))) | of_the_same_right | Exists(given_or_prolonged)
    )
    return Order.objects.filter(created_at__lt=moment).exclude(Exists(kept)).order_by("pk")


def due_removals(horizon: Horizon) -> QuerySet[Removal]:
    """Removals of what the tool had not given, that ended before the horizon. Others go with their right."""
    loose = Removal.objects.filter(grant=None, case_number__isnull=False)
    return loose.exclude(pk__in=_kept_removals(horizon).values("pk")).order_by("pk")


def requests_of(cases: QuerySet[Order]) -> QuerySet[AccessRequest]:
    return AccessRequest.objects.filter(order__in=cases.order_by().values("pk"))


def claim_case(pk: int, horizon: Horizon) -> Order | None:
    """Lock the order's requests; None when it is gone or not due any more. Inside a transaction."""
    list(AccessRequest.objects.select_for_update(of=("self",)).filter(order=pk).order_by("pk"))
    return due_cases(horizon).filter(pk=pk).first()


def claim_removal(pk: int, horizon: Horizon) -> Removal | None:
    """Lock the removal; None when it is gone or not due any more. Inside a transaction."""
    list(Removal.objects.select_for_update().filter(pk=pk))
    return due_removals(horizon).filter(pk=pk).first()


def remove_case(order: Order, **counts: Any) -> int:
    """Remove a claimed order with all that belongs to it, and record that. Returns how many requests it had.

    `counts`: what the caller has removed of it already. In the transaction of the claim.
    """
    rows = AccessRequest.objects.filter(order=order)
    grants = Grant.objects.filter(origin__in=rows)
    removals = Removal.objects.filter(grant__in=grants)
    is_protected = any(table.filter(subject_is_protected=True).exists() for table in (rows, grants, removals))
    # What hides the older events about them from exports: `exports.hidden`.
    things = [str(one) for table in (grants, removals) for one in table.values_list("public_id", flat=True)]
    gone = _ids(rows, grants, removals)
    counts |= _remove_parts(Q(request__in=rows) | Q(removal__in=removals))
    counts["messages"] += _delete(
        OutgoingMessage.objects.filter(Q(cause__order=order) | Q(cause__about__in=things))
    )
    counts["removals"] = _delete(removals)
    AccessRequest.objects.filter(grant__in=grants).update(grant=None)
    counts["grants"] = _delete(grants)
    counts["requests"] = count = _delete(rows)
    if is_protected:
        counts["things"] = things
    events.record(
        events.Action.CASE_REMOVED, actor=None, order=order, protected=is_protected, deleted=gone, **counts
    )
    Order.objects.filter(pk=order.pk).delete()
    return count


def remove_removal(removal: Removal, **counts: Any) -> None:
    """Remove a claimed removal with all that belongs to it, and record that. As `remove_case`."""
    counts |= _remove_parts(Q(removal=removal))
    counts["messages"] += _delete(OutgoingMessage.objects.filter(cause__about=removal.public_id))
    events.record(
        events.Action.CASE_REMOVED, actor=None, about=removal, number=removal.case_number,
        protected=removal.subject_is_protected, deleted=[removal.public_id.hex], **counts,
    )  # fmt: skip
    Removal.objects.filter(pk=removal.pk).delete()


def _ids(*tables: QuerySet[Any]) -> list[str]:
    """The public ids of what goes, as the entry names it: from then on nobody expects it in its table."""
    return [one.hex for table in tables for one in table.values_list("public_id", flat=True)]


def _remove_parts(of: Q) -> dict[str, int]:
    return {
        "messages": _delete(OutgoingMessage.objects.filter(of)),
        "evidence": _delete(Evidence.objects.filter(of)),
        "handlers": _delete(Handler.objects.filter(of)),
    }


def _young_requests(horizon: Horizon) -> QuerySet[AccessRequest]:
    """Open, ended lately, given for a time that ran out lately, or held by something unknown."""
    return AccessRequest.objects.filter(
        Q(state__in=[state.value for state in OPEN])
        | Q(state_since__gte=_start_of(horizon.cases))
        | Q(state=RequestState.DONE.value, ends_on__gte=horizon.cases)
        | _is_held(AccessRequest)
    )


def _kept_grants(horizon: Horizon) -> QuerySet[Grant]:
    """Rights that live, have ended lately, or whose removal is kept."""
    return Grant.objects.filter(
        Q(state__in=[state.value for state in LIVING])
        | Q(ended_at__gte=_start_of(horizon.cases))
        | Exists(_kept_removals(horizon).filter(grant=OuterRef("pk")))
        | _is_held(Grant)
    )


def _kept_removals(horizon: Horizon) -> QuerySet[Removal]:
    return Removal.objects.filter(
        Q(state__in=[state.value for state in REMOVAL_OPEN])
        | Q(state_since__gte=_start_of(horizon.cases))
        | _is_held(Removal)
    )


def _is_held(model: type[Model]) -> Q:
    """Something that is not known as a part of a case refers to the row."""
    held = Q(pk__in=[])
    for relation in model._meta.related_objects:
        if relation.get_accessor_name() not in _GOES_WITH_IT[model]:
            rows = relation.related_model._base_manager.filter(**{relation.field.name: OuterRef("pk")})
            held |= Q(Exists(rows))
    return held


# -- delegations, messages, names ----------------------------------------------------------------------------


def due_messages(horizon: Horizon) -> QuerySet[OutgoingMessage]:
    """Messages that nobody waits for any more."""
    old = OutgoingMessage.objects.filter(created_at__lt=_start_of(horizon.messages))
    return old.filter(state__in=_SETTLED).order_by("pk")


def due_delegations(horizon: Horizon) -> QuerySet[Delegation]:
    """Delegations that ended before the horizon and by which nothing was done in a case that is kept."""
    used = AccessRequest.objects.filter(
        Q(ordered_for=OuterRef("principal")) | Q(attested_for=OuterRef("principal"))
    )
    ended = Delegation.objects.filter(ended_at__lt=_start_of(horizon.cases), handlers=None)
    return ended.exclude(Exists(used)).order_by("pk")


def due_reviews(horizon: Horizon) -> QuerySet[Review]:
    """Reviews that were closed before the horizon, with what was decided in them."""
    return Review.objects.filter(closed_at__lt=_start_of(horizon.cases)).order_by("pk")


def due_findings(horizon: Horizon) -> QuerySet[Finding]:
    """Findings that have been over since before the horizon."""
    over = Finding.objects.filter(state=Finding.State.OVER, state_since__lt=_start_of(horizon.cases))
    return over.order_by("pk")


def due_incidents(horizon: Horizon) -> QuerySet[Incident]:
    """What the operators had to look after, over for as long as mails are kept. Cases take theirs along."""
    return Incident.objects.filter(over_at__lt=_start_of(horizon.messages)).order_by("pk")


def due_team_tasks(horizon: Horizon) -> QuerySet[TeamMember]:
    """Tasks in a unit's team that were over before the horizon."""
    is_over = Q(ended_at__lt=_start_of(horizon.cases)) | Q(ends_on__lt=horizon.cases)
    return TeamMember.objects.filter(is_over).order_by("pk")


def due_names(horizon: Horizon) -> QuerySet[User]:
    """Users whose name is not needed any more, only their HSA-id in the event log.

    A person who comes back is given the name by the directory at log-in.
    """
    moment = _start_of(horizon.cases)
    users = User.objects.exclude(name="").filter(Q(last_login=None) | Q(last_login__lt=moment))
    users = users.exclude(Exists(AccessRequest.objects.filter(subject_key=OuterRef("pk"))))
    for relation in User._meta.related_objects:
        if relation.related_model is SavedView:
            continue  # goes with the name
        rows = relation.related_model._base_manager.filter(**{relation.field.name: OuterRef("pk")})
        if relation.related_model is AuditEntry:
            rows = rows.filter(at__gte=moment)
        users = users.exclude(Exists(rows))
    return users.order_by("pk")


def count_others(horizon: Horizon) -> Others:
    """How much beside cases is due, without touching it."""
    due = (
        *(due_messages, due_delegations, due_names, due_reviews, due_findings, due_incidents),
        due_team_tasks,
    )
    return Others(*(rows(horizon).count() for rows in due))


def _forget_names(users: QuerySet[User]) -> int:
    SavedView.objects.filter(user__in=users.order_by().values("pk")).delete()
    CalendarFeed.objects.filter(person_key__in=users.order_by().values("pk")).delete()
    NoticeChoice.objects.filter(person_key__in=users.order_by().values("pk")).delete()
    Absence.objects.filter(person_key__in=users.order_by().values("pk")).delete()
    return users.update(name="")


@transaction.atomic
def remove_others(horizon: Horizon, *, limit: int, **about_cases: Any) -> Others:
    """Remove at most so many of each kind, and record the whole sweep; nothing removed leaves no record.

    `about_cases`: what the sweep has removed of cases: counts, and the first and last case number.
    """
    delegations, reviews = (_first(due(horizon), limit) for due in (due_delegations, due_reviews))
    items = ReviewItem.objects.filter(review__in=reviews.order_by().values("pk"))
    gone: dict[str, Any] = {"deleted": ids} if (ids := _ids(delegations, reviews, items)) else {}
    removed = Others(
        _delete(_first(due_messages(horizon), limit)),
        _delete(delegations),
        _forget_names(_first(due_names(horizon), limit)),
        _delete(reviews),
        _delete(_first(due_findings(horizon), limit)),
        _delete(_first(due_incidents(horizon), limit)),
        _delete(_first(due_team_tasks(horizon), limit)),
    )
    if about_cases or removed != Others():
        events.record(
            events.Action.RETENTION_SWEPT,
            actor=None,
            **asdict(removed),
            **gone,
            **about_cases,
        )
    return removed


def _first(rows: QuerySet[Any], limit: int) -> QuerySet[Any]:
    """The first of them by key: neither database deletes or updates a part of a query."""
    chosen: QuerySet[Any] = rows.model._default_manager.filter(
        pk__in=list(rows.values_list("pk", flat=True)[:limit])
    )
    return chosen


def _delete(rows: QuerySet[Any]) -> int:
    """How many of these rows were removed, not counting what went along."""
    return rows.delete()[1].get(rows.model._meta.label, 0)


# -- the event log -------------------------------------------------------------------------------------------


def count_events(horizon: Horizon) -> int:
    """How many events could be cut off if what is due now were gone already."""
    return cut.count(through=cut.last_before(_needed(horizon, is_trial=True)))


def cut_events(horizon: Horizon, *, limit: int) -> int:
    """Cut the oldest events off, at most so many. Returns how many went.

    Where they are not what was signed nothing is cut: they are evidence, and `verify_audit` names them.
    """
    through = cut.last_before(_needed(horizon), limit=limit)
    if not through:
        return 0
    if not cut.is_sound(through=through):
        log.critical("old events are not removed: audit.chain_broken, run verify_audit")
        return 0
    return cut.cut(through=through, reason="retention")


def _needed(horizon: Horizon, *, is_trial: bool = False) -> Q:
    """Events that are young, about what is kept, the cause of a message, or not older than a delegation."""
    kept = _all_that_is_kept(horizon, is_trial)
    moment = _start_of(horizon.audit)
    oldest = kept[Delegation].aggregate(at=Min("created_at"))["at"]
    return (
        Q(at__gte=min(moment, oldest) if oldest else moment)
        | Q(Exists(kept[Order].filter(case_number=OuterRef("order_id"))))
        | Q(Exists(kept[Grant].filter(public_id=OuterRef("about"))))
        | Q(Exists(kept[Removal].filter(public_id=OuterRef("about"))))
        | Q(Exists(kept[Finding].filter(public_id=OuterRef("about"))))
        | Q(Exists(kept[OutgoingMessage].filter(cause=OuterRef("pk"))))
    )


def _all_that_is_kept(horizon: Horizon, is_trial: bool) -> dict[type[Model], QuerySet[Any]]:
    tables = (Order, Grant, Removal, Finding, OutgoingMessage, Delegation)
    kept: dict[type[Model], QuerySet[Any]] = {table: table._default_manager.all() for table in tables}
    if is_trial:
        cases, removals = due_cases(horizon).values("pk"), due_removals(horizon).values("pk")
        kept[Order] = kept[Order].exclude(pk__in=cases)
        kept[Grant] = kept[Grant].exclude(origin__order__in=cases)
        kept[Removal] = kept[Removal].exclude(pk__in=removals).exclude(grant__origin__order__in=cases)
        kept[Finding] = kept[Finding].exclude(pk__in=due_findings(horizon).values("pk"))
        kept[Delegation] = kept[Delegation].exclude(pk__in=due_delegations(horizon).values("pk"))
        kept[OutgoingMessage] = (
            kept[OutgoingMessage]
            .exclude(pk__in=due_messages(horizon).values("pk"))
            .exclude(cause__order__in=due_cases(horizon).values("case_number"))
        )
    return kept


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=STOCKHOLM)
