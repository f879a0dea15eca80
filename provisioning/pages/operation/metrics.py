"""Metrics for Prometheus: what waits, how old it is, and what each process has measured. Nothing personal.

Open to whoever has METRICS_TOKEN; without that setting there is no such page.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.db.models import Count, Min, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from provisioning import heartbeats
from provisioning.audit.events import Action
from provisioning.models import AccessRequest, AuditEntry, Finding, Heartbeat, OutgoingMessage, Removal, Sweep
from provisioning.pages.operation import signs
from workflows import steps

if TYPE_CHECKING:
    from prometheus_client import Metric

_UNSENT = (
    OutgoingMessage.Delivery.QUEUED,
    OutgoingMessage.Delivery.SENDING,
    OutgoingMessage.Delivery.WAITING,
    OutgoingMessage.Delivery.FAILED,
)


@login_not_required
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The figures as text. 404 without METRICS_TOKEN, 401 without the right one, 503 without a database."""
    if not settings.METRICS_TOKEN:
        raise Http404
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    if not constant_time_compare(given, settings.METRICS_TOKEN):
        return HttpResponse(
            "token\n", status=401, content_type="text/plain", headers={"WWW-Authenticate": "Bearer"}
        )
    tables = CollectorRegistry(auto_describe=False)
    tables.register(Standing())
    try:
        text = generate_latest(tables)
    except DatabaseError:
        return HttpResponse("database\n", status=503, content_type="text/plain")
    return HttpResponse(text + generate_latest(_processes()), content_type=CONTENT_TYPE_LATEST)


def _processes() -> CollectorRegistry:
    """What the processes of this machine have measured; without a common folder, this one alone."""
    if not settings.PROMETHEUS_MULTIPROC_DIR:
        return REGISTRY
    together = CollectorRegistry()
    multiprocess.MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return together


class Standing(Collector):
    """What the tables say at this moment, in a handful of queries over what is open."""

    def collect(self) -> Iterator[Metric]:
        """Each figure once. Ages are in seconds; one that has no beginning is left out."""
        yield from _open_cases()
        yield from _messages()
        yield _ages("access_sweep_age_seconds", "Since the last comparison ended well.", "kind", _sweeps())
        yield _ages("access_heartbeat_age_seconds", "Since one was heard last.", "process", _heartbeats())
        yield _ages("access_audit_age_seconds", "Since the event log was secured so.", "how", _audit())
        due = _age(steps.oldest_due()) or 0
        yield GaugeMetricFamily("access_work_due_seconds", "How long the oldest work is due.", value=due)
        findings = Finding.objects.not_over().count()
        yield GaugeMetricFamily("access_open_findings", "Differences not settled.", value=findings)


def _open_cases() -> Iterator[Metric]:
    count = GaugeMetricFamily("access_open_cases", "Open cases, by step.", labels=["kind", "state"])
    oldest = GaugeMetricFamily(
        "access_oldest_case_seconds", "Age of the oldest, by step.", labels=["kind", "state"]
    )
    for kind, rows in (
        ("order", AccessRequest.objects.open()),
        ("removal", Removal.objects.open()),
    ):
        for state, number, since in _by_state(rows):
            count.add_metric([kind, state], number)
            oldest.add_metric([kind, state], _age(since) or 0)
    yield count
    yield oldest


def _by_state(rows: QuerySet[AccessRequest] | QuerySet[Removal]) -> Iterator[tuple[str, int, datetime]]:
    found = rows.order_by().values("state").annotate(number=Count("pk"), since=Min("state_since"))
    yield from found.values_list("state", "number", "since")


def _messages() -> Iterator[Metric]:
    unsent = OutgoingMessage.objects.filter(state__in=_UNSENT).order_by()
    count = GaugeMetricFamily("access_messages", "Mails that are not sent, by state.", labels=["state"])
    by_state = dict(unsent.values("state").annotate(number=Count("pk")).values_list("state", "number"))
    for state in _UNSENT:
        count.add_metric([state.value], by_state.get(state.value, 0))
    yield count


def _sweeps() -> dict[str, datetime | None]:
    ended = Sweep.objects.filter(outcome=Sweep.Outcome.COMPLETE).exclude(finished_at=None)
    return {
        name: ended.filter(condition).values_list("finished_at", flat=True).order_by("-finished_at").first()
        for name, condition in (("full", Q(is_full=True)), ("changes", Q(is_full=False)))
    }


def _heartbeats() -> dict[str, datetime | None]:
    heard = {kind.value: heartbeats.last(kind) for kind in Heartbeat.Process}
    return {name: one.beats_at if one else None for name, one in heard.items()}


def _audit() -> dict[str, datetime | None]:
    verified = AuditEntry.objects.filter(action=Action.AUDIT_VERIFIED.value).order_by("-sequence")
    return {
        "checkpoint": signs.checkpoint_at(),
        "verified": verified.values_list("at", flat=True).first(),
    }


def _ages(name: str, text: str, label: str, moments: dict[str, datetime | None]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for value, at in moments.items():
        age = _age(at)
        if age is not None:
            family.add_metric([value], age)
    return family


def _age(at: datetime | None) -> float | None:
    return None if at is None else max(0.0, (timezone.now() - at).total_seconds())
