"""A form whose token is stale, as after a log-in in another tab: it comes back as it was filled in.

Only what our own pages have sent: a form of another site is refused, and nothing of it is shown.
"""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.csrf import csrf_failure

from provisioning.models import User
from provisioning.pages.answers import filled_in
from provisioning.pages.drafts.keep import keep
from provisioning.pages.middleware.keeping_drafts import is_kept

_OTHER_TROUBLE = ("Origin checking failed", "Referer checking failed")


def stale_token(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Nothing has been done. Say why, and give back what was filled in."""
    if not isinstance(request.user, User) or not _is_our_own(request, reason):
        return csrf_failure(request, reason)
    if is_kept(request):
        keep(request, request.user)
        messages.warning(
            request,
            _(
                "Nothing has been sent: you have logged in again since the page was opened, perhaps in "
                "another tab. What you filled in is still here. Look through it, and send it again."
            ),
        )
        return redirect(request.path)
    context = {"fields": filled_in(request)}
    response = render(request, "provisioning/stale_token.html", context, status=403)
    response["Cache-Control"] = "no-store"
    return response


def _is_our_own(request: HttpRequest, reason: str) -> bool:
    """Whether the browser says that one of our pages sent it, and only the token is not the right one."""
    if reason.startswith(_OTHER_TROUBLE):
        return False
    return "Origin" in request.headers or request.headers.get("Sec-Fetch-Site") == "same-origin"
