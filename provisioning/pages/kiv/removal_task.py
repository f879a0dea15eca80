"""The KIV administrator's removal task: what to remove and where, what stands there now, and the answers."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from provisioning import access
from provisioning.cases import questions
from provisioning.errors import DirectoryError, Invalid, NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.models import Removal, User
from provisioning.pages import asked
from provisioning.pages.answers import acting_user, refusal
from provisioning.pages.cases import step_bar
from provisioning.pages.cases.timeline import WHY_NOTHING
from provisioning.pages.kiv import forms, over
from provisioning.pages.kiv.forms import DoneForm
from provisioning.pages.restoring import filled_in, unchecked
from provisioning.pages.rights import words
from provisioning.removals import carry_out, look
from provisioning.removals.carry_out import CannotRemove
from provisioning.rules.removal import Nothing
from provisioning.rules.states.right import RemovalState
from workflows import steps
from workflows.sweeps import kiv_tasks


class CannotRemoveForm(forms.CannotForm):
    """It cannot be removed."""

    reasons = [
        (
            CannotRemove.NOT_MINE.value,
            gettext_lazy(
                "It is not mine to do. The other KIV administrators of the unit keep the task, and are "
                "reminded now."
            ),
        ),
        (
            CannotRemove.OTHER.value,
            gettext_lazy(
                "Something else stands in the way. Whoever started it and those who run the tool are "
                "told, and it is taken up again later."
            ),
        ),
    ]
    what_to_tell = gettext_lazy("What did you find, and what needs to be done?")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def task(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One removal: the exact value, where it stands, and the answers done and cannot."""
    user = acting_user(request)
    removal = access.find_removal_to_act(user, public_id)
    if not access.to_remove(user).filter(pk=removal.pk).exists():
        return _went(request, user, removal)
    if request.method != "POST":
        if look.is_needed_again(removal):  # given anew a moment ago: the next look ends the task
            return _stays(request, removal)
        filled = filled_in(request)
        done = DoneForm(filled if forms.is_filled(filled, "done") else None)
        cannot = CannotRemoveForm(filled if forms.is_filled(filled, "cannot") else None)
        return _page(request, user, removal, unchecked(done), unchecked(cannot))
    if request.POST.get("answer") == "cannot":
        return _answer_cannot(request, user, removal)
    return _answer_done(request, user, removal)


def _answer_done(request: HttpRequest, user: User, removal: Removal) -> HttpResponse:
    form = DoneForm(request.POST)
    if not form.is_valid():
        return _page(request, user, removal, form, CannotRemoveForm(), status=400)
    is_already = request.POST.get("answer") == "already"
    note = form.cleaned_data["note"]
    try:
        mandates = current.read(user.identity)
        seen = kiv_tasks.look_at_removal(removal)
        row = steps.act(
            removal,
            RemovalState.AWAITING_KIV,
            lambda row: carry_out.report_done(
                row, by=user, mandates=mandates, seen=seen, already=is_already, note=note
            ),
            by=user,
        )
    except WrongState:
        return _went(request, user, removal)
    except (NotAllowed, DirectoryError) as exc:
        return _page(request, user, removal, form, CannotRemoveForm(), status=refusal(form, exc))
    if row.current_state is RemovalState.AWAITING_KIV:
        messages.warning(request, _("The directory does not show that it is gone, so the task stays."))
        return redirect("removal_task", public_id=removal.public_id)
    if seen is None or not seen.is_settled:
        return _stays(request, removal)
    messages.success(request, _("Thank you. The directory shows that it is gone."))
    return redirect("kiv_tasks")


def _went(request: HttpRequest, user: User, removal: Removal) -> HttpResponse:
    """It is no task of theirs any more: say how it went."""
    removal.refresh_from_db()
    now = over.task_now(user, removal)
    (messages.success if now.is_done else messages.warning)(request, now.said or str(WrongState.user_message))
    return redirect("removal", public_id=removal.public_id)


def _stays(request: HttpRequest, removal: Removal) -> HttpResponse:
    """Nobody may remove the value any more, so it is not shown."""
    messages.info(request, str(WHY_NOTHING[Nothing.NEEDED_BY_ANOTHER]))
    return redirect("removal", public_id=removal.public_id)


def _answer_cannot(request: HttpRequest, user: User, removal: Removal) -> HttpResponse:
    form = CannotRemoveForm(request.POST)
    if not form.is_valid():
        return _page(request, user, removal, DoneForm(), form, status=400)
    why, text = CannotRemove(form.cleaned_data["why"]), form.cleaned_data["note"]
    try:
        mandates = current.read(user.identity)
        steps.act(
            removal,
            RemovalState.AWAITING_KIV,
            lambda row: carry_out.cannot(row, by=user, mandates=mandates, why=why, text=text),
            by=user,
        )
    except WrongState:
        return _went(request, user, removal)
    except (NotAllowed, Invalid, DirectoryError) as exc:
        return _page(request, user, removal, DoneForm(), form, status=refusal(form, exc))
    messages.success(request, _("Your answer is saved, and those concerned are told."))
    return redirect("kiv_tasks")


def _page(
    request: HttpRequest,
    user: User,
    removal: Removal,
    done: DoneForm,
    cannot: CannotRemoveForm,
    *,
    status: int = 200,
) -> HttpResponse:
    name = words.subject_name(user, removal)
    seen = kiv_tasks.look_at_removal(removal)
    context: dict[str, Any] = {
        "removal": removal,
        "name": name,
        "facts": words.removal_task_facts(user, removal),
        "steps": step_bar.steps_of_removal(removal),
        "items": words.to_remove(removal, seen, name=name),
        "is_silent": seen is None,
        "questions": asked.said(user, removal),
        "taken": over.taken(user, removal),
        "may_ask": removal.open_question is None and questions.may_be_asked(removal, by=user),
        "done": done,
        "cannot": cannot,
        "form": cannot if cannot.is_bound else done,
    }
    return render(request, "provisioning/grant/task.html", context, status=status)
