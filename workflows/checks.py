"""System checks: every flow holds a real lock."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, register
from viewflow.workflow.base import Flow
from viewflow.workflow.lock import SelectForUpdateLock


@register()
def every_flow_locks_its_process(**_kwargs: Any) -> list[CheckMessage]:
    """viewflow's default lock is none: two clicks would make two tasks. Ours waits for the process row."""
    from workflows.orders import flow as flows  # noqa: F401 - flows are known once their module is loaded

    return [
        Error(
            f"{flow.__name__} does not lock its process row",
            hint="lock_impl = SelectForUpdateLock(nowait=False, attempts=1)",
            id="workflows.E001",
        )
        for flow in _subclasses(Flow)
        if flow.__module__.startswith("workflows.")
        and not (isinstance(flow.lock_impl, SelectForUpdateLock) and flow.lock_impl.nowait is False)
    ]


def _subclasses(cls: Any) -> list[Any]:
    return [found for sub in cls.__subclasses__() for found in (sub, *_subclasses(sub))]
