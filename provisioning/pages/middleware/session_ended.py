"""A session that cannot be saved at the end of a request: the database is away, or it was ended meanwhile.

Django answers both with “bad request” (`SessionInterrupted`), as if the browser had sent something odd.
"""

from __future__ import annotations

from django.contrib.auth.views import redirect_to_login
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest
from django.http.response import HttpResponse
from django.urls import reverse


class SessionEnded(SessionMiddleware):
    """Django's own, but 503 where the database is away, and the log-in page where the session was ended."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        """Raises: OperationalError or InterfaceError, as every other question to a database that is away."""
        try:
            return super().process_response(request, response)
        except SessionInterrupted as exc:
            cause: BaseException | None = exc
            while cause is not None:
                if isinstance(cause, (OperationalError, InterfaceError)):
                    raise cause from exc
                cause = cause.__cause__ or cause.__context__
            return redirect_to_login(request.get_full_path() if request.method == "GET" else reverse("start"))
