"""How processes share the tests: by file, what takes long first, so that none works alone at the end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

if TYPE_CHECKING:
    import pytest

BROWSER = "tests/browser/"
# From the one that takes longest. Whoever stands here no longer takes no harm.
LONG = (
    BROWSER,
    "tests/visibility/test_every_address.py",
    "tests/visibility/test_protected",
    "tests/workflows/sweeps/test_directory_interrupted.py",
    "tests/life/",
    "tests/config/test_run_embedded.py",
    "tests/config/test_production.py",
    "tests/login/test_browser.py",
    "tests/migrations/",
    "tests/workflows/",
)


class ByFile(LoadFileScheduling):
    """Each file to one process, and all of tests/browser to one: they share a tool, a world and a browser."""

    def __init__(self, config: pytest.Config, log: object = None):
        super().__init__(config, log)
        config.option.loadscopereorder = False  # `long_first` has put them in order

    def _split_scope(self, nodeid: str) -> str:
        return BROWSER if nodeid.startswith(BROWSER) else str(super()._split_scope(nodeid))


def long_first(items: list[pytest.Item]) -> None:
    """Long files first, then those with many tests; within a file the tests stay as they are."""
    sizes = Counter(item.nodeid.partition("::")[0] for item in items)

    def place(item: pytest.Item) -> tuple[int, int]:
        file = item.nodeid.partition("::")[0]
        rank = next((number for number, name in enumerate(LONG) if file.startswith(name)), len(LONG))
        return rank, -sizes[file]

    items.sort(key=place)
