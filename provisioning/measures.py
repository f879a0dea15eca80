"""What each process measures of itself, for the metrics page: questions to the directory, and pages.

With PROMETHEUS_MULTIPROC_DIR set, prometheus-client keeps the figures in that folder and adds those of all
processes of the machine; without it a process knows its own alone.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Histogram

from provisioning import traces

_QUESTION_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

DIRECTORY = Histogram(
    "access_directory_question_seconds",
    "Time of one question to the directory, by what came of it.",
    ["outcome"],
    buckets=_QUESTION_SECONDS,
)
PAGES = Histogram(
    "access_http_request_seconds",
    "Time of one answer of the web server, by the page's name, method and status.",
    ["page", "method", "status"],
    buckets=_QUESTION_SECONDS,
)


@contextmanager
def question_to_the_directory() -> Iterator[None]:
    """Measure one question: `answered`, or the code of the trouble or of LDAP's result (RFC 4511, 4.1.9)."""
    began, outcome = time.monotonic(), "answered"
    with traces.span("question to the directory") as span:
        try:
            yield
        except Exception as exc:
            outcome = str(getattr(exc, "code", type(exc).__name__))
            raise
        finally:
            span.tell({"outcome": outcome})
            DIRECTORY.labels(outcome).observe(time.monotonic() - began)
