"""The messages that went out or should have: for auditors to read, for operators to send again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib import messages as notices
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from provisioning import access
from provisioning.errors import WrongState
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import OutgoingMessage, User
from provisioning.pages import paging
from provisioning.pages.answers import acting_user
from provisioning.pages.paging import ListPart

PER_PAGE = 20

_State = OutgoingMessage.Delivery

TONES = {
    _State.QUEUED: "waiting",
    _State.SENDING: "info",
    _State.SENT: "success",
    _State.WAITING: "warning",
    _State.FAILED: "error",
    _State.NO_ADDRESS: "warning",
    _State.UNUSABLE_ADDRESS: "error",
    _State.OUT_OF_DATE: "info",
    _State.COLLECTED: "waiting",
    _State.IN_DIGEST: "success",
    _State.PAGE_ONLY: "info",
}

ABOUT: dict[MessageKind, str | Promise] = {
    MessageKind.ORDERED: gettext_lazy("Access is ordered for somebody"),
    MessageKind.ORDER_SUMMARY: gettext_lazy("What has happened in an order for many"),
    MessageKind.ATTEST: gettext_lazy("Something to decide"),
    MessageKind.CHOOSE: gettext_lazy("A choice to make"),
    MessageKind.KIV: gettext_lazy("Something to set in KIV"),
    MessageKind.KIV_RETURNED: gettext_lazy("The value is not there yet"),
    MessageKind.KIV_TEAM: gettext_lazy("A KIV task, to the team's address"),
    MessageKind.REMOVAL_KIV_TEAM: gettext_lazy("A removal in KIV, to the team's address"),
    MessageKind.KIV_TICKET: gettext_lazy("A KIV task, to the ticket system"),
    MessageKind.REMOVAL_KIV_TICKET: gettext_lazy("A removal in KIV, to the ticket system"),
    MessageKind.QUESTION: gettext_lazy("A question from the KIV administrator"),
    MessageKind.ANSWER: gettext_lazy("A question is answered"),
    MessageKind.REMOVAL_QUESTION: gettext_lazy("A question about a removal"),
    MessageKind.REMOVAL_ANSWER: gettext_lazy("A question about a removal is answered"),
    MessageKind.ATTESTED: gettext_lazy("The order is approved"),
    MessageKind.REJECTED: gettext_lazy("The order is rejected"),
    MessageKind.DONE: gettext_lazy("The access works"),
    MessageKind.ENDED: gettext_lazy("The order has ended without access"),
    MessageKind.REMINDER: gettext_lazy("A reminder"),
    MessageKind.UNUSUALLY_LONG: gettext_lazy("A step takes longer than usual"),
    MessageKind.DIRECTORY_SILENT: gettext_lazy("The directory does not answer"),
    MessageKind.STUCK: gettext_lazy("Nobody has answered"),
    MessageKind.DELEGATED: gettext_lazy("Something has been delegated"),
    MessageKind.DELEGATION_ENDED: gettext_lazy("A delegation has ended"),
    MessageKind.DELEGATION_ENDS_SOON: gettext_lazy("A delegation ends soon"),
    MessageKind.HSA_LATE: gettext_lazy("The value is late in the national HSA"),
    MessageKind.RIGHTS_END_SOON: gettext_lazy("Rights end soon"),
    MessageKind.REMOVAL_STARTED: gettext_lazy("A right is being removed"),
    MessageKind.REMOVAL_KIV: gettext_lazy("Something to remove in KIV"),
    MessageKind.REMOVAL_KIV_RETURNED: gettext_lazy("The value has not been removed yet"),
    MessageKind.REMOVAL_REMINDER: gettext_lazy("A reminder of a removal"),
    MessageKind.REMOVAL_HSA_LATE: gettext_lazy("The removed value is late to leave the national HSA"),
    MessageKind.REMOVAL_DONE: gettext_lazy("The right has been removed"),
    MessageKind.REMOVAL_ENDED: gettext_lazy("The removal has ended"),
    MessageKind.REMOVAL_STUCK: gettext_lazy("Nobody has answered about a removal"),
    MessageKind.REVIEW_WAITS: gettext_lazy("Rights to review"),
    MessageKind.REVIEW_STUCK: gettext_lazy("A review that nobody can decide"),
    MessageKind.FINDINGS: gettext_lazy("Differences to resolve"),
    MessageKind.SWEEP_STOPPED: gettext_lazy("The comparison with the directory was stopped"),
    MessageKind.REORGANISATION: gettext_lazy("A reorganisation to decide"),
    MessageKind.REORGANISATION_OVER: gettext_lazy("A reorganisation is over"),
    MessageKind.AUDIT_UNSOUND: gettext_lazy("The nightly check of the event log found something"),
    MessageKind.INCIDENTS: gettext_lazy("Something to look after"),
    MessageKind.DIGEST: gettext_lazy("The daily mail"),
}


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message in words."""

    about: str
    case_number: str
    case_url: str
    recipient: str
    tone: str
    state: str
    attempts: int
    created_at: datetime
    next_try_at: datetime | None
    error: str
    resend_url: str


@never_cache
@require_safe
def messages(request: HttpRequest) -> HttpResponse:
    """List messages: what needs a human first, then the newest."""
    user = acting_user(request)
    if not access.may_read_messages(user):
        raise Http404
    rows = access.visible_messages(user)
    troubled, others = rows.filter(outbox.troubled()), rows.exclude(outbox.troubled())
    page = paging.page_of(request.GET, ListPart(troubled), ListPart(others), size=PER_PAGE)
    context = {
        "page": page,
        "rows": [_row(user, message) for message in page],
        "troubled": paging.count(troubled),
        "may_resend": access.may_resend(user),
    }
    return render(request, "provisioning/messages.html", context)


@require_POST
def resend(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Queue a message again."""
    user = acting_user(request)
    message = access.find_message(user, uuid)
    if not access.may_resend(user):
        raise Http404
    try:
        outbox.resend(message, by=user)
    except WrongState:
        notices.info(request, _("The message is on its way already, or has been sent."))
    else:
        notices.success(request, _("The message is queued and goes out within a minute."))
    return redirect("messages")


@require_POST
def resend_all(request: HttpRequest) -> HttpResponse:
    """Queue everything that did not get through again, as after a day without a mail server."""
    user = acting_user(request)
    if not access.may_resend(user):
        raise Http404
    count = outbox.resend_all(by=user)
    if count:
        text = ngettext(
            "%(count)s message is queued. It goes out within a few minutes.",
            "%(count)s messages are queued. They go out within a few minutes.",
            count,
        )
        notices.success(request, text % {"count": count})
    else:
        notices.info(request, _("There is nothing to send again."))
    return redirect("messages")


def _row(user: User, message: OutgoingMessage) -> MessageRow:
    state = _State(message.state)
    case = message.request or message.removal
    page = "case" if message.request else "removal"
    is_hidden = case is not None and case.subject_is_protected and message.recipient_key == case.subject_key
    may_send = access.may_resend(user) and state in outbox.RESENDABLE
    return MessageRow(
        about=str(ABOUT[MessageKind(message.kind)]),
        case_number=str(case) if case else "",
        case_url=reverse(page, args=[case.public_id]) if case and user.is_auditor else "",
        recipient=_("a person with protected identity") if is_hidden else message.recipient_hsa_id,
        tone=TONES[state],
        state=str(state.label),
        attempts=message.attempts,
        created_at=message.created_at,
        next_try_at=message.next_try_at if state is _State.WAITING else None,
        error=message.error_code,
        resend_url=reverse("resend", args=[message.uuid]) if may_send else "",
    )
