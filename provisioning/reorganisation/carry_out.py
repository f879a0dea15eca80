"""Carrying a reorganisation out, right by right: the new first, the old one only when the new is proven.

Each new right is an order by the head who attested, through the ordinary flow, with the old one's need, risk
and last day. The old right goes to removal when the new one is given: nobody is locked out in between. What
cannot be ordered stays as it is, with the reason. Each operation is one transaction, and asks nobody.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import cast

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from provisioning import dates
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.errors import WrongState
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import (
    AccessRequest,
    Grant,
    Order,
    Removal,
    Reorganisation,
    ReorganisationState,
    ReorganisedRight,
)
from provisioning.orders.draft import Draft, Prepared
from provisioning.removals import begin
from provisioning.removals.begin import Start
from provisioning.reorganisation.decide import told_of
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import HsaId, Level, Service
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import EndCause, GrantState

_SUBMISSIONS = uuid.UUID("0b6f7a0e-5e5f-5a53-9d0b-3f1f2f0c7d21")  # a name space of our own

Item = ReorganisedRight


def draft_for(item: Item, new_id: HsaId) -> Draft:
    """The same right on the new unit: need, risk and last day as they were. Sent twice, it is one order."""
    about, today = item.about, dates.today()
    last_days = [one.ends_on for one in (item.grant, item.request) if one is not None]
    latest = _latest_request(item)
    stated = latest.order
    return Draft(
        person_id=about.subject_id,
        service=Service(about.service),
        level=Level(about.level),
        unit_ids=(new_id,),
        starts_on=today,
        ends_on=min(max(last_days), deadlines.latest_end(today)),
        need=stated.need,
        risk_statement=stated.risk_statement,
        signed_assignment_on=latest.signed_assignment_on,
        submission=uuid.uuid5(_SUBMISSIONS, f"{item.reorganisation.public_id} {item.pk}"),
    )


def _latest_request(item: Item) -> AccessRequest:
    if item.grant is None:
        return cast(AccessRequest, item.request)
    return item.grant.requests.order_by("-pk").first() or item.grant.origin


def existing(item: Item, new_id: HsaId) -> tuple[Grant | None, AccessRequest | None]:
    """The right, or the open order, that the person has for the same on the new unit already."""
    about = item.about
    same = {"subject_key": about.subject_key, "service": about.service, "level": about.level}
    right = Grant.objects.active().filter(**same, unit_key=new_id.folded).first()
    return right, AccessRequest.objects.open().filter(**same, unit_key=new_id.folded).first()


@transaction.atomic
def order(
    item_pk: int,
    prepared: Prepared | None,
    *,
    place: Callable[[Prepared], Order],
    end_old: Callable[[AccessRequest, str], object],
) -> Item:
    """Order the new right; an open order for the old unit ends here, its successor named.

    `prepared` None: the person has the right, or an order for it, already. What stands in the way of the
    order makes the item stay. Raises WrongState where it is settled already.
    """
    item = _lock(item_pk)
    if item.state != Item.HowFar.WAITING or item.reorganisation.new_id is None:
        raise WrongState
    if prepared is not None and prepared.all_refusals:
        return stay(item, " ".join(dict.fromkeys(one.message for one in prepared.all_refusals)))
    if prepared is not None:
        item.new_request = place(prepared).requests.get(position=1)
    else:
        right, twin = existing(item, item.reorganisation.new_id)
        item.new_request = twin or (right.requests.order_by("-pk").first() or right.origin if right else None)
        if item.new_request is None:
            raise WrongState
    item.state = Item.HowFar.ORDERED
    item.save(update_fields=["state", "new_request"])
    if item.request is not None and item.request.is_open:
        end_old(item.request, _successor(item))
    _record(item, Action.REORGANISED)
    return item


@transaction.atomic
def settle(item_pk: int, *, start: Start) -> Item:
    """The new right is given: the old one goes to removal. The order came to nothing: the old one stays.

    Raises WrongState while the order is open.
    """
    item = _lock(item_pk)
    new = item.new_request
    if item.state != Item.HowFar.ORDERED or (new is not None and new.is_open):
        raise WrongState
    if new is None or new.current_state is not RequestState.DONE:
        return stay(item, new.end_reason if new is not None else _("The order has been removed."))
    if new.grant is None or new.grant.current_state is not GrantState.ACTIVE:
        return stay(item, _("The new right has ended again."))
    return _end_old(item, start)


@transaction.atomic
def close(item_pk: int, *, start: Start, end_old: Callable[[AccessRequest, str], object]) -> Item:
    """The unit closes: its right goes to removal, its open order ends. Raises WrongState."""
    item = _lock(item_pk)
    if item.state != Item.HowFar.WAITING or item.reorganisation.new_id is not None:
        raise WrongState
    if item.request is not None and item.request.is_open:
        end_old(item.request, _successor(item))
    return _end_old(item, start)


def _end_old(item: Item, start: Start) -> Item:
    """The old right ends, where there is one and nobody else has ended it meanwhile."""
    if item.grant is not None:
        item.removal = _removal_of(item.grant, item, start)
    item.state = Item.HowFar.MOVED
    item.save(update_fields=["state", "removal"])
    _record(item, Action.REORGANISED)
    return item


def _removal_of(grant: Grant, item: Item, start: Start) -> Removal | None:
    try:
        with transaction.atomic():
            by = item.reorganisation.decided_by
            return begin.begin(grant, EndCause.REORGANISATION, by=by, reason=_successor(item), start=start)
    except WrongState:
        return grant.removals.open().first()


def _successor(item: Item) -> str:
    """What became of it, for those who read the old case."""
    row = item.reorganisation
    words = {"old": row.old_name or row.old_hsa_id, "new": row.new_name or row.new_hsa_id}
    if not row.new_hsa_id:
        return _("%(old)s is closed.") % words
    case = item.new_request.case_number if item.new_request is not None else ""
    return _("%(old)s has become %(new)s. The access is ordered there in case %(case)s.") % (
        words | {"case": case}
    )


def stay(item: Item, why: str) -> Item:
    """Nothing is moved: what stood stands. Inside an operation."""
    item.state, item.why = Item.HowFar.STAYS, why
    item.save(update_fields=["state", "why"])
    _record(item, Action.REORGANISED)
    return item


@transaction.atomic
def finish(pk: int) -> bool:
    """All is settled: those who proposed and attested it are told. Returns whether it was so."""
    row = Reorganisation.objects.select_for_update(of=("self",)).select_related(
        "proposed_by", "decided_by"
    ).get(pk=pk)  # fmt: skip
    left = row.items.filter(state__in=[Item.HowFar.WAITING, Item.HowFar.ORDERED])
    if row.state != ReorganisationState.RUNNING or left.exists():
        return False
    row.state, row.ended_at = ReorganisationState.DONE, timezone.now()
    row.save(update_fields=["state", "ended_at"])
    states = list(row.items.values_list("state", flat=True))
    entry = events.record(
        Action.REORGANISATION_DONE,
        actor=None,
        about=row,
        moved=states.count(Item.HowFar.MOVED),
        stay=states.count(Item.HowFar.STAYS),
    )
    outbox.enqueue(entry, MessageKind.REORGANISATION_OVER, told_of(row))
    return True


def _lock(pk: int) -> Item:
    rows = Item.objects.select_for_update(of=("self",))
    return rows.select_related("reorganisation__decided_by", "grant", "request__order", "new_request").get(
        pk=pk
    )


def _record(item: Item, action: Action) -> None:
    """On the old right, or the old order: its history says where it went."""
    row, new = item.reorganisation, item.new_request
    events.record(
        action,
        actor=None,
        request=None if item.grant is not None else item.request,
        about=item.grant,
        state=item.state,
        old=row.old_hsa_id,
        new=row.new_hsa_id,
        successor=new.case_number if new is not None else "",
        reorganisation=str(row.public_id),
    )
