"""The whole tool with its own worker, timetable and directory, and windows for its people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

from provisioning.rules.hsa import HsaId
from tests import servers

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.browser.visitor import Visitor

Visit = Callable[..., "Visitor"]


@pytest.fixture(scope="session")
def tool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.EmbeddedTool]:
    """What `make run` starts, but looking at the directory each second, so that nobody has to wait."""
    with servers.EmbeddedTool(tmp_path_factory.mktemp("tool"), POLL_SCHEDULE_SECONDS="1") as running:
        yield running


@pytest.fixture
def visit(tool: servers.EmbeddedTool, open_window: Callable[..., Page]) -> Visit:
    """Call it with somebody's HSA-id: a window of their own, logged in. Without: a window, not logged in."""

    from tests.browser.visitor import Visitor  # needs Django, which is not ready when this file is read

    def begin(hsa_id: HsaId | None = None, **options: object) -> Visitor:
        visitor = Visitor(open_window(**options), tool.url)
        return visitor.log_in(hsa_id) if hsa_id else visitor

    return begin
