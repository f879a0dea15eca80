"""A receiver of webhooks in the test's own process: real https on this machine, and what it was sent."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from django.utils import timezone
from standardwebhooks import Webhook

from provisioning.models import HookDelivery, Subscription
from provisioning.rules.event_kinds import EventKind
from provisioning.systems import keep
from provisioning.systems.keep import Scope
from provisioning.webhooks import subscribe
from tests.directory.certificates import Certificates
from workflows import tasks

CASE_KINDS = (EventKind.CASE_STARTED, EventKind.KIV_TASK_OPENED, EventKind.CASE_WITHDRAWN)


@dataclass
class Receiver:
    """What came, and what is answered: `answers` in turn, then 204."""

    url: str
    answers: list[int] = field(default_factory=list)
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def said(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _headers, body in self.came]

    @property
    def kinds(self) -> list[str]:
        return [one["type"] for one in self.said]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _body in self.came]

    def verify(self, secret: str) -> None:
        """Raises WebhookVerificationError if anything is not signed with it."""
        for headers, body in self.came:
            Webhook(secret).verify(body, headers)


@contextmanager
def receiver(found: Certificates) -> Iterator[Receiver]:
    """A receiver that runs until the end of the block."""

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(heard.answers.pop(0) if heard.answers else 204)
            self.send_header("Location", "https://elsewhere.invalid/")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Answering) as server:
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trust.load_cert_chain(found.cert, found.key)
        server.socket = trust.wrap_socket(server.socket, server_side=True)
        heard = Receiver(f"https://localhost:{server.server_port}/events")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        yield heard
        server.shutdown()
        thread.join()


def believe(settings: Any, ca: Path) -> None:
    """This machine may be told, and its certificate is believed."""
    settings.WEBHOOK_PRIVATE_HOSTS = ("localhost",)
    settings.WEBHOOK_CA_FILE = str(ca)


def told(
    heard: Receiver, kinds: Iterable[EventKind] = CASE_KINDS, *, tells_person: bool = False
) -> tuple[Subscription, str]:
    """A system that is told there."""
    system, _secret = keep.add("desk", name="The ticket desk", scopes=[Scope.READ_CASES])
    return subscribe.begin(system, url=heard.url, kinds=list(kinds), tells_person=tells_person, by=None)


def sweep(*, later: bool = False) -> None:
    """What the timetable does; `later`: after every pause."""
    if later:
        HookDelivery.objects.update(next_try_at=timezone.now() - timedelta(seconds=1))
    tasks.sweep_webhooks()
