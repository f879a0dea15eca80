"""A real provider, a real directory, and visitors that log in through both."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from provisioning.demo.directory.server import MockDirectory
from provisioning.login import provider as providers
from tests.login.provider_server import CLIENT, OidcProvider
from tests.login.visitor import Visitor

SITE_URL = "http://127.0.0.1:8000"


@pytest.fixture(scope="session")
def running_provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OidcProvider]:
    with OidcProvider(tmp_path_factory.mktemp("provider"), SITE_URL) as running:
        yield running


@pytest.fixture
def configured(settings, monkeypatch) -> Iterator[None]:
    """The tool as a client of some provider; nothing is remembered from another test."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    settings.SITE_URL = SITE_URL
    settings.ALLOWED_HOSTS = ["testserver"]
    settings.OIDC_TIMEOUT_SECONDS = 60  # a busy machine is no silent provider
    settings.OIDC_CLIENT_ID = CLIENT["id"]
    settings.OIDC_CLIENT_SECRET = CLIENT["secret"]
    providers.forget()
    yield
    providers.forget()


@pytest.fixture
def provider(running_provider: OidcProvider, configured, settings) -> Iterator[OidcProvider]:
    """The provider without faults, and the tool configured for it."""
    settings.OIDC_ISSUER = running_provider.issuer
    running_provider.fault()
    yield running_provider
    running_provider.fault()


@pytest.fixture
def visitor(db, provider: OidcProvider, directory: MockDirectory) -> Visitor:
    return Visitor(provider.issuer)


@pytest.fixture
def another_visitor(visitor: Visitor) -> Callable[[], Visitor]:
    return lambda: Visitor(visitor.issuer)
