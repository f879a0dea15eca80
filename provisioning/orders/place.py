"""Placing an order: order, requests, events and messages are written in one transaction. Asks nobody.

Sources: domain §5 (what an order needs), §7 (who may order and attest).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from provisioning import dates
from provisioning.assessments import reading
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import candidates, handlers
from provisioning.errors import Invalid, NotAllowed
from provisioning.messages import outbox, texts
from provisioning.models import AccessRequest, Delegation, Evidence, HandlerRole, Order, OrderLine, User
from provisioning.orders import prolong, refusals
from provisioning.orders.draft import Choice, Draft, Prepared, PreparedItem
from provisioning.rights import caps
from provisioning.rules.hsa import Person
from provisioning.rules.mandates import needs_second_attester
from provisioning.rules.states.request import RequestState


def place(prepared: Prepared, *, by: User, start: Callable[[AccessRequest], object]) -> Order:
    """Write the order and start each request; `start` begins its workflow, in the same transaction.

    The same submission placed twice is one order. Raises Invalid when something stands in the way,
    also when somebody else ordered the same right in between; NotAllowed when a delegation it rests on has
    just ended.
    """
    for refusal in prepared.all_refusals:
        raise Invalid(refusal.message, code=refusal.code, field=refusal.field)
    if not prepared.items or prepared.person is None:
        raise Invalid(_("Choose at least one unit."), code="order.no_unit", field="units")
    earlier = Order.objects.filter(submission=prepared.draft.submission, orderer=by).first()
    if earlier is not None:
        return earlier
    try:
        with transaction.atomic():
            return _write(prepared, prepared.person, by, start)
    except IntegrityError as exc:
        earlier = Order.objects.filter(submission=prepared.draft.submission, orderer=by).first()
        if earlier is not None:
            return earlier
        raise Invalid(refusals.duplicate_message(), code="order.duplicate", field="units") from exc


def _write(prepared: Prepared, person: Person, by: User, start: Callable[[AccessRequest], object]) -> Order:
    draft = prepared.draft
    order = open_order(
        by,
        need=draft.need,
        risk_statement=draft.risk_statement,
        submission=draft.submission,
        requests=len(prepared.items),
        external_number=draft.external_number,
        **_signed_assignment(draft.stated_assignment),
    )
    _require_delegations(prepared)
    for position, item in enumerate(prepared.items, start=1):
        request = _write_request(order, position, draft, person, item)
        _hand_out(request, item, by)
        start(request)
    return order


def open_order(
    by: User,
    *,
    need: str,
    risk_statement: str,
    submission: UUID,
    external_number: str = "",
    **said: Any,
) -> Order:
    """Write the order itself with its number, and record it. In the transaction of the first of its parts.

    `said`: what the event says of it.
    """
    order = Order.objects.create(
        orderer=by,
        need=need.strip(),
        risk_statement=risk_statement.strip(),
        submission=submission,
        external_number=external_number or None,
    )
    order.case_number = f"{dates.today(order.created_at).year}-{order.pk:06d}"
    order.save(update_fields=["case_number"])
    events.record(Action.ORDERED, actor=by, order=order, **said)
    return order


def _signed_assignment(day: date | None) -> dict[str, Any]:
    """What an event says of the signed assignment for quality work; nothing where it is not asked for."""
    return {"signed_assignment_on": day.isoformat()} if day else {}


def add(line: OrderLine, prepared: Prepared, *, start: Callable[[AccessRequest], object]) -> AccessRequest:
    """Write the request of a line of an order for many; the draft has one item. Inside a transaction.

    Raises Invalid, also when somebody else ordered the same right in between; NotAllowed. Then nothing of it
    is written.
    """
    for refusal in prepared.all_refusals:
        raise Invalid(refusal.message, code=refusal.code, field=refusal.field)
    order = line.many.order
    (item,) = prepared.items
    if prepared.person is None:
        raise Invalid(_("Choose at least one unit."), code="order.no_unit", field="units")
    try:
        with transaction.atomic():
            _require_delegations(prepared)
            request = _write_request(order, line.position, prepared.draft, prepared.person, item)
            line.request, line.state = (
                request,
                OrderLine.LineState.PLACED,
            )  # before the event: it signs the reasons
            line.save(update_fields=["request", "state"])
            _hand_out(request, item, order.orderer)
            start(request)
    except IntegrityError as exc:
        raise Invalid(refusals.duplicate_message(), code="order.duplicate", field="units") from exc
    return request


def _require_delegations(prepared: Prepared) -> None:
    """What was looked up a moment ago still counts: no delegation it rests on has been ended. Locks them."""
    used = {
        one.pk for item in prepared.items for one in (item.ordered_for, item.attested_for) if one is not None
    }
    if not used:
        return
    rows = Delegation.objects.select_for_update(no_key=True).filter(pk__in=used, ended_at=None)
    if len(rows) != len(used):
        raise NotAllowed(_("The delegation by which you could order has just ended."))


def _write_request(
    order: Order, position: int, draft: Draft, person: Person, item: PreparedItem
) -> AccessRequest:
    if item.unit is None or item.assessment is None:
        raise Invalid(_("Choose at least one unit."), field="units")
    now = timezone.now()
    is_sub_unit = item.wanted_id != item.unit.hsa_id
    request = AccessRequest.objects.create(
        order=order,
        position=position,
        subject_key=person.hsa_id.folded,
        subject_hsa_id=person.hsa_id.text,
        subject_name=person.name,
        subject_is_protected=person.is_protected,
        service=draft.service.value,
        level=draft.level.value,
        unit_key=item.unit.hsa_id.folded,
        unit_hsa_id=item.unit.hsa_id.text,
        unit_name=item.unit.name,
        unit_dn=item.unit.dn,
        wanted_unit_hsa_id=item.wanted_id.text if is_sub_unit else "",
        wanted_unit_name=item.wanted_name if is_sub_unit else "",
        starts_on=prolong.first_day(item.live_grant, draft.starts_on, draft.ends_on),
        ends_on=draft.ends_on,
        needs_second_attester=needs_second_attester(draft.service, draft.level),
        state=_first_state(draft, item).value,
        ordered_for_id=item.ordered_for.principal_id.folded if item.ordered_for else None,
        attester=order.orderer if item.is_attested_by_order else None,
        attested_for_id=item.attested_for.principal_id.folded if item.attested_for else None,
        attested_at=now if item.is_attested_by_order else None,
        signed_assignment_on=draft.stated_assignment,
        if_missing=draft.if_missing or "",
        wants_coupling=draft.if_missing is Choice.COUPLE and item.may_be_coupled,
        assessment=reading.detailed_verdict(item.assessment),
    )
    Evidence.objects.create(
        request=request,
        moment=Evidence.Moment.ORDER,
        read_at=item.reading.read_at,
        source=reading.source(),
        verdict=reading.verdict(item.assessment),
    )
    return request


def _first_state(draft: Draft, item: PreparedItem) -> RequestState:
    if not item.is_attested_by_order:
        return RequestState.AWAITING_ATTESTATION
    needs_second = needs_second_attester(draft.service, draft.level)
    return RequestState.AWAITING_SECOND_ATTESTATION if needs_second else RequestState.CHECKING


def _hand_out(request: AccessRequest, item: PreparedItem, by: User) -> None:
    """Say who has the request first, and tell them. An order by the head of unit is its own attestation."""
    warnings = [warning["code"] for warning in request.assessment["warning_details"]]
    started = events.record(
        Action.REQUEST_STARTED,
        actor=by,
        principal=request.ordered_for,
        request=request,
        shown=warnings,
        **_signed_assignment(request.signed_assignment_on),
    )
    if request.wants_coupling:
        events.record(Action.COUPLING_ASKED, actor=by, principal=request.ordered_for, request=request)
    if item.is_attested_by_order:
        events.record(
            Action.ATTESTED,
            actor=by,
            principal=request.attested_for,
            request=request,
            by_order=True,
            shown=warnings,
            **caps.recorded(caps.of_request(request)),
        )
    if request.subject_key != by.pk and not _was_told(request):
        outbox.enqueue(started, texts.MessageKind.ORDERED, [request.subject_id])
    if request.current_state is RequestState.AWAITING_ATTESTATION:
        handlers.assign(request, HandlerRole.ATTESTER, item.attesters)
        handlers.ask(started, request, texts.MessageKind.ATTEST)
    elif request.current_state is RequestState.AWAITING_SECOND_ATTESTATION:
        second = item.second_attesters
        handlers.assign(request, HandlerRole.SECOND_ATTESTER, candidates.by_own_mandate(second))
        handlers.ask(started, request, texts.MessageKind.ATTEST)


def _was_told(request: AccessRequest) -> bool:
    """The person hears once of an order, however many places it names."""
    if request.position == 1:
        return False
    earlier = request.order.requests.filter(subject_key=request.subject_key, position__lt=request.position)
    return earlier.exists()
