"""The project's exceptions: each says what the caller may do, and has words for the user."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class ProvisioningError(Exception):
    """Base of all errors raised by operations and doors. `code` goes to logs, never the message."""

    code = "error"
    user_message: str | Promise = _("Something went wrong. Nothing has been changed.")

    def __init__(self, user_message: str | Promise | None = None, *, code: str | None = None):
        if user_message is not None:
            self.user_message = user_message
        if code is not None:
            self.code = code
        super().__init__(self.code)


class NotAllowed(ProvisioningError):
    """The person may not do this (HTTP 403)."""

    code = "not_allowed"
    user_message = _("You are not allowed to do this.")


class WrongState(ProvisioningError):
    """The case has moved on: somebody was faster (HTTP 409)."""

    code = "wrong_state"
    user_message = _("It did not work: the case has changed or is over. Here you see what holds now.")


class Invalid(ProvisioningError):
    """The input breaks a rule. `field` names the form field it belongs beside, if any."""

    code = "invalid"

    def __init__(self, user_message: str | Promise, *, code: str | None = None, field: str | None = None):
        super().__init__(user_message, code=code)
        self.field = field


class DirectoryError(ProvisioningError):
    """The directory did not answer the question. Never means "no"."""

    code = "directory.unavailable"
    user_message = _(
        "The directory does not answer right now. Nothing has been decided. Try again in a moment."
    )


class DirectoryUnavailable(DirectoryError):
    """No answer in time, or busy: try again later."""


class DirectoryRefused(DirectoryError):
    """The directory refuses our account or the search: tell the operators; retrying will not help."""

    code = "directory.refused"
    user_message = _(
        "The directory refuses our look-up. Nothing has been decided. The operators must look at it."
    )


class DirectoryTruncated(DirectoryError):
    """The directory cut the answer short (size limit): what came is not all there is."""

    code = "directory.truncated"
    user_message = _("The directory gave only a part of the answer. Nothing has been decided.")
