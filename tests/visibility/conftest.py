"""Nobody is nudged, as in the workflow tests."""

from __future__ import annotations

from tests.workflows.conftest import lost_nudges

__all__ = ["lost_nudges"]
