"""Subscriptions: begun and ended, given a new secret, told again from some point of the event log."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, time
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.errors import Invalid, WrongState
from provisioning.models import AuditEntry, AuditHead, HookDelivery, Subscription, System, User
from provisioning.rules.dates.periods import STOCKHOLM
from provisioning.rules.event_kinds import EventKind
from provisioning.webhooks import secret, target

_State = HookDelivery.Telling


@transaction.atomic
def begin(
    system: System, *, url: str, kinds: Collection[EventKind], tells_person: bool, by: User | None
) -> tuple[Subscription, str]:
    """Tell the system from now on; returns the subscription and its secret. Raises Invalid."""
    if system.revoked_at is not None:
        raise Invalid(_("The system is shut out."), code="webhook.system", field="system")
    if not kinds:
        raise Invalid(_("Choose what is told."), code="webhook.no_kind", field="kinds")
    target.of(url)
    System.objects.select_for_update().get(pk=system.pk)
    if system.subscriptions.filter(url=url, ended_at=None).exists():
        raise Invalid(
            _("The system is told at this address already. End that subscription first."),
            code="webhook.taken",
            field="url",
        )
    head = AuditHead.objects.filter(pk=AuditHead.ONLY).first()
    row = Subscription.objects.create(
        system=system,
        url=url,
        kinds=sorted(kind.value for kind in kinds),
        tells_person=tells_person,
        cursor=head.sequence if head else 0,
    )
    _record(Action.HOOK_BEGUN, row, by, kinds=row.kinds, tells_person=tells_person)
    return row, secret.of(row)


@transaction.atomic
def end(subscription: Subscription, *, by: User | None) -> None:
    """Tell nothing more. Raises WrongState if it has ended."""
    row = _locked(subscription)
    row.ended_at = timezone.now()
    row.save(update_fields=["ended_at"])
    _record(Action.HOOK_ENDED, row, by)


@transaction.atomic
def rotate(subscription: Subscription, *, by: User | None) -> str:
    """A new secret; the old one goes on signing beside it for a day. Raises WrongState."""
    row = _locked(subscription)
    row.secret_number += 1
    row.rotated_at = timezone.now()
    row.save(update_fields=["secret_number", "rotated_at"])
    _record(Action.HOOK_ROTATED, row, by)
    return secret.of(row)


@transaction.atomic
def replay(subscription: Subscription, *, sequence: int, by: User | None) -> None:
    """Tell everything again from this entry of the event log on, under the same ids. Raises WrongState.

    What has been told since is taken from the table: the sweep reads the log anew and writes it in order.
    """
    row = _locked(subscription)
    first = max(1, sequence)
    row.deliveries.filter(sequence__gte=first).delete()
    row.cursor = min(row.cursor, first - 1)
    row.save(update_fields=["cursor"])
    _record(Action.HOOK_REPLAYED, row, by, first=first)


def first_of(day: date) -> int:
    """The number of the first event since that day began in Stockholm. Raises Invalid where none has come."""
    began = datetime.combine(day, time.min, tzinfo=STOCKHOLM)
    found = AuditEntry.objects.filter(at__gte=began).order_by("at").values_list("sequence", flat=True).first()
    if found is None:
        raise Invalid(_("Nothing has happened since that day."), code="webhook.no_event", field="day")
    return found


@transaction.atomic
def send_again(delivery: HookDelivery, *, by: User | None) -> None:
    """Try what did not get through from the beginning. Raises WrongState if it is no such thing."""
    row = _dead(delivery)
    row.state, row.tries, row.next_try_at = _State.QUEUED, 0, timezone.now()
    row.save(update_fields=["state", "tries", "next_try_at"])
    _record(Action.HOOK_SENT_AGAIN, row.subscription, by, event=row.sequence, kind=row.kind)


@transaction.atomic
def set_aside(delivery: HookDelivery, *, by: User | None) -> None:
    """Give it up, so that what waits behind it is told. Raises WrongState if it is not dead."""
    row = _dead(delivery)
    row.state, row.settled_at = _State.SET_ASIDE, timezone.now()
    row.save(update_fields=["state", "settled_at"])
    _record(Action.HOOK_SET_ASIDE, row.subscription, by, event=row.sequence, kind=row.kind)


def _locked(subscription: Subscription) -> Subscription:
    row = Subscription.objects.select_for_update().get(pk=subscription.pk)
    if row.ended_at is not None:
        raise WrongState(_("The subscription has ended."))
    return row


def _dead(delivery: HookDelivery) -> HookDelivery:
    row = HookDelivery.objects.select_for_update().filter(pk=delivery.pk, state=_State.DEAD).first()
    if row is None:
        raise WrongState(_("It is on its way already, or has been told."))
    return row


def _record(action: Action, row: Subscription, by: User | None, **data: Any) -> None:
    events.record(action, actor=by, client=row.system.client_id, subscription=str(row.public_id), **data)
