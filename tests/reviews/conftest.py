"""Logged-in browsers, and nobody who is nudged, as in the other tests."""

from tests.views.conftest import enter
from tests.workflows.conftest import lost_nudges

__all__ = ["enter", "lost_nudges"]
