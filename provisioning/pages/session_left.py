"""How long the log-in lasts: asked by the page before it warns, and prolonged by the person's own wish."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from provisioning.login import sessions


@never_cache
@require_safe
def session_left(request: HttpRequest) -> HttpResponse:
    """Seconds until it ends. Asking is no act, and prolongs nothing."""
    return JsonResponse({"seconds": sessions.seconds_left(request.session)})


@require_POST
def session_go_on(request: HttpRequest) -> HttpResponse:
    """The person is there: the time without an act begins anew. The time in all does not."""
    sessions.note_act(request.session)
    return JsonResponse({"seconds": sessions.seconds_left(request.session)})
