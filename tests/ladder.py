"""The settings and the day that tests of the ladder share: who is asked when nobody answers."""

from __future__ import annotations

from django.core.cache import cache

from provisioning.rules.hsa import HsaId
from tests import cast
from tests.clock import pinned


def on_a_monday(monkeypatch, settings, *, operator: HsaId):
    """Two rungs, each after four working days, and an operator at the end. Returns the clock."""
    cache.clear()
    settings.OPERATORS = (operator.text,)
    settings.PROVIDER_MANDATES = {cast.PROVIDER.text: [cast.PROVIDER_HEAD.text, cast.AUDITOR.text]}
    settings.ESCALATE_AFTER_WORKING_DAYS = 4
    settings.ESCALATION_LEVELS = 2
    return pinned(monkeypatch, "2026-03-02")
