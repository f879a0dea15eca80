"""Nobody is nudged, as in the workflow tests."""

from tests.workflows.conftest import lost_nudges

__all__ = ["lost_nudges"]
