"""Spans for OpenTelemetry, where `OTEL_EXPORTER_OTLP_ENDPOINT` is set: of pages, tasks, questions asked.

Our own spans and not those of an instrumentation: these hold whole addresses, and ours hold names of pages
and tasks, codes, and the ids of cases. Where no endpoint is set nothing of OpenTelemetry is imported here.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Tracer

log = logging.getLogger(__name__)

SERVICE = "behorighetsvagen"


class Traced:
    """What is told of one thing that is done: nothing, where no traces are wanted."""

    def name(self, name: str) -> None:
        """Call it otherwise: what it is called is known only when it is done."""

    def tell(self, facts: Mapping[str, str | int]) -> None:
        """Codes and numbers about it; never anything about a person."""

    def failed(self, code: str) -> None:
        """Say that it failed, by a code."""


class _Told(Traced):
    def __init__(self, span: Any):
        self._span = span

    def name(self, name: str) -> None:
        self._span.update_name(name)

    def tell(self, facts: Mapping[str, str | int]) -> None:
        self._span.set_attributes(facts)

    def failed(self, code: str) -> None:
        from opentelemetry.trace import Status, StatusCode

        self._span.set_status(Status(StatusCode.ERROR, code))


@contextmanager
def span(name: str, *, caused_by: Mapping[str, str] | None = None) -> Iterator[Traced]:
    """Trace what is done within. Of an exception only its type is told: its text may hold anything.

    `caused_by`: what `carried` gave where this was asked for, so that both stand in one trace.
    """
    tracer = _tracer()
    if tracer is None:
        yield Traced()
        return
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    context = TraceContextTextMapPropagator().extract(caused_by) if caused_by else None
    with tracer.start_as_current_span(
        name, context, record_exception=False, set_status_on_exception=False
    ) as begun:
        told = _Told(begun)
        try:
            yield told
        except BaseException as exc:
            told.failed(type(exc).__name__)
            raise


def carried() -> dict[str, str]:
    """The span that is open, as headers for whoever goes on elsewhere (W3C Trace Context); empty for none."""
    headers: dict[str, str] = {}
    if _tracer() is not None:
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        TraceContextTextMapPropagator().inject(headers)
    return headers


def concerns(case_id: UUID, what: str) -> None:
    """Tell the span that is open that something happened to a case: which, and the action's code."""
    if _tracer() is None:
        return
    from opentelemetry import trace

    trace.get_current_span().add_event(what, {"case.id": str(case_id)})


@cache
def _tracer() -> Tracer | None:
    """Made at its first use, in each process anew: what sends does not outlive a fork."""
    endpoint = settings.OTEL_EXPORTER_OTLP_ENDPOINT
    if not endpoint:
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    exporter = OTLPSpanExporter(endpoint=endpoint.rstrip("/") + "/v1/traces")
    return _made(exporter, BatchSpanProcessor)


def _made(exporter: SpanExporter, processor: Any) -> Tracer:
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    provider = TracerProvider(resource=Resource({"service.name": SERVICE}))
    provider.add_span_processor(processor(exporter))
    return provider.get_tracer(SERVICE)
