"""An order that somebody has begun and not sent, kept with their session: leaving the page loses nothing.

It goes when the order is sent, when they begin anew, and when they log out or the session ends.
"""

from __future__ import annotations

from django.http import HttpRequest, QueryDict

from provisioning.models import User

_KEY = "order_draft"
# What was pressed, what was shown of the directory, and the page's own token belong to one page alone.
_NOT_KEPT = ("action", "csrfmiddlewaretoken", "seen")


def keep(request: HttpRequest, user: User) -> None:
    """Keep the form as it was filled in."""
    data = request.POST.copy()
    for name in _NOT_KEPT:
        data.pop(name, None)
    request.session[_KEY] = {"user": user.pk, "data": data.urlencode()}


def kept(request: HttpRequest, user: User) -> QueryDict | None:
    """What this person had filled in; None where there is nothing."""
    draft = request.session.get(_KEY)
    return QueryDict(draft["data"]) if draft and draft["user"] == user.pk else None


def drop(request: HttpRequest) -> None:
    request.session.pop(_KEY, None)
