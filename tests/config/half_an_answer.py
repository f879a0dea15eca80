"""A way to Redis on which an answer stops in its midst, as when Redis or its machine dies while it sends."""

from __future__ import annotations

import contextlib
import enum
import socket
import threading
from types import TracebackType
from typing import Self

from tests.servers import LOOPBACK


class After(enum.Enum):
    """What comes after half an answer."""

    CLOSED = "the connection is reset"
    SILENT = "nothing, and the connection stays"


class HalfAnAnswer:
    """Passes everything on, until `dies` says how the next answers end. Use it as a context manager."""

    def __init__(self, port: int):
        """`port`: where Redis listens."""
        self._redis = port
        self.dies: After | None = None
        self.died = threading.Event()  # an answer has been cut
        self._kept: list[socket.socket] = []  # silent ones: nobody may close them

    def __enter__(self) -> Self:
        self._server = socket.create_server((LOOPBACK, 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        for each in self._kept:
            each.close()

    @property
    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self._server.getsockname()[1]}/0"

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._server.accept()
                try:
                    redis = socket.create_connection((LOOPBACK, self._redis))
                except OSError:
                    client.close()
                    continue
                threading.Thread(target=self._pass_on, args=(client, redis), daemon=True).start()
                threading.Thread(target=self._answer, args=(redis, client), daemon=True).start()

    def _pass_on(self, client: socket.socket, redis: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while asked := client.recv(65536):
                redis.sendall(asked)
        with contextlib.suppress(OSError):
            redis.shutdown(socket.SHUT_RDWR)

    def _answer(self, redis: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while answer := redis.recv(65536):
                if self.dies is not None:
                    client.sendall(answer[: max(1, len(answer) // 2)])
                    self.died.set()
                    if self.dies is After.SILENT:
                        self._kept.append(client)
                    break
                client.sendall(answer)
        redis.close()
        if client not in self._kept:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)  # closing alone says nothing while the other thread reads
            client.close()
