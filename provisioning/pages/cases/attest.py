"""The attest page: everything that is decided upon, what the directory says now, and one decision."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from provisioning import access
from provisioning.assessments import reading
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError, Invalid, NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.models import AccessRequest, HandlerRole, User
from provisioning.orders import attest as orders_attest
from provisioning.pages import cap_words, words
from provisioning.pages.answers import acting_user, has_moved_on, refusal, refused
from provisioning.pages.cases.forms import AttestForm
from provisioning.pages.order import preview
from provisioning.pages.restoring import filled_in, unchecked
from provisioning.rights import caps
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.hsa import Answer
from provisioning.rules.states.request import RequestState
from workflows import steps

_SALT = "workflows.attest.shown"
_STATES = {
    RequestState.AWAITING_ATTESTATION: HandlerRole.ATTESTER,
    RequestState.AWAITING_SECOND_ATTESTATION: HandlerRole.SECOND_ATTESTER,
}


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def attest(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Attest or reject, for those the directory named as attesters."""
    user = acting_user(request)
    case = access.find_to_act(user, public_id)
    role = _STATES.get(case.current_state)
    if role is None:
        return has_moved_on(request, case)
    if not access.is_handler(user, case, role):
        raise Http404
    found = reading.assess_now(case.ordered_access, reading.read_for(case.ordered_access))
    if request.method != "POST":
        return _page(request, user, case, unchecked(AttestForm(filled_in(request))), found)
    form = AttestForm(request.POST)
    if not form.is_valid():
        return _page(request, user, case, form, found, status=400)
    if form.cleaned_data["decision"] == "attest" and _new_warnings(request, case, found):
        return _page(request, user, case, form, found, has_changed=True)
    return _decide(request, user, case, form, found)


def _decide(
    request: HttpRequest, user: User, case: AccessRequest, form: AttestForm, found: Assessment
) -> HttpResponse:
    is_attested = form.cleaned_data["decision"] == "attest"
    reason = form.cleaned_data["reason"]
    state = case.current_state
    try:
        mandates = current.read(user.identity)
        if is_attested:
            second = orders_attest.second_attesters(open_directory(), case, by=user)
            operation = partial(orders_attest.attest, second=second, comment=reason, shown=_codes(found))
        else:
            operation = partial(orders_attest.reject, reason=reason)
        steps.act(case, state, partial(operation, by=user, mandates=mandates), by=user)
    except WrongState:
        return has_moved_on(request, case)
    except NotAllowed as exc:
        return refused(request, case, exc)
    except (Invalid, DirectoryError) as exc:
        return _page(request, user, case, form, found, status=refusal(form, exc))
    messages.success(
        request, _("You have approved the order.") if is_attested else _("You have rejected the order.")
    )
    return redirect("case", public_id=case.public_id)


def _codes(found: Assessment) -> list[str]:
    return [warning.code.value for warning in found.warnings]


def _new_warnings(request: HttpRequest, case: AccessRequest, found: Assessment) -> set[str]:
    """Warnings that have come since the page was shown: nobody attests what they have not seen."""
    try:
        shown: list[str] = signing.loads(request.POST.get("shown", ""), salt=f"{_SALT}.{case.public_id}")
    except signing.BadSignature:
        shown = []
    return set(_codes(found)) - set(shown)


def _page(
    request: HttpRequest,
    user: User,
    case: AccessRequest,
    form: AttestForm,
    found: Assessment,
    *,
    has_changed: bool = False,
    status: int = 200,
) -> HttpResponse:
    answer = found.answer.value
    context: dict[str, Any] = {
        "form": form,
        "case": case,
        "facts": words.facts(user, case),
        "answer": answer,
        "now": preview.now_sentences(found, unit_name=case.unit_name),
        "would": preview.would_sentence(found, unit_name=case.unit_name),
        "causes": words.cause_lines(found.causes, answer=answer),
        "warnings": words.cause_lines(found.warnings, answer=Answer.YES.value),
        "is_second": case.current_state is RequestState.AWAITING_SECOND_ATTESTATION,
        "shown": signing.dumps(_codes(found), salt=f"{_SALT}.{case.public_id}"),
        "has_changed": has_changed,
        "cap": cap_words.sentence(caps.of_request(case)),
    }
    return render(request, "provisioning/case/attest.html", context, status=status)
