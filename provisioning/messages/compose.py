"""A mail as its recipient gets it: the words for how it stands now, the page it opens, and whom to ask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from provisioning import dates
from provisioning.assessments import hsa_delay
from provisioning.audit.prolonged import prolonged_until
from provisioning.messages import absences, reply_codes, still_true, texts
from provisioning.messages.texts import MessageKind, Words
from provisioning.models import AccessRequest, Case, Handler, OutgoingMessage, ReviewItem
from provisioning.rules.states.request import UNATTESTED, RequestState
from provisioning.rules.ticket_reply import MARK


@dataclass(frozen=True, slots=True)
class Page:
    """The page that the link opens, and what the link is called."""

    address: str
    label: str | Promise
    needs_id: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    subject: str
    body: str
    html: str


_TASKS: dict[MessageKind, Page] = {
    MessageKind.ATTEST: Page("attest", _("Open the order"), needs_id=True),
    MessageKind.CHOOSE: Page("choose", _("Open the order"), needs_id=True),
    MessageKind.KIV: Page("kiv_task", _("Open the task"), needs_id=True),
    MessageKind.KIV_RETURNED: Page("kiv_task", _("Open the task"), needs_id=True),
    MessageKind.KIV_TEAM: Page("kiv_task", _("Open the task"), needs_id=True),
    MessageKind.REMOVAL_KIV_TEAM: Page("removal_task", _("Open the task"), needs_id=True),
    MessageKind.KIV_TICKET: Page("kiv_task", _("Open the task"), needs_id=True),
    MessageKind.REMOVAL_KIV_TICKET: Page("removal_task", _("Open the task"), needs_id=True),
    MessageKind.ANSWER: Page("kiv_task", _("Open the task"), needs_id=True),
    MessageKind.REMOVAL_ANSWER: Page("removal_task", _("Open the task"), needs_id=True),
    MessageKind.QUESTION: Page("kiv_answer", _("Open the question"), needs_id=True),
    MessageKind.REMOVAL_QUESTION: Page("kiv_answer", _("Open the question"), needs_id=True),
    MessageKind.REMOVAL_KIV: Page("removal_task", _("Open the task"), needs_id=True),
    MessageKind.REMOVAL_KIV_RETURNED: Page("removal_task", _("Open the task"), needs_id=True),
    MessageKind.REMOVAL_REMINDER: Page("removal_task", _("Open the task"), needs_id=True),
}
_REQUEST = Page("case", _("Open the order"), needs_id=True)
_REMOVAL = Page("removal", _("Open the removal"), needs_id=True)
_DELEGATIONS = Page("delegations", _("Open the delegations"))
_REVIEWS = Page("reviews", _("Open the reviews"))
_REORGANISATIONS = Page("reorganisations", _("Open the reorganisations"))
_OPERATION = Page("operation", _("Open the page of the operation"))
_DIFFERENCES = Page("findings", _("Open the list"))
_LISTS: dict[MessageKind, Page] = {
    MessageKind.DELEGATED: _DELEGATIONS,
    MessageKind.DELEGATION_ENDED: _DELEGATIONS,
    MessageKind.DELEGATION_ENDS_SOON: _DELEGATIONS,
    MessageKind.REVIEW_WAITS: _REVIEWS,
    MessageKind.REVIEW_STUCK: _REVIEWS,
    MessageKind.REORGANISATION: _REORGANISATIONS,
    MessageKind.REORGANISATION_OVER: _REORGANISATIONS,
    MessageKind.FINDINGS: _DIFFERENCES,
    MessageKind.SWEEP_STOPPED: _DIFFERENCES,
    MessageKind.AUDIT_UNSOUND: _OPERATION,
    MessageKind.INCIDENTS: _OPERATION,
    MessageKind.ORDER_SUMMARY: Page("order_lines", _("Open the order"), needs_id=True),
    MessageKind.RIGHTS_END_SOON: Page("ending", _("Open the list")),
    MessageKind.DIGEST: Page("own_notices", _("Open my notices")),
}
_SAYS_WHO_IS_AWAY = frozenset(
    {
        MessageKind.ORDERED.value,
        MessageKind.ATTEST.value,
        MessageKind.CHOOSE.value,
        MessageKind.ATTESTED.value,
        MessageKind.REMINDER.value,
        MessageKind.REMOVAL_STARTED.value,
        MessageKind.STUCK.value,
    }
)
_TO_A_MACHINE = frozenset({MessageKind.KIV_TICKET, MessageKind.REMOVAL_KIV_TICKET})
_REMINDED_OF: dict[RequestState, MessageKind] = {
    RequestState.AWAITING_KIV: MessageKind.KIV,
    RequestState.AWAITING_CHOICE: MessageKind.CHOOSE,
}


_OF_A_QUESTION: dict[MessageKind, Words] = {
    MessageKind.REMINDER: texts.REMIND_TO_ANSWER,
    MessageKind.REMOVAL_REMINDER: texts.REMIND_TO_ANSWER,
    MessageKind.STUCK: texts.NOBODY_ANSWERS,
}


def compose(message: OutgoingMessage) -> Text:
    """The text of a message, in the language that is active now."""
    about: Case | None = message.request or message.removal
    words, details = _chosen(message), _details(message, about)
    subject = str(words.subject) % details
    context = {
        "now": str(words.now) % details,
        "happened": str(words.happened) % details,
        "away": _away(message, about),
        "delay": hsa_delay.sentence() if _is_to_be_waited_for(message) else "",
        "parts": _parts(message),
        **_link(message, about),
        "mark": MARK,
    }
    if MessageKind(message.kind) in _TO_A_MACHINE:
        code = reply_codes.of(message.uuid)
        return Text(f"{subject} {code}", render_to_string("provisioning/mail/ticket.txt", context), html="")
    return _drawn(subject, context)


def example(kind: MessageKind) -> Text:
    """What a mail of the kind looks like, about a made up case, in the language that is active now."""
    words = texts.WORDS[kind]
    day = dates.in_words(dates.today())
    details = {"case": "2026-000000-1", "service": "Rehabstöd", "unit": "Vårdcentralen", "day": day}
    page = _TASKS.get(kind) or _LISTS.get(kind) or _REQUEST
    context = {
        "now": str(words.now) % details,
        "happened": str(words.happened) % details,
        "link": settings.SITE_URL.rstrip("/") + "/…",
        "label": page.label,
    }
    return _drawn(str(words.subject) % details, context)


def opens(message: OutgoingMessage) -> str:
    """The path of the page that the notice leads to."""
    return _path(_page(message), _public_id(message, message.request or message.removal))


def _drawn(subject: str, context: dict[str, Any]) -> Text:
    context |= {"subject": subject, "region": settings.REGION_NAME, "support": settings.SUPPORT_CONTACT}
    return Text(
        subject=subject,
        body=render_to_string("provisioning/mail/message.txt", context),
        html=render_to_string("provisioning/mail/message.html", context),
    )


def _link(message: OutgoingMessage, about: Case | None) -> dict[str, str | Promise]:
    page = _page(message)
    path = _path(page, _public_id(message, about))
    return {"link": settings.SITE_URL.rstrip("/") + path, "label": page.label}


def _parts(message: OutgoingMessage) -> list[dict[str, str | Promise]]:
    """What a daily mail holds: the subject of each notice that still holds, and its link."""
    if message.kind != MessageKind.DIGEST.value:
        return []
    parts = []
    for part in still_true.parts_of(message):
        if not still_true.is_over(part):
            about = part.request or part.removal
            subject = str(_chosen(part).subject) % _details(part, about)
            parts.append({"subject": subject, **_link(part, about)})
    return parts


def _chosen(message: OutgoingMessage) -> Words:
    """The words for this recipient, and for how it stands now."""
    kind, request = MessageKind(message.kind), message.request
    words = texts.WORDS[kind]
    if kind is MessageKind.KIV and _may_say_where(message.request):
        return Words(texts.SET_ON_UNIT, words.now, words.happened)
    if kind is MessageKind.REMOVAL_KIV and _may_say_where(message.removal):
        return Words(texts.REMOVE_ON_UNIT, words.now, words.happened)
    if kind is MessageKind.REVIEW_WAITS and _review_due(message):
        return Words(texts.REVIEW_BY, words.now, words.happened)
    if (about := request or message.removal) is not None and about.open_question is not None:
        words = _OF_A_QUESTION.get(kind, words)
    if request is None or words is not texts.WORDS[kind]:
        return words
    return _of_request(kind, request, message.recipient_key) or words


def _of_request(kind: MessageKind, request: AccessRequest, recipient_key: str) -> Words | None:
    state = request.current_state
    if kind is MessageKind.DONE:
        if prolonged_until(request):
            return texts.PROLONGED
        if recipient_key != request.subject_key:
            return None
        return texts.HOLDER_CAN_LOG_IN if request.arrived_at is not None else texts.HOLDER_CAN_SOON_LOG_IN
    is_early = request.starts_on > dates.today() and state is RequestState.CHECKING
    if kind is MessageKind.ATTESTED and is_early:
        return texts.APPROVED_FOR_LATER
    if kind is MessageKind.ENDED:
        return _of_ended(request, recipient_key)
    by_state = {
        MessageKind.REMINDER: {
            RequestState.AWAITING_KIV: texts.REMIND_TO_SET,
            RequestState.AWAITING_CHOICE: texts.REMIND_TO_CHOOSE,
        },
        MessageKind.STUCK: {
            RequestState.AWAITING_KIV: texts.NOBODY_SETS,
            RequestState.AWAITING_CHOICE: texts.NOBODY_CHOOSES,
        },
    }
    return by_state.get(kind, {}).get(state)


def _of_ended(request: AccessRequest, recipient_key: str) -> Words | None:
    """Whoever had it to act on reads that there is nothing left to do."""
    if recipient_key not in {person.folded for person in request.concerned}:
        return texts.DECIDE_NOTHING if request.attested_at is None else texts.SET_NOTHING
    return texts.WITHDRAWN if request.current_state is RequestState.WITHDRAWN else None


def _details(message: OutgoingMessage, about: Case | None) -> dict[str, str]:
    """What the words may name: a number, a day, and for a KIV administrator the service and the unit."""
    if message.kind == MessageKind.ORDER_SUMMARY.value and message.cause.order is not None:
        asked = Handler.objects.filter(
            request__order=message.cause.order, person_key=message.recipient_key
        ).count()
        return {"case": str(message.cause.order), "waiting": str(asked)}
    if about is None:
        due = _review_due(message)
        return {"day": dates.in_words(due) if due else ""}
    details = {"case": str(about.case_number), "service": "", "unit": ""}
    if _may_say_where(about):
        details |= {"service": str(about.get_service_display()), "unit": about.unit_name}
    if message.request is not None:
        until = prolonged_until(message.request)
        details["day"] = dates.in_words(until) if until else ""
        details["first"] = dates.in_words(message.request.starts_on)
    return details


def _away(message: OutgoingMessage, about: Case | None) -> str:
    """Who waits, and who has it instead, reads until when whoever was asked is away. Nobody is named."""
    if about is None or message.kind not in _SAYS_WHO_IS_AWAY:
        return ""
    away = absences.all_are_away(about)
    if away is None or message.recipient_key == away.person_key:
        return ""
    day = {"day": dates.in_words(away.until)}
    if message.recipient_key == away.substitute_key:
        return gettext("Whoever was asked first is away until %(day)s. You have it meanwhile.") % day
    if away.substitute_key:
        return gettext("Whoever has it is away until %(day)s. Somebody else has it meanwhile.") % day
    return gettext("Whoever has it is away until %(day)s.") % day


def _may_say_where(about: Case | None) -> bool:
    """Where a protected person works is personal, too."""
    return about is not None and not about.subject_is_protected


def _review_due(message: OutgoingMessage) -> date | None:
    if message.kind != MessageKind.REVIEW_WAITS.value:
        return None
    waiting = ReviewItem.objects.undecided().waiting_for(message.recipient_key)
    item = waiting.select_related("review").order_by("review__due_on").first()
    return item.review.due_on if item is not None else None


def _is_to_be_waited_for(message: OutgoingMessage) -> bool:
    """The case is done by what KIV holds, and nobody has seen what HSA holds."""
    request, removal = message.request, message.removal
    if request is not None:
        is_done = message.kind == MessageKind.DONE.value and not prolonged_until(request)
        return is_done and request.arrived_at is None
    if removal is not None:
        return message.kind == MessageKind.REMOVAL_DONE.value and removal.gone_from_hsa_at is None
    return False


def _page(message: OutgoingMessage) -> Page:
    """The page of the task itself, while it is the recipient's; otherwise what it is about."""
    kind = MessageKind(message.kind)
    request = message.request
    about: Case | None = request or message.removal
    is_reminder = kind in (MessageKind.REMINDER, MessageKind.REMOVAL_REMINDER)
    if is_reminder and about is not None and about.open_question is not None:
        return _TASKS[MessageKind.QUESTION]
    if kind is MessageKind.REMINDER and request is not None:
        kind = _REMINDED_OF.get(request.current_state, MessageKind.ATTEST)
        if request.current_state not in (UNATTESTED | set(_REMINDED_OF)):
            return _REQUEST
    if kind in _TASKS:
        return _TASKS[kind]
    if request is not None:
        return _REQUEST
    return _REMOVAL if message.removal is not None else _LISTS[kind]


def _public_id(message: OutgoingMessage, about: Case | None) -> UUID | None:
    """What the address of the page holds; of an order for many it is that of its form."""
    if message.kind == MessageKind.ORDER_SUMMARY.value and message.cause.order is not None:
        return message.cause.order.submission
    return about.public_id if about is not None else None


def _path(page: Page, public_id: UUID | None) -> str:
    return reverse(page.address, args=[public_id] if page.needs_id and public_id is not None else [])
