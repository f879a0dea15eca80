"""The mock directories and the KIV administrator's tool, as in the workflow tests."""

from tests.workflows.conftest import directory, hsa, kiv, lost_nudges, sync

__all__ = ["directory", "hsa", "kiv", "lost_nudges", "sync"]
