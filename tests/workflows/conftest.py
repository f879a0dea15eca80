"""Nobody is nudged: the sweeps have to do."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def lost_nudges(monkeypatch) -> list[tuple[str, tuple[int, ...]]]:
    """No broker: every nudge is lost, and the sweeps have to do. Returns what would have been sent."""
    sent: list[tuple[str, tuple[int, ...]]] = []
    monkeypatch.setattr("provisioning.worker._send", lambda name, args: sent.append((name, args)))
    return sent
