"""Servers for the contract: each test runs against the mock and against slapd."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioning.demo.directory.make_demo import ORGANISATION, PERSONS
from provisioning.directory import ConnectionSettings, Directory, Layout
from tests.directory import certificates as making
from tests.directory.certificates import Certificates
from tests.directory.standins import KINDS, Server

DEMO_LAYOUT = Layout(person_base=PERSONS, unit_base=ORGANISATION)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return making.make(tmp_path_factory.mktemp("certificates"))


def _params() -> list[Any]:
    return ["mock", pytest.param("slapd", marks=pytest.mark.slapd)]


@pytest.fixture(scope="session", params=_params())
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, certificates: Certificates
) -> Iterator[Server]:
    """A server that runs all session: tests only read from it."""
    made = KINDS[request.param](tmp_path_factory.mktemp(request.param), certificates)
    made.start()
    yield made
    made.stop()


@pytest.fixture(params=_params())
def own_server(
    request: pytest.FixtureRequest, tmp_path: Path, certificates: Certificates
) -> Iterator[Server]:
    """A server of the test's own, to change, stop and restart."""
    made = KINDS[request.param](tmp_path, certificates)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def connect() -> Iterator[Callable[..., Directory]]:
    """Opens directories and closes their connections after the test."""
    opened = []

    def open_one(settings: ConnectionSettings, layout: Layout = DEMO_LAYOUT) -> Directory:
        opened.append(Directory(settings, layout))
        return opened[-1]

    yield open_one
    for each in opened:
        each.close()


@pytest.fixture
def directory(server: Server, connect: Callable[..., Directory]) -> Directory:
    """The demo region as the reading account sees it."""
    return connect(server.settings())
