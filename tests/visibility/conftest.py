"""The demo directory as a real LDAP server, and lost nudges: as in the tests of the workflows."""

from __future__ import annotations

from tests.workflows.conftest import directory, kiv, lost_nudges

__all__ = ["directory", "kiv", "lost_nudges"]
