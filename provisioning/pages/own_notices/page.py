"""The page "My notices": how one wants to be told of each thing, and what one was told lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from provisioning import access
from provisioning.access import own_deadlines
from provisioning.messages import compose, ways_chosen
from provisioning.messages.texts import MessageKind
from provisioning.models import OutgoingMessage, User
from provisioning.pages import paging
from provisioning.pages.answers import acting_user
from provisioning.pages.messages import ABOUT, TONES
from provisioning.pages.own_notices.forms import NoticeForm, kinds_of
from provisioning.pages.paging import ListPart

PER_PAGE = 10


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One notice in words."""

    about: str | Promise
    case_number: str
    url: str
    tone: str
    state: str
    at: datetime


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def own_notices(request: HttpRequest) -> HttpResponse:
    """Show and keep the choices. What was told stands below them, by mail or not."""
    user = acting_user(request)
    ways = ways_chosen.own(user)
    if request.method != "POST":
        return _page(request, NoticeForm(user=user, ways=ways))
    form = NoticeForm(request.POST, user=user, ways=ways)
    if not form.is_valid():
        return _page(request, form, status=400)
    ways_chosen.choose(form.wanted(), by=user)
    User.objects.filter(pk=user.pk).update(language=form.cleaned_data["language"])
    messages.success(request, _("Saved. It holds for what comes from now on."))
    return redirect("own_notices")


@never_cache
@require_safe
def mail_preview(request: HttpRequest) -> HttpResponse:
    """How a mail of one kind reads, in the language that the person gets mails in."""
    user = acting_user(request)
    kind = next((one for one in kinds_of(user) if one.value == request.GET.get("slag")), None)
    if kind is None:
        raise Http404
    language = user.language if user.language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    with translation.override(language):
        text = compose.example(kind)
    context = {"about": ABOUT[kind], "text": text, "language": language}
    return render(request, "provisioning/own_notices/preview.html", context)


def _page(request: HttpRequest, form: NoticeForm, *, status: int = 200) -> HttpResponse:
    user = acting_user(request)
    page = paging.page_of(request.GET, ListPart(access.own_notices(user)), size=PER_PAGE)
    context = {"form": form, "page": page, "rows": [_row(message) for message in page]}
    context["has_feed"] = own_deadlines.has_feed(user)
    return render(request, "provisioning/own_notices/page.html", context, status=status)


def _row(message: OutgoingMessage) -> NoticeRow:
    case = message.request or message.removal
    state = OutgoingMessage.Delivery(message.state)
    return NoticeRow(
        about=ABOUT[MessageKind(message.kind)],
        case_number=str(case) if case else "",
        url=compose.opens(message),
        tone=TONES[state],
        state=str(state.label),
        at=message.created_at,
    )
