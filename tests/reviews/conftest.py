"""The mock directory, the KIV administrator's tool, and logged-in browsers, as in the other tests."""

from tests.views.conftest import enter
from tests.workflows.conftest import directory, kiv, lost_nudges

__all__ = ["directory", "enter", "kiv", "lost_nudges"]
