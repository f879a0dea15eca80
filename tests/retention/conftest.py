"""Cases of long ago: both verifiers, and a clock that can be moved."""

from __future__ import annotations

import pytest

from tests import clock
from tests.audit.conftest import both, checkpoint, checkpoint_file, key_file

__all__ = ["both", "checkpoint", "checkpoint_file", "key_file"]

LONG_AGO = "2026-03-02"


@pytest.fixture
def calendar(monkeypatch) -> clock.Clock:
    """It is 2 March 2026 until it is set. Five years later, 2 March 2031 is the last day things are kept."""
    return clock.pinned(monkeypatch, LONG_AGO)
