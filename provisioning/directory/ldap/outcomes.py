"""What came of an operation, from ldap3's many exceptions and codes to the few that say what to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from provisioning.directory.ldap.library import exceptions as ldap3_errors
from provisioning.directory.ldap.library import results
from provisioning.directory.ldap.troubles import Trouble, marked
from provisioning.errors import DirectoryError, DirectoryRefused, DirectoryTruncated, DirectoryUnavailable

_CUT_SHORT = {
    results.RESULT_SIZE_LIMIT_EXCEEDED,
    results.RESULT_ADMIN_LIMIT_EXCEEDED,
}
_TRY_LATER = {results.RESULT_BUSY, results.RESULT_UNAVAILABLE, results.RESULT_TIME_LIMIT_EXCEEDED}
_REFUSALS = {
    results.RESULT_INVALID_CREDENTIALS: Trouble.CREDENTIALS,
    results.RESULT_INAPPROPRIATE_AUTHENTICATION: Trouble.CREDENTIALS,
    results.RESULT_INSUFFICIENT_ACCESS_RIGHTS: Trouble.NOT_ALLOWED,
    results.RESULT_STRONGER_AUTH_REQUIRED: Trouble.PROTECTION,
    results.RESULT_CONFIDENTIALITY_REQUIRED: Trouble.PROTECTION,
    results.RESULT_PROTOCOL_ERROR: Trouble.TLS,  # in practice: StartTLS asked of a server without it
}
# A dead connection shows as one of these; a server that is merely silent as a TimeoutError.
_DEAD = (ldap3_errors.LDAPCommunicationError, OSError)
# What a server's TLS says of the certificate we showed, or did not show. Source: RFC 8446 6.2 (alerts).
_ALERTS_ABOUT_OURS = (
    "ALERT_CERTIFICATE_REQUIRED",
    "ALERT_BAD_CERTIFICATE",
    "ALERT_UNSUPPORTED_CERTIFICATE",
    "ALERT_CERTIFICATE_",
    "ALERT_UNKNOWN_CA",
    "ALERT_HANDSHAKE_FAILURE",
)


class Dead(Exception):
    """The connection is of no use any more."""

    def __init__(self, *, is_timeout: bool):
        super().__init__()
        self.is_timeout = is_timeout

    @property
    def trouble(self) -> Trouble:
        return Trouble.SILENT if self.is_timeout else Trouble.NO_CONNECTION


class Answered(Exception):
    """The server answered ldap3 with a result code other than success."""

    def __init__(self, code: int):
        super().__init__()
        self.code = code


def error_of(code: int) -> DirectoryError:
    """What a result code other than success means to a caller."""
    if code in _CUT_SHORT:
        return marked(DirectoryTruncated(), Trouble.CUT_SHORT)
    if code in _TRY_LATER:
        return marked(DirectoryUnavailable(), Trouble.BUSY)
    return marked(DirectoryRefused(), _REFUSALS.get(code, Trouble.OTHER))


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Raise Answered, Dead or a DirectoryError for whatever ldap3 raises."""
    try:
        yield
    except ldap3_errors.LDAPOperationResult as error:
        raise Answered(int(error.result)) from error
    except (ldap3_errors.LDAPException, OSError) as error:
        text = str(error).upper()
        if any(alert in text for alert in _ALERTS_ABOUT_OURS):
            raise marked(DirectoryRefused(), Trouble.CLIENT_CERTIFICATE) from error
        if "CERTIFICATE" in text:
            raise marked(DirectoryRefused(), Trouble.CERTIFICATE) from error
        if isinstance(error, _DEAD):
            raise Dead(is_timeout=isinstance(error, TimeoutError)) from error
        raise marked(DirectoryRefused(), Trouble.OTHER) from error
    except (LookupError, ValueError, TypeError) as error:
        # Bytes that are no LDAP answer: something else listens there, or it is broken.
        raise marked(DirectoryRefused(), Trouble.OTHER) from error


def require_success(answer: Any) -> None:
    """Raise also where ldap3 does not: for limits, referrals and what only a comparison answers."""
    _, result, _, _ = answer
    if result["result"] != results.RESULT_SUCCESS:
        raise Answered(int(result["result"]))
