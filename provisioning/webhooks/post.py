"""One POST to one network address: no redirect followed, nothing read but the status, and over in time."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Mapping

from django.conf import settings

from provisioning.webhooks import target
from provisioning.webhooks.target import HookTarget


class _Pinned(http.client.HTTPSConnection):
    """Connects to the address that was looked at, and asks for the certificate of the name."""

    def __init__(self, to: HookTarget, address: str):
        self._trust = ssl.create_default_context(cafile=settings.WEBHOOK_CA_FILE or None)
        super().__init__(to.host, to.port, timeout=settings.WEBHOOK_SECONDS, context=self._trust)
        self._address = address

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), timeout=self.timeout)
        self.sock = self._trust.wrap_socket(plain, server_hostname=self.host, do_handshake_on_connect=False)
        self.sock.do_handshake()

    def cut(self) -> None:
        """End it from outside: whoever waits for it is told that it is over."""
        with contextlib.suppress(OSError, AttributeError):
            self.sock.shutdown(socket.SHUT_RDWR)


def post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """The status of the answer. Raises OSError or HTTPException where none came in time."""
    to = target.of(url)
    connection = _Pinned(to, target.address(to))
    clock = threading.Timer(settings.WEBHOOK_SECONDS, connection.cut)
    clock.daemon = True
    clock.start()
    try:
        connection.request("POST", to.path, body, dict(headers))
        return connection.getresponse().status
    finally:
        clock.cancel()
        connection.close()
