"""One world for each test: its directory as a real LDAP server, its clock, settings that make time short."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from provisioning.demo.directory.server import MockDirectory

if TYPE_CHECKING:
    from tests.life.world import World


@pytest.fixture
def world(directory: MockDirectory, hsa: MockDirectory, settings, monkeypatch) -> Iterator[World]:
    """Rights are reviewed every other month, and nothing is kept for longer than it must be."""
    from tests.life.world import World  # once Django is set up

    settings.REVIEW_EVERY_MONTHS = 2
    settings.REVIEW_SETTLED_DAYS = 20
    settings.REVIEW_WORKING_DAYS = 5
    settings.REVIEW_REMINDER_WORKING_DAYS = 1
    settings.REVIEW_ESCALATE_WORKING_DAYS = 2
    settings.WAIT_FOR_COMMISSION_WORKING_DAYS = 3
    settings.ESCALATE_AFTER_WORKING_DAYS = 2
    settings.REMOVAL_RETRY_WORKING_DAYS = 2
    settings.RETENTION_CASES_YEARS = settings.RETENTION_AUDIT_YEARS = 1
    settings.RETENTION_MESSAGES_DAYS = 30
    made = World(directory, hsa, monkeypatch)
    yield made
    made.close()
