"""A KIV administrator asks whoever ordered or started it; whoever was asked answers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from provisioning import access
from provisioning.cases import questions
from provisioning.errors import DirectoryError, Invalid, NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.models import AccessRequest, Removal, User
from provisioning.orders import stand_in
from provisioning.pages import asked
from provisioning.pages import words as pages_words
from provisioning.pages.answers import acting_user, refusal
from provisioning.pages.fields import LongText
from provisioning.pages.restoring import filled_in, unchecked
from provisioning.pages.rights import words as rights_words


class AskForm(forms.Form):
    """What the KIV administrator needs to know."""

    text = LongText(
        label=gettext_lazy("Your question"),
        help_text=gettext_lazy("Everybody who may read the case reads it."),
        missing=gettext_lazy("Write your question."),
    )


class AnswerForm(forms.Form):
    """What whoever was asked says."""

    text = LongText(
        label=gettext_lazy("Your answer"),
        help_text=gettext_lazy("Everybody who may read the case reads it."),
        missing=gettext_lazy("Write your answer."),
    )


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The KIV administrator who has the task asks; the task stays open meanwhile."""
    user = acting_user(request)
    case = access.find_case_to_act(user, public_id)
    if not case.is_with_kiv or user.identity not in case.handler_ids:
        raise Http404
    if case.open_question is not None or not questions.may_be_asked(case, by=user):
        return _to_task(case)
    form = AskForm(*_data(request))
    if request.method != "POST":
        return _page(request, user, case, unchecked(form))
    if not form.is_valid():
        return _page(request, user, case, form, status=400)
    try:
        mandates = current.read(user.identity)
        questions.ask(case, by=user, mandates=mandates, text=form.cleaned_data["text"])
    except WrongState as exc:
        messages.warning(request, str(exc.user_message))
    except (NotAllowed, Invalid, DirectoryError) as exc:
        return _page(request, user, case, form, status=refusal(form, exc))
    else:
        messages.success(request, _("Your question is sent by mail. You get a mail when it is answered."))
    return _to_task(case)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Whoever ordered or started it answers, or who stands in for an orderer who is gone."""
    user = acting_user(request)
    case = access.find_case_to_act(user, public_id)
    if case.open_question is None:
        return _to_case(case)
    is_theirs = user.identity in case.starters
    if not is_theirs and not (isinstance(case, AccessRequest) and access.stands_in(user, case)):
        raise Http404
    form = AnswerForm(*_data(request))
    if request.method != "POST":
        return _page(request, user, case, unchecked(form))
    if not form.is_valid():
        return _page(request, user, case, form, status=400)
    try:
        stands_in = not is_theirs and isinstance(case, AccessRequest) and _stands_in(user, case)
        questions.answer(case, by=user, text=form.cleaned_data["text"], stands_in=stands_in)
    except WrongState as exc:
        messages.warning(request, str(exc.user_message))
    except (NotAllowed, DirectoryError) as exc:
        return _page(request, user, case, form, status=refusal(form, exc))
    else:
        messages.success(request, _("Your answer is sent by mail to the KIV administrator."))
    return _to_case(case)


def _stands_in(user: User, case: AccessRequest) -> bool:
    """As the directory says now. Raises DirectoryError."""
    return stand_in.may(case, by=user, **stand_in.ask(case, by=user))


def _data(request: HttpRequest) -> tuple[Any]:
    return (request.POST if request.method == "POST" else filled_in(request),)


def _to_task(case: AccessRequest | Removal) -> HttpResponse:
    return redirect("removal_task" if isinstance(case, Removal) else "kiv_task", public_id=case.public_id)


def _to_case(case: AccessRequest | Removal) -> HttpResponse:
    return redirect("removal" if isinstance(case, Removal) else "case", public_id=case.public_id)


def _page(
    request: HttpRequest,
    user: User,
    case: AccessRequest | Removal,
    form: forms.Form,
    *,
    status: int = 200,
) -> HttpResponse:
    is_removal = isinstance(case, Removal)
    context: dict[str, Any] = {
        "case": case,
        "is_removal": is_removal,
        "is_answer": isinstance(form, AnswerForm),
        "facts": rights_words.removal_facts(user, case) if is_removal else pages_words.facts(user, case),  # type: ignore[arg-type]
        "questions": asked.said(user, case),
        "form": form,
    }
    return render(request, "provisioning/kiv/question.html", context, status=status)
