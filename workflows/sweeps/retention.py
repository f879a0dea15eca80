"""The sweep that removes what has been kept long enough, with what the engine holds of it.

One transaction to a case; a sweep that is stopped goes on where it was, and one with nothing to do leaves
no trace. Locks in the usual order: processes, requests, the chain's head.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from viewflow.workflow.models import Process, Task

from provisioning import retention
from provisioning.retention import Others
from provisioning.rules.dates.retention import Horizon
from workflows.models import AccessProcess, RemovalProcess

log = logging.getLogger(__name__)

CASES = 200  # in one sweep
OTHERS = 2000
EVENTS = 10_000
OF_CASES = ("cases", "requests", "first_case", "last_case", "removals")


@dataclass(slots=True)
class Removed:
    """What one or more sweeps have removed, or would remove."""

    cases: int = 0
    requests: int = 0
    first_case: str = ""
    last_case: str = ""
    removals: int = 0  # of rights that the tool had not given
    others: Others = field(default_factory=Others)
    events: int = 0
    is_all: bool = True  # nothing more is due

    def add(self, more: Removed) -> None:
        self.first_case = self.first_case or more.first_case
        self.last_case = more.last_case or self.last_case
        self.cases += more.cases
        self.requests += more.requests
        self.removals += more.removals
        self.others += more.others
        self.events += more.events
        self.is_all = more.is_all


def plan() -> Removed:
    """What is due now. Writes nothing."""
    horizon = retention.horizon()
    cases = retention.due_cases(horizon)
    numbers = cases.values_list("case_number", flat=True)
    return Removed(
        cases=cases.count(),
        requests=retention.requests_of(cases).count(),
        first_case=numbers.first() or "",
        last_case=numbers.last() or "",
        removals=retention.due_removals(horizon).count(),
        others=retention.count_others(horizon),
        events=retention.count_events(horizon),
    )


def sweep_all(*, seconds: float | None = None) -> Removed:
    """Sweep until nothing is due, or until so many seconds have passed."""
    started, total = time.monotonic(), Removed(is_all=False)
    while not total.is_all and (seconds is None or time.monotonic() - started < seconds):
        total.add(sweep())
    return total


def sweep() -> Removed:
    """Remove a bounded part of what is due."""
    horizon = retention.horizon()
    removed = Removed()
    cases = _first(retention.due_cases(horizon))
    removals = _first(retention.due_removals(horizon))
    for remove, due in ((_remove_case, cases), (_remove_removal, removals)):
        for pk in due:
            try:
                removed.add(remove(pk, horizon))
            except IntegrityError as exc:  # something refers to it after all: it stays, and stops no other
                log.error("retention: %s of %s failed: %s", remove.__name__, pk, type(exc).__name__)
    about_cases = (
        {name: getattr(removed, name) for name in OF_CASES} if removed.cases + removed.removals else {}
    )
    removed.others = retention.remove_others(horizon, limit=OTHERS, **about_cases)
    removed.events = retention.cut_events(horizon, limit=EVENTS)
    most_cases = max(removed.cases, removed.removals)
    removed.is_all = most_cases < CASES and removed.others.most < OTHERS and removed.events < EVENTS
    _log(removed)
    return removed


def _first(due: QuerySet[Any]) -> list[int]:
    return list(due.values_list("pk", flat=True)[:CASES])


@transaction.atomic
def _remove_case(pk: int, horizon: Horizon) -> Removed:
    requests = _locked(AccessProcess.objects.filter(request__order=pk))
    removals = _locked(RemovalProcess.objects.filter(removal__grant__origin__order=pk))
    order = retention.claim_case(pk, horizon)
    if order is None:
        return Removed()
    count = retention.remove_case(order, **_forget_processes([*requests, *removals]))
    number = str(order.case_number)
    return Removed(cases=1, requests=count, first_case=number, last_case=number)


@transaction.atomic
def _remove_removal(pk: int, horizon: Horizon) -> Removed:
    processes = _locked(RemovalProcess.objects.filter(removal=pk))
    removal = retention.claim_removal(pk, horizon)
    if removal is None:
        return Removed()
    retention.remove_removal(removal, **_forget_processes(processes))
    return Removed(removals=1)


def _locked(processes: QuerySet[Any]) -> list[int]:
    return [process.pk for process in processes.select_for_update(of=("self",)).order_by("pk")]


def _forget_processes(keys: list[int]) -> dict[str, int]:
    """Remove the engine's rows: processes and tasks. Returns how many."""
    tasks = Task.objects.filter(process__in=keys).count()
    Process.objects.filter(pk__in=keys).delete()
    return {"processes": len(keys), "tasks": tasks}


def _log(removed: Removed) -> None:
    if removed.cases or removed.removals or removed.events:
        log.info(
            "retention: %d cases (%s to %s), %d removals and %d events removed",
            removed.cases, removed.first_case, removed.last_case, removed.removals, removed.events,
        )  # fmt: skip
