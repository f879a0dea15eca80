"""The page of drafts: all that was begun and not sent. Saving one while it is written; throwing it away."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from provisioning.login import unsent_forms
from provisioning.pages.answers import acting_user
from provisioning.pages.drafts import pages_with_drafts
from provisioning.pages.drafts.keep import keep


@never_cache
@require_safe
def drafts(request: HttpRequest) -> HttpResponse:
    """The person's own, the latest first."""
    user = acting_user(request)
    rows = pages_with_drafts.visible(user)
    names = pages_with_drafts.names(user, rows)
    order = reverse("order")
    listed = [
        {
            "row": row,
            "name": names[row.pk],
            "url": f"{order}?utkast={row.public_id}" if row.page == order else row.page,
        }
        for row in rows
    ]
    return render(request, "provisioning/drafts.html", {"rows": listed, "days": unsent_forms.days()})


@require_POST
def save_draft(request: HttpRequest) -> HttpResponse:
    """Save what is being written: sent by the page itself, while somebody types."""
    user, page = acting_user(request), request.GET.get("sida", "")
    if not pages_with_drafts.seen_by(user, page):
        raise Http404
    keep(request, user, page=page)
    return HttpResponse(status=204)


@require_POST
def discard_draft(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Throw one of the own drafts away."""
    user = acting_user(request)
    get_object_or_404(unsent_forms.own(user), public_id=public_id).delete()
    messages.success(request, _("The draft is thrown away."))
    return redirect("drafts")
