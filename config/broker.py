"""The embedded default's broker: kombu's files, but no file is ever seen half written.

kombu 5.6 opens a message under its final name and then writes it; a worker that looks in between takes an
empty file, cannot read it and ends. Here each file is written aside and then given its name in one step.
"""

from __future__ import annotations

import os
import time
import uuid
from pathlib import Path
from typing import Any

from kombu.exceptions import ChannelError
from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """Files that appear whole."""

    def _put(self, queue: Any, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]  # stubs differ
        name = f"{round(time.monotonic() * 1000)}_{uuid.uuid4()}.{queue}.msg"
        _write(Path(self.data_folder_out) / name, dumps(payload))

    def _queue_bind(self, exchange: Any, routing_key: Any, pattern: Any, queue: Any) -> None:
        """Every process binds the same few queues, so that the last writer wins without a loss."""
        self.control_folder.mkdir(exist_ok=True)
        wanted = filesystem.exchange_queue_t(routing_key or "", pattern or "", queue or "")
        known = self.get_table(exchange)
        if wanted not in known:
            path = self._exchange_file(exchange)  # type: ignore[attr-defined]  # newer than the stubs
            _write(path, dumps([wanted, *known]))


class Transport(filesystem.Transport):
    """kombu's transport over files, with our channel."""

    Channel = Channel


def install() -> None:
    """Take kombu's place for `filesystem://` in this process."""
    TRANSPORT_ALIASES["filesystem"] = "config.broker:Transport"


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f"{uuid.uuid4()}.draft")  # no queue's ending: nobody takes it
    try:
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, path)
    except OSError as exc:
        raise ChannelError(f"cannot write {path.name}") from exc
