"""A mail server that remembers what it has taken: Message-IDs, as often as they came."""

from __future__ import annotations

import email
import socketserver
import threading
from collections import Counter

from tests import servers


class _Session(socketserver.StreamRequestHandler):
    """As much of RFC 5321 as Python's own client speaks."""

    server: PostOffice

    def handle(self) -> None:
        self._say("220 post")
        while line := self.rfile.readline():
            match line.split(b" ")[0].strip().upper():
                case b"DATA":
                    self._say("354 go on")
                    self.server.take(self._letter())
                    self._say("250 taken")
                case b"QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 well")

    def _letter(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        return b"".join(lines) if line else b""

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class PostOffice(socketserver.ThreadingTCPServer):
    """Listens on a loopback port of its own. It is never killed: it keeps the count."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__((servers.LOOPBACK, 0), _Session)
        self.port = int(self.server_address[1])
        self.taken: Counter[str] = Counter()
        self._lock = threading.Lock()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def take(self, letter: bytes) -> None:
        """A letter that was cut off before its end was not taken."""
        if letter:
            with self._lock:
                self.taken[str(email.message_from_bytes(letter)["Message-ID"])] += 1

    def handle_error(self, request: object, client_address: object) -> None:
        """Whoever hung up has been killed: nothing to tell."""
