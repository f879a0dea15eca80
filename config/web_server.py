"""How gunicorn serves and logs (`gunicorn --config config/web_server.py`).

It logs in the discreet form of everything else. The access log says method, address, status and time. An
address holds no personal data but for the HSA-id of a unit, and the formatter takes every HSA-id out; query
strings and IP addresses are not written.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path
from typing import Any

# gunicorn reads this file before it goes to the folder of the application.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from config.logs import DISCREET_LINES  # noqa: E402

access_log_format = "%(m)s %(U)s %(s)s %(M)s ms"

logconfig_dict: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    **DISCREET_LINES,
    "loggers": {
        "gunicorn.error": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
        "gunicorn.access": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}


def post_worker_init(worker: Any) -> None:
    """What was loaded at the start stays: looking through it again costs a page a tenth of a second.

    What pages leave behind is looked through less often, too: nearly all of it goes by itself.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 20)
