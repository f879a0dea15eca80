"""Kinds of trouble with a directory, finer than the errors: for logs and for the operators' check.

An error tells its caller what may be done; the trouble, kept as a note on it, tells an operator why.
"""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Iterator
from typing import TypeVar

from provisioning.errors import DirectoryError

E = TypeVar("E", bound=DirectoryError)


class Trouble(enum.StrEnum):
    """What stood in the way."""

    ADDRESS = "not an LDAP address"
    UNPROTECTED = "plain LDAP to another machine"
    NO_CONNECTION = "no connection"
    SILENT = "no answer in time"
    CERTIFICATE = "certificate not accepted"
    CLIENT_CERTIFICATE = "certificate of ours demanded"
    OWN_CERTIFICATE = "certificate of ours cannot be read"
    TLS = "TLS not offered"
    CREDENTIALS = "account or password not accepted"
    BIND_NAME = "account is no name"
    BLANK_SECRET = "password blank"  # noqa: S105
    PROTECTION = "TLS or another log-in wanted"
    NOT_ALLOWED = "not allowed"
    BUSY = "busy"
    CUT_SHORT = "answer cut short"
    ELSEWHERE = "referral to another server"
    NO_BASE = "search base does not exist"
    HIDDEN = "attribute hidden"
    DUPLICATE = "two entries with one HSA-id"
    OTHER = "unexpected answer"


def marked(error: E, trouble: Trouble) -> E:
    """The error with its trouble noted."""
    error.add_note(trouble.value)
    return error


@contextlib.contextmanager
def suppress_two_entries() -> Iterator[None]:
    """Go on where two entries claim one HSA-id: that concerns this id alone. All other errors pass."""
    try:
        yield
    except DirectoryError as exc:
        if trouble_of(exc) is not Trouble.DUPLICATE:
            raise


def trouble_of(error: DirectoryError) -> Trouble:
    notes = getattr(error, "__notes__", [])
    return Trouble(notes[0]) if notes else Trouble.OTHER
