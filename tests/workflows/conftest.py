"""A mock directory as a real LDAP server, and the acts of a case as its people do them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from provisioning.directory.mock.kiv import Kiv
from provisioning.directory.mock.server import MockDirectory


@pytest.fixture
def directory(settings) -> Iterator[MockDirectory]:
    """The demo directory, fresh, on a free port; faults can be switched on."""
    with MockDirectory(
        bind_dn=settings.DIRECTORY_BIND_DN, bind_password=settings.DIRECTORY_BIND_PASSWORD
    ) as mock:
        settings.DIRECTORY_URL = mock.url
        settings.DIRECTORY_CONNECT_TIMEOUT_SECONDS = 1
        settings.DIRECTORY_RECEIVE_TIMEOUT_SECONDS = 1
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
