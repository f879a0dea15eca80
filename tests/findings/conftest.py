"""The mock directory and the KIV administrator's tool, as in the workflow tests."""

from tests.workflows.conftest import directory, kiv, lost_nudges

__all__ = ["directory", "kiv", "lost_nudges"]
