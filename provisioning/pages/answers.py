"""What a page answers when an act is refused: every refusal leads somewhere."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from provisioning.errors import DirectoryError, Invalid, NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.models import AccessRequest, User


def acting_user(request: HttpRequest) -> User:
    """Who is logged in. Every page here asks for a log-in before its view runs."""
    return cast(User, request.user)


def shows_all(request: HttpRequest, user: User) -> bool:
    """Say whether a list shows all that the reader may see, or only what is the reader's own.

    Unless the reader has chosen, it opens on what they are responsible for.
    """
    chosen = request.GET.get("vems")
    if chosen in ("alla", "mina"):
        return chosen == "alla"
    mandates = current.for_display(user)
    is_responsible = mandates.is_head_of_unit or mandates.is_kiv_administrator
    return is_responsible or bool(mandates.provider_ids(user)) or user.is_auditor


def refusal(form: Form, exc: NotAllowed | Invalid | DirectoryError) -> int:
    """Say on the form why the act was refused, beside the field it is about; returns the answer's status."""
    field = exc.field if isinstance(exc, Invalid) and exc.field in form.fields else None
    form.add_error(field, str(exc.user_message))
    return {NotAllowed: 403, Invalid: 400}.get(type(exc), 503)


def has_moved_on(request: HttpRequest, case: AccessRequest) -> HttpResponse:
    """Somebody was faster, or it was a second click: the case page shows how it stands."""
    messages.warning(request, str(WrongState.user_message))
    return redirect("case", public_id=case.public_id)


def refused(request: HttpRequest, case: AccessRequest, exc: NotAllowed) -> HttpResponse:
    """The operation says that this person may not; nothing has been changed."""
    back_url = reverse("case", args=[case.public_id])
    return problem(request, exc.user_message, status=403, back_url=back_url, back_label=_("Back to the case"))


def filled_in(request: HttpRequest) -> list[tuple[str, str]]:
    """What was sent, so that a page which could not take it can hold it until it is sent again."""
    return [
        (name, value)
        for name, values in request.POST.lists()
        if name != "csrfmiddlewaretoken"
        for value in values
    ]


def problem(
    request: HttpRequest,
    message: str | Promise,
    *,
    status: int,
    back_url: str,
    back_label: str,
    heading: str = "",
) -> HttpResponse:
    """A page that says why it cannot be done, and leads back.

    Where it may go well in a moment (503), the page can be asked again with all that was filled in.
    """
    usual = _("You cannot do this") if status == 403 else _("The directory does not answer")
    context = {
        "heading": heading or usual,
        "message": message,
        "back_url": back_url,
        "back_label": back_label,
        "may_try_again": status == 503,
        "fields": filled_in(request) if status == 503 else [],
    }
    return render(request, "provisioning/problem.html", context, status=status)
