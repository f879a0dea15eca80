"""The daily mail: what a person has chosen to read once a day, in one mail, in the morning."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.db import transaction
from django.utils import timezone

from provisioning import dates
from provisioning.audit import events
from provisioning.messages import outbox, still_true
from provisioning.messages.texts import MessageKind
from provisioning.models import OutgoingMessage
from provisioning.rules.dates.periods import STOCKHOLM
from provisioning.rules.hsa import HsaId

MORNING = time(6, 30)  # in Europe/Stockholm: read before the day's first patient

_State = OutgoingMessage.Delivery


def due() -> list[str]:
    """Whose notices were collected before the latest morning."""
    rows = OutgoingMessage.objects.filter(state=_State.COLLECTED, created_at__lt=_latest_morning())
    return sorted(set(rows.order_by().values_list("recipient_key", flat=True)))


@transaction.atomic
def write(person_key: str) -> OutgoingMessage | None:
    """Put the person's notices into one mail. None where somebody else did, or nothing holds any more."""
    collected = OutgoingMessage.objects.select_for_update(of=("self",)).filter(
        state=_State.COLLECTED, recipient_key=person_key
    )
    rows = list(collected.select_related("request__order", "removal", "cause").order_by("pk"))
    over = [row.pk for row in rows if still_true.is_over(row)]
    OutgoingMessage.objects.filter(pk__in=over).update(state=_State.OUT_OF_DATE)
    told = [row for row in rows if row.pk not in over]
    if not told:
        return None
    entry = events.record(events.Action.NOTICES_COLLECTED, actor=None, notices=len(told))
    (digest,) = outbox.enqueue(entry, MessageKind.DIGEST, [HsaId(told[0].recipient_hsa_id)])
    OutgoingMessage.objects.filter(pk__in=[row.pk for row in told]).update(
        state=_State.IN_DIGEST, digest=digest
    )
    return digest


def _latest_morning() -> datetime:
    """The last moment that daily mails were to be written."""
    today = datetime.combine(dates.today(), MORNING, tzinfo=STOCKHOLM)
    return today if timezone.now() >= today else today - timedelta(days=1)
