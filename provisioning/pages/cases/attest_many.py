"""Deciding about many lines of one order: the facts of each in a table, and one decision for those chosen.

Each is decided for itself, by the same operation as one alone: four eyes hold for every line. Nobody approves
a line whose warnings they have not opened, and nothing that has changed since it was shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from provisioning import access
from provisioning.assessments import reading
from provisioning.directory import open_round
from provisioning.errors import DirectoryError, Invalid, NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.mandates.current import Mandates
from provisioning.models import AccessRequest, Order, User
from provisioning.orders import attest as orders_attest
from provisioning.pages import cap_words, words
from provisioning.pages.answers import acting_user
from provisioning.pages.fields import LongText
from provisioning.pages.restoring import filled_in, unchecked
from provisioning.pages.words import CauseLine
from provisioning.rights import caps
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.hsa import Answer, HsaId
from workflows import steps

AT_ONCE = 100
_SALT = "provisioning.pages.order.attest_many"


class AttestManyForm(forms.Form):
    """Which lines, and why where they are rejected."""

    reason = LongText(
        label=gettext_lazy("Your reason"),
        help_text=gettext_lazy("Needed when you reject. Everybody who may read the case reads it."),
    )


@dataclass(frozen=True, slots=True)
class ToDecide:
    """A line that waits, as the table shows it."""

    public_id: str
    case_number: str
    subject: str
    subject_id: str
    what: str
    unit: str
    days: str
    signed: str  # when the assignment for quality work was, where the region asks
    answer: str
    missing: tuple[str, ...]
    warnings: tuple[CauseLine, ...]
    need: str
    risk: str
    is_chosen: bool
    is_opened: bool
    cap: str


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def order_attest(request: HttpRequest, submission: UUID) -> HttpResponse:
    """Approve or reject one, some or all of the lines that wait for the viewer."""
    user = acting_user(request)
    order = access.find_order(user, submission)
    waiting = access.to_attest(user).filter(order=order).order_by("position")
    rows = list(waiting.prefetch_related("handlers")[:AT_ONCE])
    if not rows:
        if not access.of_own(user).filter(order=order).exists():
            raise Http404
        return redirect("order_lines", submission=submission)
    found = _look(rows)
    if request.method != "POST":
        form = unchecked(AttestManyForm(filled_in(request)))
        return _page(request, user, order, rows, found, form)
    return _sent(request, user, order, rows, found)


def _look(rows: Sequence[AccessRequest]) -> dict[int, Assessment]:
    """What the directory says of all of them, read together; a silent one says "don't know" of each."""
    wanted: dict[HsaId, set[HsaId]] = {}
    for row in rows:
        wanted.setdefault(row.subject_id, set()).add(row.unit_id)
    found = reading.read_together(wanted)
    return {
        row.pk: reading.as_far_as_asked(reading.assess_now(row.ordered_access, found[row.subject_id]))
        for row in rows
    }


def _sent(
    request: HttpRequest,
    user: User,
    order: Order,
    rows: Sequence[AccessRequest],
    found: dict[int, Assessment],
) -> HttpResponse:
    form = AttestManyForm(request.POST)
    action = request.POST.get("action", "")
    names = set(request.POST.getlist("chosen"))
    chosen = [row for row in rows if action.endswith("_all") or str(row.public_id) in names]
    if form.is_valid():
        for message in _problems(request, action, chosen, found, form):
            form.add_error(None, message)
    if form.errors:
        return _page(request, user, order, rows, found, form, status=400)
    try:
        mandates = current.read(user.identity)
    except DirectoryError as exc:
        form.add_error(None, str(exc.user_message))
        return _page(request, user, order, rows, found, form, status=503)
    _decide(request, user, chosen, found, mandates, form.cleaned_data["reason"], is_yes="attest" in action)
    return redirect("order_attest", submission=order.submission)


def _problems(
    request: HttpRequest,
    action: str,
    chosen: Sequence[AccessRequest],
    found: dict[int, Assessment],
    form: AttestManyForm,
) -> list[str]:
    if action not in ("attest_some", "attest_all", "reject_some"):
        return [_("Choose whether you approve or reject.")]
    if not chosen:
        return [_("Choose at least one line.")]
    if action == "reject_some":
        is_said = form.cleaned_data["reason"].strip()
        return [] if is_said else [_("Write why you reject the order. The orderer reads it.")]
    shown, opened = _shown(request), set(request.POST.getlist("opened"))
    unread = [
        row.case_number for row in chosen if found[row.pk].warnings and str(row.public_id) not in opened
    ]
    changed = [row.case_number for row in chosen if set(_codes(found[row.pk])) - shown.get(row.pk, set())]
    problems = []
    crowded = [row.case_number for row in chosen if cap_words.sentence(caps.of_request(row))]
    if crowded and not form.cleaned_data["reason"].strip():
        problems.append(
            _("The cap is reached. Write why one more is needed: %(cases)s.") % {"cases": ", ".join(crowded)}
        )
    if unread:
        problems.append(
            _("Open the warnings and say that you have read them: %(cases)s.") % {"cases": ", ".join(unread)}
        )
    if changed:
        problems.append(
            _("There is a new warning. Read it, and decide again: %(cases)s.") % {"cases": ", ".join(changed)}
        )
    return problems


def _codes(found: Assessment) -> list[str]:
    return [warning.code.value for warning in found.warnings]


def _shown(request: HttpRequest) -> dict[int, set[str]]:
    """Which warnings the page held, by line: nobody approves what they have not seen."""
    try:
        data = signing.loads(request.POST.get("shown", ""), salt=_SALT)
    except signing.BadSignature:
        return {}
    return {int(pk): set(codes) for pk, codes in data.items()}


def _decide(
    request: HttpRequest,
    user: User,
    chosen: Sequence[AccessRequest],
    found: dict[int, Assessment],
    mandates: Mandates,
    reason: str,
    *,
    is_yes: bool,
) -> None:
    directory, done = open_round(), 0
    for row in chosen:
        try:
            if is_yes:
                second = orders_attest.second_attesters(directory, row, by=user)
                operation = partial(
                    orders_attest.attest, second=second, comment=reason, shown=_codes(found[row.pk])
                )
            else:
                operation = partial(orders_attest.reject, reason=reason)
            steps.act(row, row.current_state, partial(operation, by=user, mandates=mandates), by=user)
            done += 1
        except (WrongState, NotAllowed, Invalid, DirectoryError) as exc:
            messages.error(request, f"{row.case_number}: {exc.user_message}")
    if is_yes:
        said = ngettext("You have approved %(count)d line.", "You have approved %(count)d lines.", done)
    else:
        said = ngettext("You have rejected %(count)d line.", "You have rejected %(count)d lines.", done)
    if done:
        messages.success(request, said % {"count": done})


def _page(
    request: HttpRequest,
    user: User,
    order: Order,
    rows: Sequence[AccessRequest],
    found: dict[int, Assessment],
    form: AttestManyForm,
    *,
    status: int = 200,
) -> HttpResponse:
    chosen, opened = set(request.POST.getlist("chosen")), set(request.POST.getlist("opened"))
    lines = [_line(user, row, found[row.pk], chosen, opened) for row in rows]
    context: dict[str, Any] = {
        "form": form,
        "order": order,
        "lines": lines,
        "warned": sum(bool(line.warnings) for line in lines),
        "shown": signing.dumps({row.pk: _codes(found[row.pk]) for row in rows}, salt=_SALT, compress=True),
        "at_most": AT_ONCE if len(rows) == AT_ONCE else 0,
    }
    return render(request, "provisioning/order/attest_many.html", context, status=status)


def _line(user: User, row: AccessRequest, found: Assessment, chosen: set[str], opened: set[str]) -> ToDecide:
    public_id, answer = str(row.public_id), found.answer.value
    causes = words.cause_lines(found.causes, answer=answer)
    return ToDecide(
        public_id=public_id,
        case_number=row.case_number,
        subject=words.listed_name(user, row),
        subject_id="" if row.subject_is_protected else row.subject_hsa_id,
        what=words.what(row),
        unit=row.wanted_unit_name or row.unit_name,
        days=f"{row.starts_on.isoformat()} – {row.ends_on.isoformat()}",
        signed=row.signed_assignment_on.isoformat() if row.signed_assignment_on else "",
        answer=answer,
        missing=tuple(str(cause.sentence) for cause in causes),
        warnings=words.cause_lines(found.warnings, answer=Answer.YES.value),
        need=words.written(user, row, row.need),
        risk=words.written(user, row, row.risk_statement),
        is_chosen=public_id in chosen,
        is_opened=public_id in opened,
        cap=cap_words.sentence(caps.of_request(row)),
    )
