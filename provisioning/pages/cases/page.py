"""Reading about cases: the list of those one may see, and everything about one of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from provisioning import access
from provisioning.assessments import reading
from provisioning.audit import events
from provisioning.cases import reminders
from provisioning.mandates import current
from provisioning.messages.texts import MessageKind
from provisioning.models import AccessRequest
from provisioning.pages import answers, asked, paging, stalls, words
from provisioning.pages.answers import acting_user
from provisioning.pages.cases import before_after, proof_steps, ready, step_bar, timeline
from provisioning.pages.flow import picture
from provisioning.pages.messages import ABOUT
from provisioning.pages.paging import ListPart
from provisioning.rules.hsa import Answer, Level, OrderedAccess, Service
from provisioning.rules.states.request import RequestState
from workflows import way

PAGE_SIZE = 20
SIBLINGS_SHOWN = 5  # the order's own page has them all


@never_cache
@require_safe
def cases(request: HttpRequest) -> HttpResponse:
    """Own cases and, for those who see more, all they may see; open ones first."""
    user = acting_user(request)
    sees_more = access.reads_more_requests(user)
    shows_all = sees_more and answers.shows_all(request, user)
    shows_ended = request.GET.get("visa") == "avslutade"
    numbers = access.listed_requests(user, is_open=not shows_ended, only_own=not shows_all)
    page = paging.page_of(request.GET, ListPart(numbers, ("-request_id",)), size=PAGE_SIZE)
    rows = access.requests_in_order([row["request_id"] for row in page])
    context = {
        "page": page,
        "lines": [words.line(user, row) for row in rows],
        "shows_all": shows_all,
        "shows_ended": shows_ended,
        "sees_more": sees_more,
    }
    return render(request, "provisioning/cases.html", context)


@never_cache
@require_safe
def case(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Everything the reader may see about one case."""
    user = acting_user(request)
    row = access.find_request(user, public_id)
    events.record_reading(row, by=user)
    reads_name = access.may_read_name(user, row)
    siblings = access.visible_requests(user).filter(order=row.order).exclude(pk=row.pk).order_by("position")
    context: dict[str, Any] = {
        "case": row,
        "end_reason": words.written(user, row, row.end_reason) if row.end_reason else "",
        "tone": words.TONE_OF[row.current_state],
        "subject": words.subject_name(user, row),
        "what": words.what(row),
        "facts": words.facts(user, row),
        "who": words.with_whom(user, row),
        "away": words.who_is_away(user, row),
        "next_step": words.next_step(user, row),
        "usual_time": words.usual_time(row),
        "ready": ready.sentence(row),
        "steps": step_bar.steps_of(row),
        "stamp": stamp_of(row) if row.is_open else "",
        "gets_in_anyway": reads_name and current.for_display(user).is_known and _gets_in_anyway(row),
        "levels": proof_steps.levels_of(row),
        "why_stalled": stalls.why(row),
        "verdict": words.current_verdict(row),
        "act": words.act_of(user, row),
        "questions": asked.said(user, row),
        "comparisons": before_after.before_and_after(row, shows_dn=reads_name),
        "events": timeline.events(user, row, access.visible_history(user, row)),
        "messages_sent": [
            {
                "about": ABOUT[MessageKind(sent.kind)],
                "created_at": sent.created_at,
                "state": sent.get_state_display(),
            }
            for sent in row.messages.order_by("pk")
        ],
        "siblings": [
            words.line(user, sibling)
            for sibling in siblings.prefetch_related("handlers", "incidents", "questions")[:SIBLINGS_SHOWN]
        ],
        "may_withdraw": access.may_withdraw(user, row),
        "may_remind": access.may_remind(user, row),
        "remind_from": _remind_from(row),
        "may_copy": not row.is_open and user.pk in (row.order.orderer_id, row.subject_key),
        "is_masked": not reads_name,
        "way": picture.draw(way.graph_of(row), taken=way.taken(row)),
        "grant": access.visible_grants(user).filter(requests=row).first(),
    }
    return render(request, "provisioning/case/case.html", context)


@never_cache
@require_safe
def stamp(request: HttpRequest, public_id: UUID) -> JsonResponse:
    """What tells the open page whether anything has changed. It shows nothing, so nothing is recorded."""
    row = access.find_request(acting_user(request), public_id)
    return JsonResponse({"stamp": stamp_of(row)})


def stamp_of(row: AccessRequest) -> str:
    """Changes with all that happens to the case, and with nothing that somebody's reading leaves behind."""
    stalled = row.incident.code if row.incident else ""
    told = (row.state, row.state_since, row.trouble_since, stalled)
    told_at: tuple[object, ...] = (row.reminded_at, row.nudged_at, row.escalated_at, *row.unusual_steps)
    known = (row.wait_until, row.reported_done_at, row.values_seen_at, row.arrived_at, row.changes)
    told_at += tuple((one.asked_at, one.answered_at) for one in row.questions.all())
    told_at += (row.taken_by_id, row.taken_at)
    handlers = sorted(handler.person_key for handler in row.handlers.all())
    return salted_hmac("provisioning.pages.cases.stamp", repr((told, told_at, known, handlers))).hexdigest()


def _remind_from(row: AccessRequest) -> datetime | None:
    """From when on those who have the case may be reminded; None where that is now."""
    at = reminders.may_be_reminded_at(row)
    return at if at > timezone.now() else None


def _gets_in_anyway(row: AccessRequest) -> bool:
    """Say whether an order that came to nothing leaves the person with the access all the same."""
    if row.is_open or row.current_state is RequestState.DONE:
        return False
    order = OrderedAccess(row.subject_id, Service(row.service), Level(row.level), row.unit_id)
    return reading.assess_now(order, reading.read_for(order)).answer is Answer.YES
