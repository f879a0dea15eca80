"""Who looks at the demo's own pages."""

from __future__ import annotations

import pytest
from django.test import Client


@pytest.fixture
def visitor(directory) -> Client:
    """Somebody who has not logged in."""
    client = Client()
    client.cookies["django_language"] = "en"
    return client
