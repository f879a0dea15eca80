"""The KIV administrator's card of one person, with everything to set for them, and the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from uuid import UUID

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from provisioning import access
from provisioning.cases import questions
from provisioning.cases.evidence import SeenWanted
from provisioning.errors import DirectoryError, Invalid, NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.models import AccessRequest, User
from provisioning.orders import carry_out
from provisioning.orders.carry_out import CannotSet
from provisioning.pages import asked
from provisioning.pages import words as pages_words
from provisioning.pages.answers import acting_user, refusal
from provisioning.pages.kiv import forms as kiv_forms
from provisioning.pages.kiv import over
from provisioning.pages.kiv import words as kiv_words
from provisioning.pages.restoring import filled_in, unchecked
from provisioning.rules.states.request import RequestState
from workflows import steps
from workflows.sweeps import kiv_tasks


class ItemsForm(forms.Form):
    """Which of the person's items the answer is about. A single item needs no choice."""

    items = forms.MultipleChoiceField(
        label=gettext_lazy("Which of them?"), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, rows: Sequence[AccessRequest], **kwargs: Any):
        super().__init__(*args, **kwargs)
        choices = [(str(row.public_id), _item_label(row)) for row in rows]
        field = cast(forms.MultipleChoiceField, self.fields["items"])
        field.choices = choices
        field.error_messages = {**field.error_messages, "required": _("Choose at least one.")}
        if len(rows) == 1:
            field.widget = forms.MultipleHiddenInput()
            self.initial["items"] = [choices[0][0]]


class SetDoneForm(kiv_forms.DoneForm, ItemsForm):
    """It is set now, or it was already."""


class CannotSetForm(kiv_forms.CannotForm, ItemsForm):
    """It cannot be set."""

    reasons = [(reason.value, text) for reason, text in kiv_words.REASONS.items()]
    what_to_tell = gettext_lazy("What did you find, and what needs to be done? The orderer reads it.")


@dataclass(frozen=True, slots=True)
class Card:
    """What one answer concerns: who answers, the item asked for, and all open items of that person."""

    request: HttpRequest
    user: User
    wanted: AccessRequest
    rows: Sequence[AccessRequest]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def task(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """One person's card: what to set, where, what stands there now; and the answers done and cannot."""
    user = acting_user(request)
    wanted = access.find_to_act(user, public_id)
    theirs = access.to_carry_out(user).filter(subject_key=wanted.subject_key)
    rows = list(theirs.select_related("attester", "attested_for", "second_attester").order_by("pk"))
    if wanted not in rows:
        _say_how_it_went(request, user, wanted)
        return redirect("case", public_id=public_id)
    if request.method != "POST":
        return _page(Card(request, user, wanted, rows), *_forms(request, rows))
    answer = _answer_cannot if request.POST.get("answer") == "cannot" else _answer_done
    return answer(Card(request, user, wanted, rows))


def _say_how_it_went(request: HttpRequest, user: User, wanted: AccessRequest) -> None:
    now = over.task_now(user, wanted)
    (messages.success if now.is_done else messages.warning)(request, now.said)


def _forms(request: HttpRequest, rows: Sequence[AccessRequest]) -> tuple[SetDoneForm, CannotSetForm]:
    """Both answers, empty but for what was filled in before the card was asked for."""
    filled = filled_in(request)
    done = SetDoneForm(filled, rows=rows) if kiv_forms.is_filled(filled, "done") else _empty_done(rows)
    is_cannot = kiv_forms.is_filled(filled, "cannot")
    return unchecked(done), unchecked(CannotSetForm(filled if is_cannot else None, rows=rows))


def _answer_done(card: Card) -> HttpResponse:
    """Report the chosen items as set, with what the directory shows of them right now."""
    form, other = SetDoneForm(card.request.POST, rows=card.rows), CannotSetForm(rows=card.rows)
    if not form.is_valid():
        return _page(card, form, other, status=400)
    chosen = _chosen(card, form)
    try:
        mandates = current.read(card.user.identity)
        seen = look(chosen)
        report = partial(
            carry_out.report_done,
            by=card.user,
            mandates=mandates,
            already=card.request.POST.get("answer") == "already",
            note=form.cleaned_data["note"],
        )
        after = _all_or_none(card, chosen, lambda row: partial(report, seen=seen.get(row.pk)))
    except (NotAllowed, DirectoryError) as exc:
        return _page(card, form, other, status=refusal(form, exc))
    left = [row for row in after if row.current_state is RequestState.AWAITING_KIV]
    settled = [row for row in after if row.current_state is RequestState.VERIFYING]
    if len(left) + len(settled) < len(after):
        messages.warning(
            card.request,
            _(
                "The directory has changed since the order, so the value is not right any more. Set "
                "nothing: the order says what happens now."
            ),
        )
    return _after_done(card.request, settled=len(settled), left=left, is_silent=len(seen) < len(chosen))


def _after_done(
    request: HttpRequest, *, settled: int, left: Sequence[AccessRequest], is_silent: bool
) -> HttpResponse:
    """Say what the directory said; stay where something is left to do."""
    if settled:
        text = ngettext(
            "The directory shows the value. Thank you: %(count)d task is done.",
            "The directory shows the values. Thank you: %(count)d tasks are done.",
            settled,
        )
        messages.success(request, text % {"count": settled})
    if not left:
        return redirect("kiv_tasks")
    if not is_silent and left[0].carried_out_how == "already_set":
        text = _(
            "The value is not in KIV yet. Check that it stands on the right person, and that the change "
            "is saved."
        )
    elif is_silent:
        text = _("Your answer is saved, but the directory does not answer right now. It is asked again soon.")
    else:
        text = _("The directory does not show the wanted value yet. Below is what stands there instead.")
    messages.warning(request, text)
    return redirect("kiv_task", public_id=left[0].public_id)


def _answer_cannot(card: Card) -> HttpResponse:
    """Say of the chosen items why they cannot be set."""
    form, other = CannotSetForm(card.request.POST, rows=card.rows), _empty_done(card.rows)
    if not form.is_valid():
        return _page(card, other, form, status=400)
    try:
        answer = partial(
            carry_out.cannot,
            by=card.user,
            mandates=current.read(card.user.identity),
            why=CannotSet(form.cleaned_data["why"]),
            text=form.cleaned_data["note"],
        )
        after = _all_or_none(card, _chosen(card, form), lambda row: answer)
    except (NotAllowed, Invalid, DirectoryError) as exc:
        return _page(card, other, form, status=refusal(form, exc))
    if after:
        messages.success(card.request, _("Your answer is saved, and those concerned are told."))
    return redirect("kiv_tasks")


@transaction.atomic
def _all_or_none(
    card: Card,
    rows: Iterable[AccessRequest],
    operation_for: Callable[[AccessRequest], steps.Operation[AccessRequest]],
) -> list[AccessRequest]:
    """Answer for all these items, or, when one answer is refused, for none; returns those answered for.

    An item that has moved on meanwhile needs no answer: that is told, and the others are not held up.
    """
    answered = []
    for row in rows:
        try:
            answered.append(steps.act(row, RequestState.AWAITING_KIV, operation_for(row), by=card.user))
        except WrongState as exc:
            row.refresh_from_db()
            said = exc.user_message if row.is_with_kiv else over.task_now(card.user, row).said
            messages.info(card.request, f"{row.case_number}: {said}")
        except NotAllowed as exc:
            raise NotAllowed(f"{row.case_number}: {exc.user_message}") from exc
    return answered


def look(rows: Iterable[AccessRequest]) -> dict[int, SeenWanted]:
    """What the directory shows now for these requests; stops at the first silence."""
    found: dict[int, SeenWanted] = {}
    for row in rows:
        seen = kiv_tasks.look(row)
        if seen is None:
            break
        found[row.pk] = seen
    return found


def _page(card: Card, done: SetDoneForm, cannot: CannotSetForm, status: int = 200) -> HttpResponse:
    name = pages_words.subject_name(card.user, card.wanted)
    seen = look(card.rows)
    wanted_first = sorted(card.rows, key=lambda row: row.pk != card.wanted.pk)
    context = {
        "name": name,
        "wanted": card.wanted,
        "cards": [
            kiv_words.task_card(row, kiv_tasks.changes_of(row), seen.get(row.pk), name=name, viewer=card.user)
            for row in wanted_first
        ],
        "is_silent": len(seen) < len(card.rows),
        "is_to_be_set": any(seen.get(row.pk) is None or _is_right(seen[row.pk]) for row in card.rows),
        "questions": asked.said(card.user, card.wanted),
        "taken": over.taken(card.user, card.wanted),
        "may_ask": card.wanted.open_question is None and questions.may_be_asked(card.wanted, by=card.user),
        "done": done,
        "cannot": cannot,
        "form": cannot if cannot.is_bound else done,
    }
    return render(card.request, "provisioning/kiv/task.html", context, status=status)


def _is_right(seen: SeenWanted) -> bool:
    return seen.over is None and not seen.is_outdated


def _item_label(row: AccessRequest) -> str:
    return f"{row.case_number}: {pages_words.what(row)}, {row.unit_name}"


def _empty_done(rows: Sequence[AccessRequest]) -> SetDoneForm:
    """All items chosen: the directory says of each whether it is true."""
    return SetDoneForm(rows=rows, initial={"items": [str(row.public_id) for row in rows]})


def _chosen(card: Card, form: ItemsForm) -> list[AccessRequest]:
    return [row for row in card.rows if str(row.public_id) in form.cleaned_data["items"]]
