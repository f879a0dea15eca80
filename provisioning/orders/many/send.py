"""Sending an order for many: confirmed as a whole, placed line by line, and never half of a line.

What is confirmed is written at once, and answered at once; a worker then asks the directory again and places.
What has changed since it was shown is not placed but named, with the others untouched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from provisioning import worker
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.errors import Invalid, NotAllowed
from provisioning.messages import outbox
from provisioning.models import AccessRequest, ManyOrder, Order, OrderLine, User
from provisioning.orders import place
from provisioning.orders.draft import Choice, Draft, Prepared
from provisioning.orders.many import look_up
from provisioning.orders.many.lines import WantedLine, access_of, choice_of, day_of
from provisioning.rules.hsa import HsaId, Level, Service

PLACING = "workflows.place_lines"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A line as it was shown and confirmed. `seen`: `look_up.mark` of what was shown."""

    row: int
    person_id: str
    service: str
    level: str
    unit_id: str
    starts_on: date
    ends_on: date
    need: str
    risk_statement: str
    seen: str
    signed_on: date | None = None
    if_missing: str = ""


def confirmed(line: WantedLine, mark: str) -> Confirmed:
    """A line as it was shown. Raises Invalid where it is not whole."""
    key, starts_on, ends_on = access_of(line.access), day_of(line.starts_on), day_of(line.ends_on)
    if key is None or starts_on is None or ends_on is None:
        raise Invalid(_("No row can be sent as it stands."), code="many.nothing")
    return Confirmed(
        line.number,
        line.person,
        key[0].value,
        key[1].value,
        line.unit,
        starts_on,
        ends_on,
        line.need,
        line.risk,
        mark,
        day_of(line.signed),
        choice_of(line.choice) or "",
    )


def confirm(
    lines: Sequence[Confirmed], *, by: User, submission: UUID, content_key: str, instead: UUID | None = None
) -> Order:
    """Write the order with its lines; a worker places them. The same submission confirmed twice is one order.

    `instead`: the order whose refused lines are sent again by this. Raises Invalid: there is no line.
    """
    if not lines:
        raise Invalid(_("No row can be sent as it stands."), code="many.nothing", field="file")
    earlier = Order.objects.filter(submission=submission, orderer=by).first()
    if earlier is not None:
        return earlier
    try:
        with transaction.atomic():
            return _write(lines, by, submission, content_key, instead)
    except IntegrityError:
        return Order.objects.get(submission=submission, orderer=by)


def _write(
    lines: Sequence[Confirmed], by: User, submission: UUID, content_key: str, instead: UUID | None
) -> Order:
    need, risk = lines[0].need.strip(), lines[0].risk_statement.strip()
    order = place.open_order(by, need=need, risk_statement=risk, submission=submission, requests=len(lines))
    many = ManyOrder.objects.create(order=order, content_key=content_key)
    OrderLine.objects.bulk_create(
        OrderLine(
            many=many,
            position=position,
            row=line.row,
            person_hsa_id=line.person_id,
            service=line.service,
            level=line.level,
            unit_hsa_id=line.unit_id,
            starts_on=line.starts_on,
            ends_on=line.ends_on,
            need="" if line.need.strip() == need else line.need.strip(),
            risk_statement="" if line.risk_statement.strip() == risk else line.risk_statement.strip(),
            signed_assignment_on=line.signed_on,
            if_missing=line.if_missing,
            seen=line.seen,
        )
        for position, line in enumerate(lines, start=1)
    )
    if instead is not None:
        _mend(instead, by, lines)
    worker.wake(PLACING, many.pk)
    return order


def _mend(submission: UUID, by: User, lines: Iterable[Confirmed]) -> None:
    """The refused lines of an earlier order that come again now are settled there."""
    rows = OrderLine.objects.filter(
        many__order__submission=submission, many__order__orderer=by, state=OrderLine.LineState.REFUSED
    )
    rows.filter(row__in=[line.row for line in lines]).update(state=OrderLine.LineState.MENDED)


@transaction.atomic
def stop(order: Order, *, by: User) -> int:
    """Whatever of the order is not placed yet never will be. Returns how many lines that were."""
    rows = OrderLine.objects.select_for_update(of=("self",)).filter(
        many__order=order, state=OrderLine.LineState.WAITING
    )
    count = len(rows)
    if count:
        OrderLine.objects.filter(pk__in=[row.pk for row in rows]).update(
            state=OrderLine.LineState.REFUSED,
            refusal=_("You withdrew it before it was placed."),
            refusal_code="line.withdrawn",
        )
        events.record(Action.LINE_REFUSED, actor=by, order=order, code="line.withdrawn", count=count)
    return count


def draft_of(line: OrderLine) -> Draft:
    """The line as an order of its own, to be looked up."""
    order = line.many.order
    return Draft(
        person_id=HsaId(line.person_hsa_id),
        service=Service(line.service),
        level=Level(line.level),
        unit_ids=(HsaId(line.unit_hsa_id),),
        starts_on=line.starts_on,
        ends_on=line.ends_on,
        need=line.need or order.need,
        risk_statement=line.risk_statement or order.risk_statement,
        signed_assignment_on=line.signed_assignment_on,
        if_missing=Choice(line.if_missing) if line.if_missing else None,
        submission=order.submission,
    )


def place_line(pk: int, prepared: Prepared, *, start: Callable[[AccessRequest], object]) -> None:
    """Place a line that waits, or say why it cannot be. Inside a transaction; twice it is done once.

    `prepared`: looked up just now.
    """
    rows = OrderLine.objects.select_for_update(of=("self",)).select_related("many__order__orderer")
    line = rows.get(pk=pk)
    if line.state != OrderLine.LineState.WAITING:
        return
    try:
        if not prepared.all_refusals and look_up.mark(prepared) != line.seen:
            raise Invalid(
                _("The directory says something else than when you looked. Look again, and send it anew."),
                code="line.changed",
            )
        place.add(line, prepared, start=start)
    except (Invalid, NotAllowed) as exc:
        line.request, line.state = None, OrderLine.LineState.REFUSED
        line.state, line.refusal, line.refusal_code = (
            OrderLine.LineState.REFUSED,
            str(exc.user_message),
            exc.code,
        )
        line.save(update_fields=["request", "state", "refusal", "refusal_code"])
        events.record(
            Action.LINE_REFUSED, actor=None, order=line.many.order, code=exc.code, position=line.position
        )


@transaction.atomic
def finish(pk: int) -> bool:
    """No line waits any more: the orderer is told where some were refused. Returns whether it is so."""
    many = ManyOrder.objects.select_for_update(of=("self",)).select_related("order__orderer").get(pk=pk)
    if many.finished_at is not None:
        return True
    if many.lines.filter(state=OrderLine.LineState.WAITING).exists():
        return False
    many.finished_at, many.silent_since = timezone.now(), None
    many.save(update_fields=["finished_at", "silent_since"])
    refused = many.lines.filter(state=OrderLine.LineState.REFUSED).count()
    entry = events.record(
        Action.LINES_PLACED,
        actor=None,
        order=many.order,
        placed=many.lines.filter(state=OrderLine.LineState.PLACED).count(),
        refused=refused,
    )
    if refused:
        outbox.summarise(entry, [many.order.orderer.identity])
    return True


def is_silent(prepared: Prepared) -> bool:
    """Whether nothing was read: that refuses nothing, the line waits on."""
    return any(one.code.startswith("directory.") for one in prepared.refusals)
