"""One row of many: what goes wrong with it is its own trouble, and the others are looked at all the same."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator

from celery.exceptions import SoftTimeLimitExceeded

from provisioning.errors import ProvisioningError

log = logging.getLogger(__name__)


@contextlib.contextmanager
def alone(what: str, *, failed: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Do one piece of a round. An error that nobody foresaw ends this piece only, and `failed` is called.

    Nothing of the error but its type is kept: its text may hold what stands in the row. Our own errors, the
    directory's silence among them, go on to the caller. Outside of a transaction.
    """
    try:
        yield
    except (ProvisioningError, SoftTimeLimitExceeded):
        raise
    except Exception as exc:
        log.error("%s failed and is left out: %s", what, type(exc).__name__)
        failed()
