"""How gunicorn logs: in the discreet form of everything else (`gunicorn --config config/web_server.py`).

The access log says method, address, status and time. An address holds no personal data but for the HSA-id
of a unit, and the formatter takes every HSA-id out; query strings and IP addresses are not written.
"""

from __future__ import annotations

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
