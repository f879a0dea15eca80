"""“Don't know” is never shown as “not there”: with the directory out, nobody loses what is theirs.

What somebody may see hangs on mandates that the directory tells. Where it did not tell them, a page that
finds nothing has learned nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from provisioning.errors import DirectoryError, DirectoryUnavailable
from provisioning.pages.answers import problem


class UnknownIsNotMissing:
    """Answer 503, with what was typed, where a view says “not there” and the mandates could not be read."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        user = getattr(request, "user", None)
        if isinstance(exception, Http404) and getattr(user, "is_shown_without_mandates", False):
            error: DirectoryError = DirectoryUnavailable()
        elif isinstance(exception, DirectoryError):
            error = exception
        else:
            return None
        return problem(
            request,
            error.user_message,
            status=503,
            back_url="",
            back_label="",
            heading=_("The directory does not answer"),
        )
