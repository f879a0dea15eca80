"""Orders from other systems: handed over, followed, taken back, and what one would meet.

The person whom the system names orders; the system does not. What it hands over waits as a draft until that
person has sent it from the order page, unless the settings trust the system with that.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import IntegrityError, transaction
from django.http import Http404, HttpRequest, QueryDict
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from ninja import Query, Router, Status
from ninja.params.functions import Header

from provisioning import dates
from provisioning.api import shapes
from provisioning.api.asking import Asker, asked, count
from provisioning.api.paging import Rest, part_of
from provisioning.api.problems import CallProblem
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.directory import open_directory
from provisioning.login import unsent_forms
from provisioning.mandates import current
from provisioning.models import HandedOrder, Order
from provisioning.orders import ask, prepare
from provisioning.orders.draft import Draft, Prepared
from provisioning.orders.refusals import STILL_TO_BE_WRITTEN
from provisioning.pages.middleware import limits
from provisioning.rules.hsa import typed_id
from provisioning.systems import keep
from provisioning.systems.keep import Scope
from workflows import steps

MOST_UNSIGNED = 10  # of one person: more would crowd out the person's own drafts

router = Router(tags=["orders"])
Named = Header(None, alias="Acting-For", max_length=100)
REFUSALS = frozenset({400, 401, 403, 404, 409, 422, 429, 503})


@router.post(
    "orders",
    url_name="api_orders",
    response={201: shapes.OrderShown, 202: shapes.OrderShown, REFUSALS: shapes.ProblemBody},
)
def hand_over(
    request: HttpRequest,
    wanted: shapes.WantedOrder,
    idempotency_key: str = Header(..., alias="Idempotency-Key", min_length=8, max_length=100),
    acting_for: str | None = Named,
) -> Status[shapes.OrderShown]:
    """Order for the person named by Acting-For. 201: it is placed. 202: it waits for that person to sign.

    The same key with the same content is the same order, however often it is sent.
    """
    sent = [wanted.model_dump(mode="json"), idempotency_key]
    with asked(request, Scope.WRITE_ORDERS, acting_for, sent) as asker:
        mark = _mark(asker, wanted)
        earlier = _earlier(asker, idempotency_key, mark)
        if earlier is None:
            count(request, limits.ORDER, f"user {asker.named.pk}")
            prepared = _looked_up(asker, wanted)
            earlier = _written(asker, idempotency_key, mark, prepared)
        shown = _shown(earlier)
    return Status(201 if shown.case_number else 202, shown)


@router.get("orders", url_name="api_orders", response={200: shapes.Orders, REFUSALS: shapes.ProblemBody})
def listed(request: HttpRequest, rest: Query[Rest]) -> shapes.Orders:
    """What this system has handed over, the latest first."""
    with asked(request, Scope.READ_ORDERS, None) as asker:
        rows, following = part_of(_own(asker), rest)
        return shapes.Orders(items=[_shown(row) for row in rows], next=following)


@router.get(
    "orders/{uuid:order_id}",
    url_name="api_order",
    response={200: shapes.OrderShown, REFUSALS: shapes.ProblemBody},
)
def followed(request: HttpRequest, order_id: uuid.UUID) -> shapes.OrderShown:
    """How it stands with one of them."""
    with asked(request, Scope.READ_ORDERS, None) as asker:
        return _shown(get_object_or_404(_own(asker), public_id=order_id))


@router.post(
    "orders/{uuid:order_id}/withdraw",
    url_name="api_order_withdraw",
    response={200: shapes.OrderShown, REFUSALS: shapes.ProblemBody},
)
def withdraw(request: HttpRequest, order_id: uuid.UUID, wanted: shapes.Reason) -> shapes.OrderShown:
    """Take it back. What the person has signed, only a trusted system may; else the person does, on the page.

    Doing so twice does no more than once.
    """
    with asked(request, Scope.WRITE_ORDERS, None, wanted.reason) as asker:
        row = get_object_or_404(_own(asker), public_id=order_id)
        order = _placed(row)
        if order is None:
            _take_back_draft(row)
        else:
            _withdraw_cases(asker, row, order, wanted.reason)
        row.refresh_from_db()
        return _shown(row)


@router.post("assess", url_name="api_assess", response={200: shapes.Outlooks, REFUSALS: shapes.ProblemBody})
def assess(
    request: HttpRequest, wanted: shapes.WantedAccess, acting_for: str | None = Named
) -> shapes.Outlooks:
    """What an order by the person named by Acting-For would meet, place by place. Nothing is ordered."""
    with asked(request, Scope.ASSESS, acting_for, wanted.model_dump(mode="json")) as asker:
        count(request, limits.SEARCH, f"user {asker.named.pk}")
        today = dates.today()
        draft = Draft(**_wanted(wanted), starts_on=today, ends_on=today, need="", risk_statement="")
        prepared = prepare.prepare(draft, by=asker.named)
        ask.record_look(prepared, by=asker.named)
        if prepared.may_not_be_asked:
            raise CallProblem(403, "may_not_ask", ask.refusal().message)
        general = [one.code for one in prepared.refusals if one.code not in STILL_TO_BE_WRITTEN]
        is_hidden = prepared.person is not None and prepared.person.is_protected
        return shapes.Outlooks(items=[_outlook(item, general, is_hidden) for item in prepared.items])


def _outlook(item: Any, general: list[str], is_hidden: bool) -> shapes.OutlookShown:
    found = item.assessment
    told = found is not None and not is_hidden
    return shapes.OutlookShown(
        unit=shapes.PlaceShown(hsa_id=item.wanted_id.text, name=item.wanted_name),
        answer=found.answer.value if found is not None else "unknown",
        causes=list(dict.fromkeys(one.code.value for one in found.causes)) if told else [],
        warnings=list(dict.fromkeys(one.code.value for one in found.warnings)) if told else [],
        refusals=list(dict.fromkeys([*general, *(one.code for one in item.refusals)])),
    )


def _wanted(wanted: shapes.WantedAccess) -> dict[str, Any]:
    return {
        "person_id": typed_id(wanted.person),
        "service": wanted.service,
        "level": wanted.level,
        "unit_ids": tuple(typed_id(one) for one in wanted.units),
    }


def _own(asker: Asker) -> Any:
    return HandedOrder.objects.filter(system=asker.system).select_related("system", "draft", "person")


def _mark(asker: Asker, wanted: shapes.WantedOrder) -> str:
    """What tells that another order comes under the same key."""
    unsaid = {"signed_assignment_on"} if wanted.signed_assignment_on is None else None  # as it was before it
    content = f"{asker.named.pk} {wanted.model_dump_json(exclude=unsaid)}"
    return salted_hmac("provisioning.api.orders", content, algorithm="sha256").hexdigest()


def _earlier(asker: Asker, key: str, mark: str) -> HandedOrder | None:
    row: HandedOrder | None = _own(asker).filter(key=key).first()
    if row is not None and row.content_digest != mark:
        message = _("Another order has been handed over under this key. Send a new key.")
        raise CallProblem(422, "idempotency_key", message)
    return row


def _looked_up(asker: Asker, wanted: shapes.WantedOrder) -> Prepared:
    """The order as the directory has it. Raises CallProblem where something stands in its way."""
    draft = Draft(
        **_wanted(wanted),
        starts_on=wanted.starts_on,
        ends_on=wanted.ends_on,
        need=wanted.need,
        risk_statement=wanted.risk_statement,
        if_missing=wanted.if_missing,
        signed_assignment_on=wanted.signed_assignment_on,
    )
    prepared = prepare.prepare(draft, by=asker.named)
    ask.record_look(prepared, by=asker.named)
    if not prepared.may_be_placed:
        refusals = dict.fromkeys((one.field, one.code, one.message) for one in prepared.all_refusals)
        errors = [{"field": field, "code": code, "message": message} for field, code, message in refusals]
        status = 403 if prepared.may_not_be_asked else 422
        raise CallProblem(
            status, "order.refused", _("The order cannot be placed as it stands."), errors=errors
        )
    if prepared.lacks_what_no_role_gives and draft.if_missing is None:
        error = {"field": "if_missing", "code": "required", "message": _("Choose what is to happen.")}
        raise CallProblem(422, "order.refused", _("The order cannot be placed as it stands."), errors=[error])
    return prepared


def _written(asker: Asker, key: str, mark: str, prepared: Prepared) -> HandedOrder:
    is_trusted = keep.is_trusted(asker.system)
    try:
        with transaction.atomic():
            row = HandedOrder.objects.create(
                system=asker.system,
                key=key,
                content_digest=mark,
                person=asker.named,
                submission=prepared.draft.submission,
            )
            order = steps.place_order(prepared, by=asker.named) if is_trusted else None
            if order is None:
                _keep_draft(row, prepared.draft)
            events.record(
                Action.HANDED_OVER, actor=None, principal=row.person, order=order, handed=str(row.public_id)
            )
    except IntegrityError as exc:
        raise CallProblem(409, "idempotency_key", _("The same key is being handled. Send it again.")) from exc
    return row


def _keep_draft(row: HandedOrder, draft: Draft) -> None:
    """Where the person finds it: among the drafts of orders, to be looked at, changed and sent."""
    page = reverse("order")
    waiting = HandedOrder.objects.filter(person=row.person, draft__in=unsent_forms.own(row.person))
    if waiting.count() >= MOST_UNSIGNED:
        message = _("As many orders as can wait do so already for this person to sign.")
        raise CallProblem(409, "order.too_many_unsigned", message)
    data = QueryDict(mutable=True)
    data["person"] = draft.person_id.text
    data["access"] = f"{draft.service.value}:{draft.level.value}"
    data.setlist("units", [one.text for one in draft.unit_ids])
    data["starts_on"], data["ends_on"] = draft.starts_on.isoformat(), draft.ends_on.isoformat()
    data["need"], data["risk_statement"] = draft.need, draft.risk_statement
    if draft.stated_assignment is not None:
        data["signed_assignment_on"] = draft.stated_assignment.isoformat()
    if draft.if_missing is not None:
        data["if_missing"] = draft.if_missing.value
    unsent_forms.keep(row.person, page, data, opened=str(row.submission))
    row.draft = unsent_forms.own(row.person).filter(page=page, opened=str(row.submission)).first()
    row.save(update_fields=["draft"])


def _placed(row: HandedOrder) -> Order | None:
    return Order.objects.filter(submission=row.submission, orderer=row.person).first()


def _state(row: HandedOrder, order: Order | None) -> str:
    if order is not None:
        return "placed"
    if row.withdrawn_at is not None:
        return "withdrawn"
    is_kept = row.draft is not None and unsent_forms.own(row.person).filter(pk=row.draft.pk).exists()
    return "waiting_for_signature" if is_kept else "not_signed"


def _shown(row: HandedOrder) -> shapes.OrderShown:
    order = _placed(row)
    return shapes.OrderShown.of(row, order, _state(row, order))


@transaction.atomic
def _take_back_draft(row: HandedOrder) -> None:
    """Nobody has signed it: the draft goes, and nothing was ordered."""
    row = HandedOrder.objects.select_for_update().get(pk=row.pk)
    if row.withdrawn_at is not None:
        return
    if row.draft is not None:
        row.draft.delete()
    row.withdrawn_at, row.draft = timezone.now(), None
    row.save(update_fields=["withdrawn_at", "draft"])
    events.record(Action.TAKEN_BACK, actor=None, principal=row.person, handed=str(row.public_id))


def _withdraw_cases(asker: Asker, row: HandedOrder, order: Order, reason: str) -> None:
    cases = list(order.requests.select_related("order__orderer"))
    still_open = [case for case in cases if case.is_open]
    if not still_open:
        return
    if not keep.is_trusted(asker.system):
        message = _("The person has signed it, and withdraws it on the case's page.")
        raise CallProblem(403, "order.signed", message, sign_url=shapes.address("case", cases[0].public_id))
    mandates = current.read(row.person.identity)
    if mandates.has_left or open_directory().person(row.person.identity) is None:
        raise Http404
    for case in still_open:
        steps.withdraw(case, by=row.person, reason=reason)
