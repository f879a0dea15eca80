"""The day on which delegations are given."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from tests.clock import pinned


@pytest.fixture
def clock(monkeypatch):
    cache.clear()  # what pages keep of mandates for two minutes
    return pinned(monkeypatch, "2026-03-02")  # a Monday
