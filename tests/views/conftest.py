"""The pages as people meet them: logged in, with the demo directory as a real LDAP server."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from provisioning.rules.hsa import HsaId
from tests.workflows.conftest import lost_nudges

__all__ = ["lost_nudges"]

Enter = Callable[..., Client]


@pytest.fixture(autouse=True)
def _no_copies() -> Iterator[None]:
    """What was copied from another test's directory is forgotten."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def enter(directory: object) -> Enter:
    """Call it for each person: a browser that is logged in, in English unless said otherwise."""

    from tests.workflows import acts  # not before the applications are loaded

    def log_in(hsa_id: HsaId, language: str = "en") -> Client:
        client = Client()
        client.force_login(acts.user(hsa_id))
        client.cookies["django_language"] = language
        return client

    return log_in
