"""The button by which somebody who waits reminds those who have the case."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from provisioning import access
from provisioning.cases import moves, reminders
from provisioning.errors import NotAllowed, WrongState
from provisioning.models import AccessRequest
from provisioning.pages.answers import acting_user


@require_POST
def remind(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Send the reminder, or say why not now."""
    user = acting_user(request)
    case = access.find_to_act(user, public_id)
    if not access.may_remind(user, case):
        raise Http404
    try:
        with transaction.atomic():
            reminders.remind_others(moves.lock(AccessRequest, case.pk), by=user)
    except (NotAllowed, WrongState) as exc:
        messages.warning(request, str(exc.user_message))
    else:
        messages.success(request, _("A reminder is on its way."))
    return redirect("case", public_id=case.public_id)
