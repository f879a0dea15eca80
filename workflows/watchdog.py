"""No case stays with the tool for longer than it may: then the operators have it, with the cause in writing.

Looked at every minute, and by work itself that has failed too often. It is over by itself when the case goes
on. Each automatic state has a limit. Source: domain §6 (don't know decides nothing, but somebody must know).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from viewflow.workflow.models import Task

from provisioning import dates
from provisioning.incidents import record, tell
from provisioning.models import AccessRequest, Case, Incident, IncidentKind, Removal
from provisioning.rules.dates.automatic import Stall, TimeLimit, Work, why_stalled
from provisioning.rules.states.request import WAITING_ON, RequestState, Waiting
from provisioning.rules.states.right import REMOVAL_OPEN, RemovalState
from workflows.alone import alone
from workflows.engine import leases
from workflows.engine.nodes import OPEN_TASK

AUTOMATIC = frozenset(state for state, whose in WAITING_ON.items() if whose is Waiting.TOOL)
REMOVAL_AUTOMATIC = REMOVAL_OPEN - {RemovalState.AWAITING_KIV}
IN_ONE_ROUND = 1000  # the oldest first: the next round comes in a minute
FORGOTTEN_AFTER = timedelta(days=3)  # an entry or piece that has not been met again: every round comes daily

C = TypeVar("C", AccessRequest, Removal)


def look_all() -> int:
    """Hand over what stands still for too long, take back what goes on, and tell. Returns how many stand."""
    cases = {(case.KEY, case.pk): case for case in (*_with_incident(), *_suspects())}
    for case in cases.values():
        with alone(f"watching {case.KEY} {case.pk}"):
            look(case)
    _forget()
    tell.tell()
    return Incident.objects.standing().count()


@transaction.atomic
def look(case: Case) -> bool:
    """Say whether the case stands still for longer than it may, and see to it that it is said."""
    row = type(case)._default_manager.select_for_update(of=("self",)).get(pk=case.pk)
    found = _why(row)
    if found is None:
        record.resumed(row)
        return False
    why, since, detail = found
    record.stalled(row, code=why.value, detail=detail, since=since)
    return True


def goes_on(case: Case) -> None:
    """Its work was done as it should be: what stood still is over, unless it still is. In the flow's lock."""
    if case.incidents.standing().exists() and _why(case) is None:
        record.resumed(case)


def look_of(process_pk: int) -> None:
    """The same for whatever this process carries: its work has just failed, perhaps too often."""
    for kind in (AccessRequest, Removal):
        for case in kind._default_manager.filter(process=process_pk):
            look(case)


def is_automatic(case: Case) -> bool:
    """Say whether the tool itself has to take the case further now."""
    return case.STATES(case.state) in (REMOVAL_AUTOMATIC if case.is_removal else AUTOMATIC)


def limit_of(state: RequestState | RemovalState) -> TimeLimit:
    """How long work in an automatic state may be in trouble, and how long all of it may take."""
    trouble = timedelta(minutes=settings.AUTOMATIC_LIMIT_MINUTES)
    longest = trouble
    if state.value == RequestState.AWAITING_HSA.value:  # a removal's state has the same word
        longest = timedelta(hours=settings.AUTOMATIC_LIMIT_HSA_HOURS)
    elif state is RemovalState.VERIFYING:  # it may wait for an attested order that needs the value
        longest = timedelta(days=settings.RENEWAL_GRACE_DAYS) + trouble
    return TimeLimit(trouble, longest, settings.AUTOMATIC_TRIES)


def _why(case: Case) -> tuple[Stall, datetime, str] | None:
    """Why it stands still, since when, and the code that goes with it."""
    if not is_automatic(case):
        return None
    task = Task.objects.filter(process=case.process, status__in=OPEN_TASK).order_by("-pk").first()
    data = (task.data or {}) if task else {}
    work = Work(
        entered_at=case.state_since,
        since=_ought_to_go_on(case),
        due_at=task.scheduled if task else None,
        failing_since=leases.failing_since(data),
        failures=data.get(leases.FAILURES, 0),
        silent_since=case.trouble_since,
    )
    found = why_stalled(work, limit_of(case.STATES(case.state)), now=timezone.now())
    if found is None:
        return None
    detail = {Stall.FAILING: data.get("error", ""), Stall.SILENT: case.trouble_code}.get(found[0], "")
    return *found, detail


def _ought_to_go_on(case: Case) -> datetime:
    """From when on its time is counted: not before its first day, nor while it waits as was chosen."""
    if not isinstance(case, AccessRequest):
        return case.state_since
    zone = timezone.get_default_timezone()
    if case.current_state is RequestState.WAITING_FOR_COMMISSION and case.wait_until is not None:
        return datetime.combine(case.wait_until + timedelta(days=1), time.min, tzinfo=zone)
    if case.current_state is RequestState.CHECKING:
        return max(case.state_since, datetime.combine(case.starts_on, time.min, tzinfo=zone))
    return case.state_since


def _with_incident() -> Iterator[Case]:
    """Whatever the operators have now: it may go on, or have ended."""
    rows = Incident.objects.standing().filter(kind=IncidentKind.STALLED)
    for incident in rows.select_related("request", "removal"):
        case = incident.request or incident.removal
        if case is not None:
            yield case


def _suspects() -> Iterator[Case]:
    """Whatever may stand still; `look` decides. Few, where all is well."""
    today = dates.today()
    waits = Q(state=RequestState.WAITING_FOR_COMMISSION.value, wait_until__gte=today)
    waits |= Q(state=RequestState.CHECKING.value, starts_on__gt=today)
    yield from _suspects_of(AccessRequest.objects.all(), AUTOMATIC, waits)
    yield from _suspects_of(Removal.objects.all(), REMOVAL_AUTOMATIC, Q(pk__in=[]))


def _suspects_of(rows: QuerySet[C], states: Iterable[RequestState | RemovalState], waits: Q) -> Iterator[C]:
    """`waits`: what takes its time as it should, and is looked at only where its work is in trouble."""
    now = timezone.now()
    trouble = now - timedelta(minutes=settings.AUTOMATIC_LIMIT_MINUTES)
    tasks = Task.objects.filter(process=OuterRef("process"), status__in=OPEN_TASK)
    in_trouble = tasks.filter(Q(scheduled__lte=trouble) | Q(data__has_key=leases.FAILING_SINCE))
    has_no_work = ~Exists(tasks) & Q(state_since__lte=trouble)
    takes_long = Q(pk__in=[])
    for state in states:
        takes_long |= Q(state=state.value, state_since__lte=now - limit_of(state).all_of_it)
    found = rows.filter(state__in=[state.value for state in states]).filter(
        Exists(in_trouble) | has_no_work | Q(trouble_since__lte=trouble) | (takes_long & ~waits)
    )
    yield from found.order_by("state_since", "pk")[:IN_ONE_ROUND]


def _forget() -> None:
    """Entries and pieces that no round has met again: there are no rights any more, the case has ended."""
    gone = Incident.objects.standing().filter(seen_at__lt=timezone.now() - FORGOTTEN_AFTER)
    for kind in (IncidentKind.ENTRY, IncidentKind.PIECE):
        about = list(gone.filter(kind=kind).values_list("about", flat=True))
        if about:
            record.works_again(kind, about)
