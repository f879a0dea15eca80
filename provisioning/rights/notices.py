"""Before a right ends: notices to those who can prolong it, one digest for each of them.

A notice is a row per right and person; a digest is one mail with a link to the list, whatever the
number of rights. Both are sweeps: what a run has missed, the next one does. Source: domain §8
(reminders before the end); working days in `rules.deadlines.notices`.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from provisioning import dates
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import candidates
from provisioning.directory import Directory
from provisioning.directory.ldap.troubles import suppress_two_entries
from provisioning.mandates import current
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import Grant, Notice
from provisioning.rights import find
from provisioning.rules import removal
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import HsaId, Level
from provisioning.rules.states.right import GrantState

_EARLIEST = timedelta(days=max(deadlines.NOTICE_DAYS) + 14)  # the first notice may move over days off


def give_notices(directory: Directory, *, on: date | None = None) -> int:
    """Write the notices that are due. Returns how many rights they are about. Raises DirectoryError.

    To the person and to the head of unit as the directory names it now; where it names none, to whoever
    ordered. About a process leader's, to those who hold the provider's mandate, and to the head of a unit who
    ordered it and can do so again. Nobody is told about a right that is let to end, that an open order would
    prolong, or whose end takes nothing away because another right, which lasts longer, needs the same.
    """
    today = on or dates.today()
    heads: dict[tuple[str, str], tuple[HsaId, ...]] = {}
    count = 0
    for grant in _ending_soon(today):
        if due_notice(grant, on=today) is None or find.open_renewals(grant).exists():
            continue
        if _takes_nothing_away(grant):
            continue
        place = (grant.unit_key, grant.level)
        if place not in heads:
            heads[place] = _heads(directory, grant)
        count += _give(grant.pk, heads[place], on=today)
    return count


def due_notice(grant: Grant, *, on: date) -> date | None:
    """The latest notice day that has come and has not been used, if the right's end is to be announced."""
    is_silent = grant.current_state is not GrantState.ACTIVE or grant.let_end_at is not None
    if is_silent or deadlines.has_ended(grant.ends_on, on=on):
        return None
    come = [day for day in deadlines.notices(grant.ends_on) if day <= on]
    if not come or (grant.noticed_on is not None and come[-1] <= grant.noticed_on):
        return None
    return come[-1]


def send_digests() -> int:
    """One message to each person with notices that wait, whatever their number. Returns how many messages."""
    waiting = Notice.objects.filter(digested_at=None)
    recipients = waiting.order_by("recipient_key").values_list("recipient_key", flat=True).distinct()
    return sum(_send_digest(key) for key in recipients)


def _ending_soon(today: date) -> list[Grant]:
    rows = Grant.objects.active().filter(let_end_at=None, ends_on__gte=today, ends_on__lte=today + _EARLIEST)
    return list(rows.select_related("origin__order__orderer").order_by("ends_on", "pk"))


def _takes_nothing_away(grant: Grant) -> bool:
    others = Grant.objects.active().filter(subject_key=grant.subject_key, ends_on__gt=grant.ends_on)
    return removal.is_covered(grant.right, [other.right for other in others])


def _heads(directory: Directory, grant: Grant) -> tuple[HsaId, ...]:
    """The head now, as the directory has it, or the nearest above where that one has left.

    None where two entries claim the id: others are told as ever.
    """
    with suppress_two_entries():
        if grant.level == Level.PROVIDER.value:
            provider = directory.provider(grant.unit_id)
            if provider is not None:
                return tuple(one.hsa_id for one in candidates.mandate_holders(directory, provider))
            return current.named_for(grant.unit_id)
        unit = directory.unit(grant.unit_id)
        if unit is None or unit.manager_id is None:
            return ()
        asked = candidates.attesters(directory, unit, subject_id=None)
        return tuple(one.person.hsa_id for one in asked if one.delegation is None)
    return current.named_for(grant.unit_id)


@transaction.atomic
def _give(pk: int, heads: tuple[HsaId, ...], *, on: date) -> bool:
    grant = find.lock(pk)
    due_on = due_notice(grant, on=on)
    if due_on is None:
        return False  # prolonged or let to end in between
    days_left = (grant.ends_on - on).days
    latest = grant.requests.order_by("-pk").first() or grant.origin
    recipients = dict.fromkeys([grant.subject_id, *heads])
    if not heads or grant.level == Level.PROVIDER.value:
        recipients[latest.order.orderer.identity] = None
    Notice.objects.bulk_create(
        [
            Notice(
                grant=grant,
                due_on=due_on,
                days_left=days_left,
                recipient_key=recipient.folded,
                recipient_hsa_id=recipient.text,
            )
            for recipient in recipients
        ],
        ignore_conflicts=True,
    )
    grant.noticed_on = due_on
    grant.save(update_fields=["noticed_on"])
    events.record(
        Action.GRANT_NOTICED, actor=None, about=grant, days_left=days_left, recipients=len(recipients)
    )
    return True


@transaction.atomic
def _send_digest(recipient_key: str) -> bool:
    rows = Notice.objects.select_for_update().filter(digested_at=None, recipient_key=recipient_key)
    notices = list(rows.order_by("pk"))
    if not notices:
        return False  # another worker was faster
    entry = events.record(Action.NOTICES_SENT, actor=None, notices=len(notices))
    messages = outbox.enqueue(entry, MessageKind.RIGHTS_END_SOON, [HsaId(notices[0].recipient_hsa_id)])
    Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(
        digested_at=timezone.now(), message=messages[0]
    )
    return True
