"""Nothing personal in the engine's own tables: what viewflow stores of an exception is cut down to its type.

viewflow keeps the message, the traceback and the local variables of a failed node: names, identifiers, the
stated need. Our own nodes never do (see `nodes.py`); its gates and ends do, wherever it swallows an error
itself. So it is caught where every row passes: before it is saved.
"""

from __future__ import annotations

import sys
from typing import Any

from django.db.models.signals import pre_save
from django.dispatch import receiver
from viewflow.workflow.models import Task

KEY = "_exception"


@receiver(pre_save, sender=Task, dispatch_uid="workflows.engine.scrubbing")
def keep_only_the_type(sender: type[Task], instance: Task, **kwargs: Any) -> None:
    """Reduce a stored exception to the name of its type."""
    stored = (instance.data or {}).get(KEY)
    if not isinstance(stored, dict) or set(stored) == {"type"}:
        return
    raised = sys.exc_info()[0]
    instance.data = {**instance.data, KEY: {"type": raised.__name__ if raised else "unknown"}}
