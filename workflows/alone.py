"""One row of many: what goes wrong with it is its own trouble, and the others are looked at all the same."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator

from celery.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, InterfaceError, OperationalError

from provisioning.errors import ProvisioningError
from provisioning.incidents import record
from provisioning.models import IncidentKind

log = logging.getLogger(__name__)


_STANDING_SECONDS = 20.0
_standing: tuple[float, frozenset[str]] = (0.0, frozenset())


@contextlib.contextmanager
def alone(what: str, *, failed: Callable[[str], object] | None = None) -> Iterator[None]:
    """Do one piece of a round. An error that nobody foresaw ends this piece only, and the operators have it.

    `what`: nothing personal. `failed`: told of the error's type, in the place of the operators. Nothing else
    of the error is kept: its text may hold what stands in the row. Our own errors, the directory's silence
    among them, go on to the caller. Outside of a transaction.
    """
    try:
        yield
    except (ProvisioningError, SoftTimeLimitExceeded):
        raise
    except Exception as exc:
        kind = type(exc).__name__
        log.error("%s failed and is left out: %s", what, kind)
        if failed is not None:
            failed(kind)
        elif not isinstance(exc, (OperationalError, InterfaceError)):  # those are no piece's own trouble
            _note(what, kind)
    else:
        if failed is None:
            _works(what)


def _note(what: str, kind: str) -> None:
    """The operators have it. Where that cannot be written the log has to do."""
    global _standing
    try:
        record.piece_failed(what, detail=kind)
    except DatabaseError as exc:
        log.error("the failure of a piece is not written: %s", type(exc).__name__)
    _standing = (_standing[0], _standing[1] | {what})


def _works(what: str) -> None:
    """What had failed goes well again. What has not, most of all there is, costs no question each."""
    global _standing
    if time.monotonic() - _standing[0] > _STANDING_SECONDS:
        _standing = (time.monotonic(), record.standing(IncidentKind.PIECE))
    if what in _standing[1]:
        record.works_again(IncidentKind.PIECE, [what])
        _standing = (_standing[0], _standing[1] - {what})
