"""The whole tool with its own worker, timetable and directory, and windows for its people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

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


@pytest.fixture(scope="session")
def logged_in() -> dict[HsaId, Any]:
    """The cookies of those who have logged in before, so that each does so once."""
    return {}


@pytest.fixture
def visit(tool: servers.EmbeddedTool, open_window: Callable[..., Page], logged_in: dict[HsaId, Any]) -> Visit:
    """Call it with somebody's HSA-id: a window of their own, logged in. Without: a window, not logged in."""

    from tests.browser.visitor import Visitor  # needs Django, which is not ready when this file is read

    def begin(hsa_id: HsaId | None = None, **options: object) -> Visitor:
        if hsa_id in logged_in:
            return Visitor(open_window(storage_state=logged_in[hsa_id], **options), tool.url)
        visitor = Visitor(open_window(**options), tool.url)
        if hsa_id is not None:
            logged_in[hsa_id] = visitor.log_in(hsa_id).page.context.storage_state()
        return visitor

    return begin
