"""Pages opened in somebody's name."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning.rules.hsa import HsaId


@pytest.fixture
def page(client):
    """Open a page as somebody."""

    from tests import acts  # not before the applications are loaded

    def open_one(by: HsaId, name: str, *args, query: str = "", data=None):
        client.force_login(acts.user(by))
        address = reverse(name, args=args) + query
        return client.post(address, data) if data is not None else client.get(address)

    return open_one
