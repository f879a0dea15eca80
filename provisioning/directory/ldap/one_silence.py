"""How long somebody who waits for a page waits for a directory: for one question, not for each of them.

A page asks several questions. Where the first is not answered in time, the next ones would not be either, and
a person, and the thread that makes the page, would wait for each of them in turn.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar

from provisioning.directory.ldap.troubles import Trouble, marked
from provisioning.errors import DirectoryUnavailable

_silent: ContextVar[set[str] | None] = ContextVar(
    "addresses of directories that have not answered", default=None
)


@contextlib.contextmanager
def one_silence() -> Iterator[None]:
    """Within, a directory that has once been unavailable is asked nothing more: it is so at once."""
    token = _silent.set(set())
    try:
        yield
    finally:
        _silent.reset(token)


@contextlib.contextmanager
def asking(url: str) -> Iterator[None]:
    """A question to the directory at this address. Raises DirectoryUnavailable when it was silent already."""
    silent = _silent.get()
    if silent is None:
        yield
        return
    if url in silent:
        raise marked(DirectoryUnavailable(), Trouble.SILENT)
    try:
        yield
    except DirectoryUnavailable:
        silent.add(url)
        raise
