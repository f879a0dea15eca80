"""A mock directory as a real LDAP server, and the acts of a case as its people do them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provisioning.directory.layout import ConnectionSettings
from provisioning.directory.mock.kiv import Kiv
from provisioning.directory.mock.server import MockDirectory


@pytest.fixture
def directory(settings) -> Iterator[MockDirectory]:
    """The demo directory, fresh, on a free port; faults can be switched on."""
    with MockDirectory(
        bind_dn=settings.DIRECTORY_BIND_DN, bind_password=settings.DIRECTORY_BIND_PASSWORD
    ) as mock:
        settings.DIRECTORY_URL = mock.url
        # Generous: a machine that is busy with other tests is no silent directory.
        settings.DIRECTORY_CONNECT_TIMEOUT_SECONDS = 20
        settings.DIRECTORY_RECEIVE_TIMEOUT_SECONDS = 20
        yield mock


@pytest.fixture
def kiv(directory: MockDirectory) -> Iterator[Kiv]:
    """The KIV administrator's own tool."""
    tool = Kiv()
    yield tool
    tool.close()


@pytest.fixture(autouse=True)
def lost_nudges(monkeypatch) -> list[tuple[str, tuple[int, ...]]]:
    """No broker: every nudge is lost, and the sweeps have to do. Returns what would have been sent."""
    sent: list[tuple[str, tuple[int, ...]]] = []
    monkeypatch.setattr("provisioning.nudges._send", lambda name, args: sent.append((name, args)))
    return sent


@pytest.fixture
def hsa(directory: MockDirectory, settings) -> Iterator[MockDirectory]:
    """The national HSA: the same people as in KIV, and a sync that runs when a test plays it."""
    account = settings.DIRECTORY_BIND_DN, settings.DIRECTORY_BIND_PASSWORD
    with MockDirectory(bind_dn=account[0], bind_password=account[1]) as mock:
        settings.HSA_DIRECTORY_URL = mock.url
        settings.HSA_DIRECTORY_BIND_DN, settings.HSA_DIRECTORY_BIND_PASSWORD = account
        settings.HSA_DIRECTORY_PERSON_BASE = settings.DIRECTORY_PERSON_BASE
        settings.HSA_DIRECTORY_UNIT_BASE = settings.DIRECTORY_UNIT_BASE
        yield mock


@pytest.fixture
def sync(hsa: MockDirectory, settings) -> Iterator[Kiv]:
    """The sync from KIV to HSA, played by hand."""
    writer = ConnectionSettings(hsa.url, settings.MOCK_KIV_BIND_DN, settings.MOCK_KIV_BIND_PASSWORD)
    tool = Kiv(writer)
    yield tool
    tool.close()
