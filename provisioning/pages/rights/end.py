"""Acts on a right: end it now, or let it run out; and taking a removal back. Each page asks once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from provisioning import access
from provisioning.errors import DirectoryError, Invalid, NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.models import Grant, User
from provisioning.pages.answers import acting_user, refusal
from provisioning.pages.fields import LongText
from provisioning.pages.restoring import filled_in, unchecked
from provisioning.pages.rights import words
from provisioning.removals import begin
from provisioning.rights import end as rights_end
from provisioning.rights import find
from workflows import steps
from workflows.sweeps import kiv_tasks


class ReasonForm(forms.Form):
    """Why."""

    reason = LongText(
        label=gettext_lazy("Why?"),
        help_text=gettext_lazy("Those concerned read it."),
        missing=gettext_lazy("Write why. Those concerned read it."),
    )

    def __init__(self, *args: Any, is_required: bool = True, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = is_required


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A page that asks once: what happens, and the button that does it."""

    heading: str
    consequence: str
    button: str
    back_url: str
    facts: list[tuple[str | Promise, str]]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """End a right now: the head of unit somebody's, a person an own one."""
    user = acting_user(request)
    grant = access.find_grant(user, public_id)
    if not access.is_theirs_to_end(user, grant):
        raise Http404
    if not access.may_end(user, grant):
        return _is_too_late(request, "grant", public_id)
    is_own = user.hsa_key == grant.subject_key
    confirmation = Confirmation(
        heading=_("End the right?"),
        consequence=_(
            "The right ends at once. The KIV administrator is asked to remove it in KIV. "
            "To get it again, one orders it anew."
        ),
        button=_("End the right"),
        back_url=reverse("grant", args=[grant.public_id]),
        facts=[*words.grant_facts(user, grant), *_ordered_anew(user, grant)],
    )

    def act(reason: str) -> HttpResponse:
        removal = _begin(grant, user, reason, is_own=is_own)
        messages.success(request, _("The right is being ended. Follow here until it is gone."))
        return redirect("removal", public_id=removal.public_id)

    return _ask(request, confirmation, act, is_required=True)


def _ordered_anew(user: User, grant: Grant) -> list[tuple[str | Promise, str]]:
    """An order for the same right, which gives it back when it is finished after the right has been ended."""
    orders = access.visible_requests(user).filter(pk__in=find.open_renewals(grant).values("pk"))
    text = _(
        "Case %(case)s. If it is finished, the access is given again. If it is not needed, withdraw the "
        "order as well, or ask whoever ordered to do so."
    )
    return [(_("Ordered anew"), text % {"case": order.case_number}) for order in orders]


def _begin(grant: Grant, user: User, reason: str, *, is_own: bool) -> Any:
    if is_own:
        return steps.begin_removal(begin.begin_by_person, grant, by=user, reason=reason)
    mandates = current.read(user.identity)
    return steps.begin_removal(begin.begin_by_head, grant, by=user, mandates=mandates, reason=reason)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def let_end(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Decide that a right may run out on its last day: no more reminders."""
    user = acting_user(request)
    grant = access.find_grant(user, public_id)
    if not access.is_theirs_to_end(user, grant):
        raise Http404
    if not access.may_end(user, grant) or grant.let_end_at is not None:
        return _is_too_late(request, "grant", public_id)
    confirmation = Confirmation(
        heading=_("Do not prolong the right?"),
        consequence=_(
            "Nothing happens before its last day, and no more reminders go out. The day after, the removal "
            "starts by itself. Until then it can be prolonged as before."
        ),
        button=_("Do not prolong"),
        back_url=reverse("grant", args=[grant.public_id]),
        facts=words.grant_facts(user, grant),
    )

    def act(reason: str) -> HttpResponse:
        rights_end.let_end(grant.pk, by=user, mandates=current.read(user.identity), reason=reason)
        messages.success(request, _("The right ends on its last day. No more reminders go out."))
        return redirect("grant", public_id=grant.public_id)

    return _ask(request, confirmation, act, is_required=False)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def take_back(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Take a removal back, while nothing has been removed."""
    user = acting_user(request)
    removal = access.find_removal_to_act(user, public_id)
    if not access.is_theirs_to_take_back(user, removal):
        raise Http404
    if not access.may_take_back(user, removal):
        return _is_too_late(request, "removal", public_id)
    confirmation = Confirmation(
        heading=_("Undo the removal?"),
        consequence=_(
            "The removal ends, and the right goes on until its last day. This is possible only as long as "
            "nothing has been removed: the directory is read first."
        )
        if removal.grant is not None
        else _(
            "The removal ends, and the value stays in the directory. This is possible only as long as "
            "nothing has been removed: the directory is read first."
        ),
        button=_("Undo the removal"),
        back_url=reverse("removal", args=[removal.public_id]),
        facts=words.removal_facts(user, removal),
    )

    def act(reason: str) -> HttpResponse:
        seen = kiv_tasks.look_at_removal(removal) if removal.changes else None
        mandates = current.read(user.identity)
        steps.withdraw_removal(removal, by=user, mandates=mandates, seen=seen, reason=reason)
        messages.success(request, _("The removal is undone."))
        return redirect("removal", public_id=removal.public_id)

    return _ask(request, confirmation, act, is_required=removal.started_by is None)


def _is_too_late(request: HttpRequest, page: str, public_id: UUID) -> HttpResponse:
    """A second click, or somebody was faster: its page shows how it stands."""
    messages.warning(request, str(WrongState.user_message))
    return redirect(page, public_id=public_id)


def _ask(
    request: HttpRequest, confirmation: Confirmation, act: Callable[[str], HttpResponse], *, is_required: bool
) -> HttpResponse:
    if request.method != "POST":
        form = unchecked(ReasonForm(filled_in(request), is_required=is_required))
        return _page(request, confirmation, form, 200)
    form = ReasonForm(request.POST, is_required=is_required)
    if not form.is_valid():
        return _page(request, confirmation, form, 400)
    try:
        return act(form.cleaned_data["reason"])
    except WrongState as exc:
        messages.warning(request, str(exc.user_message))
        return redirect(confirmation.back_url)
    except (NotAllowed, Invalid, DirectoryError) as exc:
        return _page(request, confirmation, form, refusal(form, exc))


def _page(request: HttpRequest, confirmation: Confirmation, form: ReasonForm, status: int) -> HttpResponse:
    context = {
        "form": form,
        "heading": confirmation.heading,
        "consequence": confirmation.consequence,
        "button": confirmation.button,
        "back_url": confirmation.back_url,
        "facts": confirmation.facts,
    }
    return render(request, "provisioning/grant/confirm.html", context, status=status)
